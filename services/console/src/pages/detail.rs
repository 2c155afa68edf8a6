//! Everything that a service answers about one thing.

use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use uuid::Uuid;

use crate::catalogue::{detail_path, detail_title};
use crate::client::Failure;
use crate::pages::{failed, open};
use crate::render::{self, DetailPage};
use crate::view::{Link, at, blocks};

/// One thing of a service.
pub async fn detail(
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, String, Uuid)>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let (service, collection, id) = path.into_inner();
    // Only what the catalogue names: a path is never built from a caller's words.
    let Some(title) = detail_title(&service, &collection) else {
        return failed(&context, &token, &Failure::Missing);
    };
    match reader.get(&service, &detail_path(&collection, &id.to_string()), &[]).await {
        Err(failure) => failed(&context, &token, &failure),
        Ok(answer) => {
            let frame = render::frame(&context, Some(&token), title, "");
            let links = match collection.as_str() {
                "permission-applications" => print_link(at(&answer, "application.form").as_str(), id),
                "internal-audits" => print_link(at(&answer, "form").as_str(), id),
                _ => vec![],
            };
            render::data_page(&context, &DetailPage { frame, links, blocks: blocks(&service, &answer) })
        }
    }
}

fn print_link(form: Option<&str>, id: Uuid) -> Vec<Link> {
    let plain = form.filter(|f| f.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    plain.map(|form| Link::to("列印附表", format!("/forms/{form}/{id}"))).into_iter().collect()
}
