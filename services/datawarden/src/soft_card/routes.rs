//! The operations over HTTP, and who may ask for them.
//!
//! A page of another site reaches this program through its own window alone (`/popupForm`): that window is of this
//! origin, and says in `X-Opener-Origin` for whom it asks. No other page can set that header, read an answer, or send a
//! request that browsers do not mark as foreign. Programs of this machine, which send no such marks, may ask as they may
//! with the real component; they could read the key's file anyway.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, LOCATION, ORIGIN, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Bytes, Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::codes::Code;
use super::sign::{Refused, SignAnswer};
use super::{SoftCards, info, pages};

/// Bytes of one request at most: an endorsement of a thousand documents, with room.
const BODY: usize = 1 << 20;

pub(super) fn configure(app: &mut web::ServiceConfig) {
    let headers = DefaultHeaders::new()
        .add((CACHE_CONTROL, "no-store"))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((CONTENT_SECURITY_POLICY, pages::POLICY));
    app.app_data(web::PayloadConfig::new(BODY)).service(
        web::scope("")
            .wrap(headers)
            .guard(actix_web::guard::fn_guard(|request| {
                let host = request.head().headers().get(HOST).and_then(|host| host.to_str().ok());
                host.is_some_and(is_this_machine)
            }))
            .route("/", web::get().to(readers))
            .route("/cards", web::post().to(move_card))
            .route("/p11Image.bmp", web::get().to(picture))
            .route("/pkcs11info", web::get().to(cards))
            .route("/pkcs11info", web::post().to(cards))
            .route("/popupForm", web::get().to(popup))
            .route("/popupForm.js", web::get().to(popup_script))
            .route("/sign", web::post().to(sign)),
    );
}

/// Whether a Host names this machine: a foreign name that resolves to it (DNS rebinding) gets no answer.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// Who asks.
enum Asker {
    /// A program of this machine, or the holder in the address bar.
    Program,
    /// A page of this program itself, without naming somebody.
    Own,
    /// The window, for a page of this origin.
    For(String),
    /// A page of another site, by itself.
    Foreign,
}

fn asker(request: &HttpRequest) -> Asker {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let own = match (request.headers().contains_key(ORIGIN), header("sec-fetch-site")) {
        (true, _) => header("origin") == header("host").map(|host| format!("http://{host}")).as_deref(),
        (false, None | Some("none")) => return Asker::Program,
        (false, Some(site)) => site == "same-origin",
    };
    match header("x-opener-origin") {
        _ if !own => Asker::Foreign,
        Some(origin) => Asker::For(origin.to_owned()),
        None => Asker::Own,
    }
}

impl SoftCards {
    fn may_ask(&self, request: &HttpRequest) -> bool {
        match asker(request) {
            Asker::Program => true,
            Asker::For(origin) => self.origins.contains(&origin),
            Asker::Own | Asker::Foreign => false,
        }
    }
}

async fn readers(state: Data<SoftCards>) -> HttpResponse {
    let (there, inserted) = state.inserted();
    let Ok(names) = state.folder.names() else { return HttpResponse::InternalServerError().finish() };
    let others: Vec<String> = names.into_iter().filter(|name| !inserted.contains(name)).collect();
    html(pages::readers(there, &inserted, &others))
}

/// What the holder does at the readers.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Insert,
    Remove,
    Plug,
    Unplug,
}

#[derive(Deserialize)]
struct Moved {
    card: String,
    action: Action,
}

async fn move_card(request: HttpRequest, state: Data<SoftCards>, moved: Form<Moved>) -> HttpResponse {
    if !matches!(asker(&request), Asker::Program | Asker::Own) {
        return HttpResponse::Forbidden().finish();
    }
    match moved.action {
        Action::Insert => {
            if let Err(error) = state.insert(&moved.card) {
                return HttpResponse::BadRequest().body(error.to_string());
            }
        }
        Action::Remove => state.remove(&moved.card),
        Action::Plug => state.plug(true),
        Action::Unplug => state.plug(false),
    }
    HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish()
}

async fn popup(state: Data<SoftCards>) -> HttpResponse {
    html(pages::popup(&state.origins))
}

async fn popup_script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(pages::POPUP_SCRIPT)
}

/// Any site may load the picture, and only a known one learns from it what is in the readers.
async fn picture(request: HttpRequest, state: Data<SoftCards>) -> HttpResponse {
    let origin = request.headers().get(ORIGIN).cloned();
    let known = match &origin {
        Some(origin) => origin.to_str().is_ok_and(|origin| state.origins.iter().any(|known| known == origin)),
        None => matches!(asker(&request), Asker::Program),
    };
    let answer = if known { state.info(false) } else { info::told(Code::UntrustedSite, vec![]) };
    let mut response = HttpResponse::Ok();
    response.content_type("image/bmp").insert_header((VARY, "Origin"));
    if let Some(origin) = origin {
        response.insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin));
    }
    response.body(info::picture(&answer))
}

#[derive(Deserialize)]
struct Wanted {
    withcert: Option<String>,
}

async fn cards(request: HttpRequest, state: Data<SoftCards>, wanted: Query<Wanted>) -> HttpResponse {
    if !state.may_ask(&request) {
        return HttpResponse::Ok().json(info::told(Code::UntrustedSite, vec![]));
    }
    HttpResponse::Ok().json(state.info(wanted.withcert.as_deref() == Some("true")))
}

#[derive(Deserialize)]
struct SignForm {
    #[serde(rename = "tbsPackage")]
    package: String,
}

/// Whatever its content type: pages send the form as plain text too.
async fn sign(request: HttpRequest, state: Data<SoftCards>, body: Bytes) -> HttpResponse {
    if !state.may_ask(&request) {
        return HttpResponse::Ok().json(SignAnswer::from(Refused::from(Code::ForbiddenDomain)));
    }
    let text = String::from_utf8_lossy(&body);
    let package = Query::<SignForm>::from_query(&text).map(|form| form.into_inner().package);
    let answer = package.map_err(|_| Refused::from(Code::BadParameter)).and_then(|json| state.sign(&json));
    HttpResponse::Ok().json(answer.unwrap_or_else(SignAnswer::from))
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}
