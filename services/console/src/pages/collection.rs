//! Lists of the services.

use actix_web::{HttpRequest, HttpResponse, web};
use chassis::Context;
use futures::future::join_all;
use kernel::days;
use serde::Deserialize;

use crate::catalogue::{self, Section};
use crate::client::{Failure, Reader};
use crate::pages::{failed, open};
use crate::render::{self, SectionView, SectionsPage};
use crate::view::{Link, at, section_table};

/// Rows of a section among others.
const FEW: &str = "10";
/// Rows of a section alone.
const MANY: &str = "100";

#[derive(Deserialize)]
pub struct Cursor {
    after: Option<String>,
}

async fn fetch(
    reader: &Reader,
    section: &Section,
    limit: &str,
    after: Option<&str>,
) -> Result<(SectionView, Option<String>), Failure> {
    let mut query = section.query.to_vec();
    query.push(("limit", limit));
    query.extend(after.map(|after| ("after", after)));
    let mut view = SectionView { title: section.title.to_owned(), ..SectionView::default() };
    let mut next = None;
    match reader.get(section.service, section.collection, &query).await {
        Err(failure @ (Failure::SignedOut | Failure::Refused(_))) => return Err(failure),
        Err(failure) => view.notice = Some(failure.to_string()),
        Ok(answer) => {
            let items = at(&answer, "items").as_array().cloned().unwrap_or_default();
            let today = days::taipei_date(reader.context.now());
            view.table = Some(section_table(section, &items, today));
            next = at(&answer, "next").as_str().map(ToOwned::to_owned);
        }
    }
    Ok((view, next))
}

/// A page with the first rows of each of its lists; those that are for other duties are named in one line.
pub async fn page(
    context: web::Data<Context>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let Some(page) = catalogue::page(&slug) else { return failed(&context, &token, &Failure::Missing) };
    let answers = join_all(page.sections.iter().map(|section| fetch(&reader, section, FEW, None))).await;
    let mut sections = vec![];
    let mut of_others = vec![];
    for (section, answer) in page.sections.iter().zip(answers) {
        match answer {
            Err(Failure::Refused(_)) => of_others.push(section.title),
            Err(failure) => return failed(&context, &token, &failure),
            Ok((mut view, next)) => {
                if next.is_some() {
                    let href = format!("/p/{}/{}", page.slug, section.slug);
                    view.links.push(Link::to(format!("全部{}", section.title), href));
                }
                sections.push(view);
            }
        }
    }
    let lead = (!of_others.is_empty()).then(|| format!("不屬您的職務：{}。", of_others.join("、")));
    let here = format!("/p/{}", page.slug);
    let frame = render::frame(&context, Some(&token), page.title, &here);
    render::data_page(&context, &SectionsPage { frame, lead, filters: vec![], sections })
}

/// One list, page after page.
pub async fn section(
    context: web::Data<Context>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    cursor: web::Query<Cursor>,
) -> HttpResponse {
    let (reader, token) = match open(&context, &request) {
        Ok(open) => open,
        Err(response) => return response,
    };
    let found = catalogue::page(&path.0)
        .and_then(|page| Some((page, page.sections.iter().find(|section| section.slug == path.1)?)));
    let Some((page, section)) = found else { return failed(&context, &token, &Failure::Missing) };
    match fetch(&reader, section, MANY, cursor.after.as_deref()).await {
        Err(failure) => failed(&context, &token, &failure),
        Ok((mut view, next)) => {
            if let Some(next) = next {
                let href = format!("/p/{}/{}?after={next}", page.slug, section.slug);
                view.links.push(Link::to("下一頁", href));
            }
            view.links.push(Link::to(format!("返回{}", page.title), format!("/p/{}", page.slug)));
            let here = format!("/p/{}", page.slug);
            let frame = render::frame(&context, Some(&token), section.title, &here);
            let page = SectionsPage { frame, lead: None, filters: vec![], sections: vec![view] };
            render::data_page(&context, &page)
        }
    }
}
