//! `prepare_login`: what the card signs to sign in, asked for by the official's browser (H3.1).

use std::collections::BTreeSet;
use std::net::IpAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse, Responder as _, post, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chassis::document::{self, Filter};
use chassis::http::Body;
use chassis::http::limit::Client as Counted;
use chassis::{Answer, Context, Problem, Result, problem};
use chrono::{DateTime, Utc};
use kernel::ids::PostId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::agency::System;
use crate::oauth::login::{self, NotPrepared, Prepared};
use crate::oauth::{CONSOLE, Client, ClientParameters, OAuthError, Peer, client};

/// Certificates of a chain at most: the card's own, three authorities, the root.
const CHAIN: usize = 5;
/// Bytes of a chain at most.
const CHAIN_BYTES: usize = 12 * 1024;
/// Systems at most whose origins are looked at.
const SYSTEMS: i64 = 1_000;

/// Asks what a card is to sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareLogin {
    /// The card's certificate chain, base64 DER, its own certificate first: 1 to 5, 12 KiB at most.
    certificate: Vec<String>,
    /// The post to act in; chosen when the login is redeemed, or the first one held, unless told.
    #[serde(default)]
    post: Option<PostId>,
    /// The client that will redeem the login: a system's code, or `console`. From a registered page of a system it is that
    /// system.
    #[serde(default)]
    client_id: Option<String>,
    /// `x5t#S256` of the TLS certificate with which it will be redeemed: the card then signs for that one alone.
    #[serde(default)]
    client_thumbprint: Option<String>,
    /// Only from a system that is registered for attesting the place of its officials: its assertion (`private_key_jwt`)
    /// with the claim `place`, the address of the official's browser. Then the system asks instead of the browser.
    #[serde(default)]
    client_assertion: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, with `client_assertion`.
    #[serde(default)]
    client_assertion_type: Option<String>,
}

/// What the card is to sign.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreparedLogin {
    /// The JWS signing input (RFC 7515 §5.1). The card signs these bytes; they, a dot and the signature in base64url are the
    /// assertion for the token endpoint.
    signing_input: String,
    /// Its nonce: good once.
    jti: String,
    /// By when it must be redeemed.
    expires_at: DateTime<Utc>,
}

/// Prepares a login: the address that asks is the place of the token, whoever redeems it (H3.1).
///
/// Called by the official's browser, from pages of registered origins (CORS) or from none, with the chain of the card
/// (`GetUserCert`). What comes back is signed with the card and redeemed at the token endpoint, once, within two minutes.
#[utoipa::path(post, path = "/v1/logins", request_body = PrepareLogin,
    responses((status = 201, body = PreparedLogin),
        (status = 401), (status = 403), (status = 413), (status = 415)))]
#[post("/v1/logins")]
pub async fn prepare_login(
    context: web::Data<Context>,
    request: HttpRequest,
    body: Result<Body<PrepareLogin>>,
) -> Result<HttpResponse> {
    let origin = origin(request.headers())?;
    let pages = match &origin {
        Some(origin) => Some(pages_of(&context, origin).await?),
        None => None,
    };
    let answered = answer(&context, &request, pages.as_ref(), body).await;
    let mut response = match answered {
        Ok(prepared) => Answer::created(prepared).respond_to(&request),
        // The page may read refusals too.
        Err(error) => actix_web::ResponseError::error_response(&error),
    };
    if let Some(origin) = origin {
        allow(response.headers_mut(), &origin);
    }
    Ok(response)
}

/// Answers a browser that asks whether a page may prepare logins (CORS preflight). No operation of the API.
pub async fn preflight(context: web::Data<Context>, request: HttpRequest) -> Result<HttpResponse> {
    let Some(origin) = origin(request.headers())? else { return Err(foreign().into()) };
    pages_of(&context, &origin).await?;
    let mut response = HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "POST"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "content-type"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
        .finish();
    allow(response.headers_mut(), &origin);
    Ok(response)
}

fn allow(headers: &mut HeaderMap, origin: &str) {
    if let Ok(value) = HeaderValue::from_str(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
    }
    headers.insert(VARY, HeaderValue::from_static("Origin"));
}

fn origin(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(ORIGIN) else { return Ok(None) };
    value.to_str().map(|origin| Some(origin.to_owned())).map_err(|_| foreign().into())
}

fn foreign() -> Problem {
    let detail =
        "Logins are prepared on pages of registered systems alone: have this page's origin registered.";
    Problem::new(&problem::FORBIDDEN, detail).clause("H3.1")
}

/// The clients whose pages stand at `origin`; 403 when there are none.
async fn pages_of(context: &Context, origin: &str) -> Result<BTreeSet<String>> {
    let mut clients = BTreeSet::new();
    if context.settings().identity.console_origins.contains(origin) {
        clients.insert(CONSOLE.to_owned());
    }
    let mut conn = context.connection().await?;
    for system in document::select::<System>(&mut conn, Filter::all(), SYSTEMS).await? {
        if system.active && system.origins.contains(origin) {
            clients.insert(system.doc.code);
        }
    }
    if clients.is_empty() { Err(foreign().into()) } else { Ok(clients) }
}

async fn answer(
    context: &Context,
    request: &HttpRequest,
    pages: Option<&BTreeSet<String>>,
    body: Result<Body<PrepareLogin>>,
) -> Result<PreparedLogin> {
    let Body(body) = body?;
    let chain = chain(&body.certificate)?;
    let named = |pointer: &str, text: Option<&String>| match text {
        Some(text) if text.is_empty() || text.len() > 100 || !text.bytes().all(|b| b.is_ascii_graphic()) => {
            Err(Problem::invalid(pointer, "1 to 100 visible ASCII characters"))
        }
        _ => Ok(()),
    };
    named("/client_id", body.client_id.as_ref())?;
    named("/client_thumbprint", body.client_thumbprint.as_ref())?;
    let peer = Peer { scheme: None, ..Peer::of(context, request) };
    let prepared = match attesting(context, &peer, &body).await? {
        Some((client, place)) => {
            Prepared { place, attested: true, post: body.post, client: Some(client.system.code) }
        }
        None => Prepared {
            place: peer.address.ok_or_else(|| Problem::new(&problem::UNAVAILABLE, "No address is known."))?,
            attested: false,
            post: body.post,
            client: client_of(&body, pages)?,
        },
    };
    context.limiter().take(context, &Counted::logins_at(prepared.place)).await?;
    match login::prepare(context, &chain, &prepared, body.client_thumbprint.as_deref()).await {
        Ok(login::ToSign { signing_input, jti, expires_at }) => {
            Ok(PreparedLogin { signing_input, jti, expires_at })
        }
        Err(NotPrepared::Chain(error)) => {
            Err(Problem::invalid("/certificate/0", "not the certificate of a card")
                .with("reason", error.code())
                .into())
        }
        Err(NotPrepared::Away) => {
            let detail = "Logins cannot be prepared now: try again.";
            Err(Problem::new(&problem::UNAVAILABLE, detail).retry_after(1).into())
        }
    }
}

fn chain(certificates: &[String]) -> Result<Vec<Vec<u8>>> {
    let bytes: usize = certificates.iter().map(String::len).sum();
    if certificates.is_empty() || certificates.len() > CHAIN || bytes > CHAIN_BYTES / 3 * 4 {
        let detail = format!("1 to {CHAIN} certificates, {CHAIN_BYTES} bytes at most");
        return Err(Problem::invalid("/certificate", detail).into());
    }
    let decode = |(i, text): (usize, &String)| {
        let der = STANDARD.decode(text);
        der.map_err(|_| Problem::invalid(format!("/certificate/{i}"), "not base64").into())
    };
    certificates.iter().enumerate().map(decode).collect()
}

/// The system that asks on behalf of its official, with the place that it attests.
async fn attesting(context: &Context, peer: &Peer, body: &PrepareLogin) -> Result<Option<(Client, IpAddr)>> {
    if body.client_assertion.is_none() && body.client_assertion_type.is_none() {
        return Ok(None);
    }
    let parameters = ClientParameters {
        id: body.client_id.as_deref(),
        kind: body.client_assertion_type.as_deref(),
        assertion: body.client_assertion.as_deref(),
    };
    let proved = client::authenticate(context, peer, parameters).await.map_err(|error| match error {
        OAuthError::TooMany(problem) => *problem,
        OAuthError::Unavailable => {
            Problem::new(&problem::UNAVAILABLE, "A part that is needed is away.").retry_after(1)
        }
        OAuthError::InvalidRequest(text) => Problem::invalid("/client_assertion", text),
        error => Problem::new(&problem::UNAUTHENTICATED, error.parts().1),
    })?;
    let Some(client) = proved else { return Ok(None) };
    match client.place {
        Some(place) => Ok(Some((client, place))),
        // The server of an agency is not where its officials work: their browsers ask themselves.
        None => {
            Err(Problem::invalid("/client_assertion", "needs the claim `place`: or let the browser ask")
                .into())
        }
    }
}

/// The client that is named, or whose pages these are.
fn client_of(body: &PrepareLogin, pages: Option<&BTreeSet<String>>) -> Result<Option<String>> {
    let Some(pages) = pages else { return Ok(body.client_id.clone()) };
    match &body.client_id {
        Some(client) if pages.contains(client) => Ok(Some(client.clone())),
        Some(_) => Err(Problem::invalid("/client_id", "another client than the one whose page asks").into()),
        // Of several systems behind one origin any may redeem it.
        None if pages.len() > 1 => Ok(None),
        None => Ok(pages.first().cloned()),
    }
}
