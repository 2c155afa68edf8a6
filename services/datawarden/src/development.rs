//! The login of the pages under `/docs` on a laptop: a role's name gives a token of somebody in the sample city who has
//! it. Whoever reaches it can act as anyone, so it listens on this machine alone, and no other site's page may ask it.

use std::path::PathBuf;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ORIGIN, VARY,
};
use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use anyhow::Context as _;
use identity::Role;
use serde::Deserialize;
use serde_json::json;

use crate::stack::{self, DEVELOPMENT_LOGIN};

struct Login {
    data: PathBuf,
    /// The services' own pages.
    origins: Vec<String>,
}

#[derive(Deserialize)]
struct Wanted {
    username: String,
}

/// Listens at [`DEVELOPMENT_LOGIN`] for the pages of `origins`, with the keys in `data`.
pub fn start(data: PathBuf, origins: Vec<String>) -> anyhow::Result<ServerHandle> {
    let login = Data::new(Login { data, origins });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(login.clone())
            .route("/token", web::post().to(token))
            .route("/token", web::method(actix_web::http::Method::OPTIONS).to(allow))
    })
    .workers(1)
    .disable_signals()
    .bind(DEVELOPMENT_LOGIN)
    .with_context(|| format!("cannot listen on {DEVELOPMENT_LOGIN}"))?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

/// The asking page's origin, if it is one of the suite's.
fn origin(request: &HttpRequest, login: &Login) -> Option<String> {
    let origin = request.headers().get(ORIGIN)?.to_str().ok()?;
    login.origins.iter().find(|known| *known == origin).cloned()
}

async fn allow(request: HttpRequest, login: Data<Login>) -> HttpResponse {
    let Some(origin) = origin(&request, &login) else { return HttpResponse::Forbidden().finish() };
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-requested-with"))
        .insert_header((VARY, "Origin"))
        .finish()
}

async fn token(request: HttpRequest, login: Data<Login>, wanted: Form<Wanted>) -> HttpResponse {
    let Some(origin) = origin(&request, &login) else { return HttpResponse::Forbidden().finish() };
    let granted = wanted
        .username
        .parse::<Role>()
        .map_err(|e| anyhow::anyhow!("{e:?}"))
        .and_then(|role| stack::development_token(&login.data, role));
    let (mut answer, body) = match granted {
        Ok(token) => {
            let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": 600});
            (HttpResponse::Ok(), body)
        }
        Err(error) => {
            let words = format!("{error}; user name: a role, such as auditor");
            (HttpResponse::BadRequest(), json!({"error": "invalid_grant", "error_description": words}))
        }
    };
    answer
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, origin))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "Origin"))
        .json(body)
}
