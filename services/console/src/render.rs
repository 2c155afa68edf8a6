//! Pages as answers: templates, the frame around them, and headers that keep content off disks and scripts out.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chassis::Context;
use kernel::days;
use rule_pack::Regulation;

use crate::catalogue::PAGES;
use crate::form::FormView;
use crate::session;
use crate::view::{Block, Link, Table, moment};

/// What stands around every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Heading and title.
    pub title: String,
    /// Menu.
    pub nav: Vec<Link>,
    /// Whether there is a session.
    pub signed_in: bool,
    /// Whom the token names: the watermark (H6.1 ＋).
    pub viewer: String,
    /// The moment, for the watermark.
    pub now: String,
}

/// The frame of a page called `title` at `here`.
pub fn frame(context: &Context, token: Option<&str>, title: &str, here: &str) -> Frame {
    let fixed = [("首頁", "/"), ("待辦", "/tasks")];
    let mut nav: Vec<Link> = fixed.map(|(label, href)| Link::to(label, href)).into();
    nav.extend(PAGES.iter().map(|page| Link::to(page.title, format!("/p/{}", page.slug))));
    nav.extend([("條文", "/clauses"), ("表單", "/forms")].map(|(label, href)| Link::to(label, href)));
    for link in &mut nav {
        link.current = link.href == here;
    }
    Frame {
        title: title.to_owned(),
        nav,
        signed_in: token.is_some(),
        viewer: token.map(session::viewer).unwrap_or_default(),
        now: moment(context.now()),
    }
}

/// A part of a page with a list.
#[derive(Debug, Clone, Default)]
pub struct SectionView {
    /// Heading.
    pub title: String,
    /// Why there is no list.
    pub notice: Option<String>,
    /// The list.
    pub table: Option<Table>,
    /// Where it goes on.
    pub links: Vec<Link>,
}

/// Lists.
#[derive(Debug, Template)]
#[template(path = "sections.html")]
pub struct SectionsPage {
    /// Frame.
    pub frame: Frame,
    /// First sentence.
    pub lead: Option<String>,
    /// Other views of the same lists.
    pub filters: Vec<Link>,
    /// Lists.
    pub sections: Vec<SectionView>,
}

/// One row.
#[derive(Debug, Template)]
#[template(path = "detail.html")]
pub struct DetailPage {
    /// Frame.
    pub frame: Frame,
    /// Printed forms of it.
    pub links: Vec<Link>,
    /// Everything in it.
    pub blocks: Vec<Block>,
}

/// Signing in.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// Frame.
    pub frame: Frame,
    /// What happened before.
    pub notice: Option<String>,
    /// Code and title of each role that can be had without a card: on a laptop alone.
    pub sample_roles: Vec<(&'static str, &'static str)>,
}

/// A sentence.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    /// Frame.
    pub frame: Frame,
    /// The sentence.
    pub text: String,
    /// The way on.
    pub back: Link,
}

/// The list of forms.
#[derive(Debug, Template)]
#[template(path = "forms.html")]
pub struct FormsPage {
    /// Frame.
    pub frame: Frame,
    /// Forms.
    pub forms: Vec<Link>,
}

/// A printed form.
#[derive(Debug, Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// The form.
    pub form: FormView,
}

/// Nothing but our own style sheet and forms; no script at all.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers that every page has.
pub fn guarded(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::{HeaderName, HeaderValue};
    let headers = [
        ("content-security-policy", POLICY),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// The answer with `page`.
pub fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => guarded(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html)),
        Err(error) => {
            tracing::error!(%error, "page");
            guarded(HttpResponse::InternalServerError().finish())
        }
    }
}

/// As [`page`], for pages with data: after the idle time of the packs the browser leaves it by itself (H6.1 ＋).
pub fn data_page(context: &Context, content: &impl Template) -> HttpResponse {
    let mut response = page(StatusCode::OK, content);
    let today = days::taipei_date(context.now());
    let idle = Regulation::ALL
        .iter()
        .filter_map(|regulation| context.packs().on(*regulation, today))
        .map(|pack| pack.session.idle_minutes)
        .min();
    if let Some(value) = idle.and_then(|minutes| format!("{}; url=/ended", minutes * 60).parse().ok()) {
        response.headers_mut().insert(actix_web::http::header::REFRESH, value);
    }
    response
}

/// Leads on with GET.
pub fn see_other(to: &str) -> HttpResponse {
    guarded(HttpResponse::SeeOther().insert_header((LOCATION, to.to_owned())).finish())
}

/// Whether the request came over TLS, as far as this process or its proxy tells.
pub fn is_https(request: &HttpRequest) -> bool {
    request.connection_info().scheme() == "https"
}
