//! Signing in with a token that was had with the card, and out.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use identity::Role;
use serde::Deserialize;

use crate::render::{self, LoginPage, NoticePage};
use crate::session;
use crate::view::Link;

/// Longest time that the login of a laptop may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
pub struct Before {
    /// The session was over.
    #[serde(default)]
    over: bool,
}

/// One of the two.
#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    token: String,
    /// On a laptop: a role of the sample city.
    role: Option<Role>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

fn form(context: &Context, status: StatusCode, notice: Option<&str>) -> HttpResponse {
    let frame = render::frame(context, None, "登入", "/login");
    let sample_roles = match context.development_login() {
        Some(_) => Role::ALL
            .iter()
            .filter(|role| !matches!(role, Role::AgencySystem | Role::Service))
            .map(|role| (role.code(), role.title_zh()))
            .collect(),
        None => vec![],
    };
    render::page(status, &LoginPage { frame, notice: notice.map(ToOwned::to_owned), sample_roles })
}

pub async fn login_form(context: web::Data<Context>, before: web::Query<Before>) -> HttpResponse {
    let notice = before.over.then_some("登入已逾時或權杖無效，請重新登入。");
    form(&context, StatusCode::OK, notice)
}

pub async fn login(
    context: web::Data<Context>,
    request: HttpRequest,
    body: web::Form<SignIn>,
) -> HttpResponse {
    if !session::is_own_origin(request.headers()) {
        return form(&context, StatusCode::FORBIDDEN, Some("請由本系統頁面登入。"));
    }
    let SignIn { token, role } = body.into_inner();
    let token = match (role, context.development_login()) {
        (Some(role), Some(login)) => match sample_token(&context, login, role).await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(%error, "no token for a sample role");
                let notice = "示範登入暫時無法使用，請重試。";
                return form(&context, StatusCode::SERVICE_UNAVAILABLE, Some(notice));
            }
        },
        _ => token,
    };
    let token = token.trim();
    if !session::is_token(token) {
        return form(&context, StatusCode::BAD_REQUEST, Some("這不是存取權杖，請重新貼上。"));
    }
    with_cookies(render::see_other("/"), token, &request)
}

/// A token of somebody in the sample city who has `role`.
async fn sample_token(context: &Context, login: &str, role: Role) -> anyhow::Result<String> {
    let answer = chassis::http_client(PATIENCE)?
        .post(login)
        .header(reqwest::header::ORIGIN, format!("http://{}", context.settings().http.bind))
        .form(&[("grant_type", "password"), ("username", role.code()), ("password", "")])
        .send()
        .await?;
    Ok(answer.error_for_status()?.json::<Granted>().await?.access_token)
}

pub async fn logout(request: HttpRequest) -> HttpResponse {
    if !session::is_own_origin(request.headers()) {
        return render::see_other("/");
    }
    with_cookies(render::see_other("/ended"), "", &request)
}

/// Where a page with data goes by itself when nobody acts.
pub async fn ended(context: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let frame = render::frame(&context, None, "已登出", "/ended");
    let page = NoticePage {
        frame,
        text: "工作階段已結束，畫面資料已清除。".to_owned(),
        back: Link::to("重新登入", "/login"),
    };
    with_cookies(render::page(StatusCode::OK, &page), "", &request)
}

fn with_cookies(mut response: HttpResponse, token: &str, request: &HttpRequest) -> HttpResponse {
    for cookie in session::cookies(token, render::is_https(request)) {
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}
