//! Pages. They are not operations: nothing here stands in the OpenAPI document or decides on rights.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::client::{Failure, Reader};
use crate::render::{self, NoticePage};
use crate::session;
use crate::view::Link;

mod clauses;
mod collection;
mod detail;
mod forms;
mod home;
mod sign_in;

/// Adds every page.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .route("/", web::get().to(home::home))
        .route("/tasks", web::get().to(home::tasks))
        .route("/p/{page}", web::get().to(collection::page))
        .route("/p/{page}/{section}", web::get().to(collection::section))
        .route("/d/{service}/{collection}/{id}", web::get().to(detail::detail))
        .route("/clauses", web::get().to(clauses::clauses))
        .route("/forms", web::get().to(forms::list))
        .route("/forms/{form}", web::get().to(forms::form))
        .route("/forms/{form}/{id}", web::get().to(forms::filled))
        .route("/login", web::get().to(sign_in::login_form))
        .route("/login", web::post().to(sign_in::login))
        .route("/logout", web::post().to(sign_in::logout))
        .route("/ended", web::get().to(sign_in::ended))
        .route("/console.css", web::get().to(style));
}

async fn style() -> HttpResponse {
    let css = include_str!("../assets/console.css");
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("cache-control", "max-age=3600"))
        .body(css)
}

/// The reader and token of a request's session; without session the way to the sign-in page.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn open(context: &web::Data<Context>, request: &HttpRequest) -> Result<(Reader, String), HttpResponse> {
    let token = session::token(request).ok_or_else(|| render::see_other("/login"))?;
    Ok((Reader::new(context.clone(), token.clone()), token))
}

/// The answer to a page that could not be had.
fn failed(context: &Context, token: &str, failure: &Failure) -> HttpResponse {
    let status = match failure {
        Failure::SignedOut => return render::see_other("/login?over=true"),
        Failure::Refused(_) => StatusCode::FORBIDDEN,
        Failure::Missing => StatusCode::NOT_FOUND,
        Failure::Away => StatusCode::SERVICE_UNAVAILABLE,
    };
    let frame = render::frame(context, Some(token), "無法顯示", "");
    let page = NoticePage { frame, text: failure.to_string(), back: Link::to("回首頁", "/") };
    render::page(status, &page)
}
