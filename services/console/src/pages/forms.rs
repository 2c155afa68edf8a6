//! Official forms, blank or filled in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use kernel::days;
use rule_pack::Regulation;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::client::{Failure, Reader};
use crate::form::{self, Filled};
use crate::pages::{failed, open};
use crate::render::{self, FormPage, FormsPage};
use crate::view::{Link, at};

/// Which part of the query register.
#[derive(Debug, Deserialize)]
pub struct Part {
    unit: Option<Uuid>,
    from: Option<chrono::NaiveDate>,
    to: Option<chrono::NaiveDate>,
}

/// The forms of the packs that are followed today.
pub async fn list(context: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let (_, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let today = days::taipei_date(context.now());
    let packs = Regulation::ALL.iter().filter_map(|regulation| context.packs().on(*regulation, today));
    let forms = packs
        .flat_map(|pack| &pack.forms)
        .map(|form| Link::to(format!("{}　{}", form.id, form.title), format!("/forms/{}", form.id)))
        .collect();
    let frame = render::frame(&context, Some(&token), "表單", "/forms");
    render::page(StatusCode::OK, &FormsPage { frame, forms })
}

/// A blank form; with unit and period the query register (H annex 2).
pub async fn form(
    context: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
    part: web::Query<Part>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let Some((pack, official)) = form::find(&context, &id, None) else {
        return failed(&context, &token, &Failure::Missing);
    };
    let filled = match (part.unit, part.from, part.to) {
        (Some(unit), Some(from), Some(to)) if official.table.is_some() => {
            let (unit, from, to) = (unit.to_string(), from.to_string(), to.to_string());
            let query = [
                ("unit", unit.as_str()),
                ("from", from.as_str()),
                ("to", to.as_str()),
                ("regulation", pack.regulation.as_str()),
            ];
            match reader.get("query-registry", "query-register", &query).await {
                Ok(answer) => form::of_query_register(&answer),
                Err(failure) => return failed(&context, &token, &failure),
            }
        }
        _ => Filled::default(),
    };
    render::data_page(&context, &FormPage { form: form::view(&context, pack, official, &filled) })
}

/// A form filled in from what a service holds under `id`.
pub async fn filled(
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let (form_id, id) = path.into_inner();
    match fetch(&reader, &form_id, id).await {
        Err(failure) => failed(&context, &token, &failure),
        Ok((answer, reference)) => {
            let Some((pack, official)) = form::find(&context, &form_id, reference.as_deref()) else {
                return failed(&context, &token, &Failure::Missing);
            };
            let filled = if official.tick_items == rule_pack::TickItems::None {
                form::of_internal_audit(official, &answer)
            } else {
                form::of_permission_application(official, &answer)
            };
            render::data_page(&context, &FormPage { form: form::view(&context, pack, official, &filled) })
        }
    }
}

/// The answer that fills the form, and the rule pack that it followed.
async fn fetch(reader: &Reader, form_id: &str, id: Uuid) -> Result<(Value, Option<String>), Failure> {
    let (_, official) = form::find(&reader.context, form_id, None).ok_or(Failure::Missing)?;
    let (service, collection, pack, form) = if official.tick_items == rule_pack::TickItems::None {
        ("audit-sampling", "internal-audits", "rule_pack", "form")
    } else {
        ("account", "permission-applications", "application.rule_pack", "application.form")
    };
    let answer = reader.get(service, &format!("{collection}/{id}"), &[]).await?;
    if at(&answer, form).as_str() != Some(form_id) {
        return Err(Failure::Missing);
    }
    let reference = at(&answer, pack).as_str().map(ToOwned::to_owned);
    Ok((answer, reference))
}
