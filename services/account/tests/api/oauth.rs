//! Somebody at the OAuth endpoints: where he is, which TLS certificate his connection has, what he sends.

use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpMessage as _, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::http::ClientCertificate;
use identity::{AssertionKind, AssertionRequest, CardSigner as _, Credential, SoftCard, jws, sign_assertion};
use kernel::Clock as _;
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::world::World;

pub const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub const PKCS7: &str = "urn:datawarden:params:oauth:grant-type:pkcs7-bearer";
pub const CLIENT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
pub const OFFICE: &str = "10.1.2.3";

static ASSERTIONS: AtomicU32 = AtomicU32::new(0);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body of an answer that must be good.
    pub fn good(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// Status and error code.
    pub fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// Somebody. The service is reached in this process, so that a test can say what TLS and the network would.
#[derive(Clone, Copy)]
pub struct Somebody<'a> {
    pub world: &'a World,
    pub place: &'a str,
    pub certificate: Option<&'a str>,
    pub headers: &'a [(&'a str, &'a str)],
}

impl World {
    pub fn somebody(&self) -> Somebody<'_> {
        Somebody { world: self, place: OFFICE, certificate: None, headers: &[] }
    }

    /// A fresh assertion of the welfare platform, which attests `place`.
    pub fn platform_assertion(&self, place: Option<&str>) -> String {
        self.client_assertion(&self.platform, "welfare-platform", place)
    }

    pub fn client_assertion(&self, credential: &Credential, id: &str, place: Option<&str>) -> String {
        let jti = format!("c{}", ASSERTIONS.fetch_add(1, Ordering::Relaxed));
        let request = AssertionRequest {
            kind: AssertionKind::Client,
            client_id: Some(id),
            audience: "https://account.test",
            jti: &jti,
            ttl: chrono::Duration::seconds(60),
            client_thumbprint: None,
            place: place.map(|p| p.parse().unwrap()),
        };
        sign_assertion(credential, &request, self.app.clock.now()).unwrap()
    }
}

/// What a card makes of a prepared login.
pub fn signed(card: &SoftCard, prepared: &Value) -> String {
    let input = prepared["signing_input"].as_str().unwrap();
    jws::complete(input, &card.sign(input.as_bytes()).unwrap().signature)
}

/// The claims of a token.
pub fn claims(token: &Value) -> Value {
    let part = token["access_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

impl<'a> Somebody<'a> {
    pub fn at(self, place: &'a str) -> Self {
        Self { place, ..self }
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let routes = account::service().routes;
        let app = App::new().app_data(web::Data::new(self.world.app.context().clone()));
        let app = init_service(app.configure(|config| routes(&mut ServiceConfig::new(config)))).await;
        let mut request = request.peer_addr(format!("{}:40000", self.place).parse().unwrap());
        for header in self.headers {
            request = request.insert_header(*header);
        }
        let request = request.to_request();
        if let Some(thumbprint) = self.certificate {
            request.extensions_mut().insert(ClientCertificate { thumbprint: thumbprint.to_owned() });
        }
        let answer = call_service(&app, request).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
        Answer { status, headers, body }
    }

    /// Sends a form to the token endpoint.
    pub async fn ask(&self, form: &[(&str, &str)]) -> Answer {
        self.send(TestRequest::post().uri("/v1/token").set_form(form)).await
    }

    /// Sends a form to the token endpoint as the welfare platform, which attests where it is.
    pub async fn ask_as_platform(&self, form: &[(&str, &str)]) -> Answer {
        let assertion = self.world.platform_assertion(Some(self.place));
        self.ask(&[form, &[("client_assertion_type", CLIENT), ("client_assertion", &assertion)]].concat())
            .await
    }

    /// Prepares a login for `card`, with further members of the request.
    pub async fn prepare(&self, card: &SoftCard, more: Value) -> Answer {
        let mut body = json!({"certificate": card.credential().x5c()});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.send(TestRequest::post().uri("/v1/logins").set_json(body)).await
    }

    /// Signs in with `card` from prepared login to tokens, with further parameters of the token request.
    pub async fn sign_in(&self, card: &SoftCard, more: &[(&str, &str)]) -> Answer {
        let prepared = self.prepare(card, json!({})).await.good();
        let assertion = signed(card, &prepared);
        self.ask(&[&[("grant_type", JWT), ("assertion", &assertion)], more].concat()).await
    }

    /// Signs in as `name`.
    pub async fn login(&self, name: &str) -> Answer {
        self.sign_in(&self.world.people[name].card, &[]).await
    }

    pub async fn renew(&self, refresh_token: &str) -> Answer {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    pub async fn log_out(&self, refresh_token: &str) -> Answer {
        let form = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        self.send(TestRequest::post().uri("/v1/token-revocations").set_form(form)).await
    }

    pub async fn preflight(&self) -> Answer {
        self.send(TestRequest::with_uri("/v1/logins").method(Method::OPTIONS)).await
    }
}
