//! Documents as reading operations answer them.

use uuid::Uuid;

use crate::answer::{Answer, Page, PageParams};
use crate::document::{self, Document, Filter};
use crate::error::Result;
use crate::http::Caller;
use kernel::ids::AgencyId;

/// A page of documents.
pub async fn page<T: Document>(
    caller: &Caller,
    filter: Filter,
    params: &PageParams,
) -> Result<Answer<Page<T>>> {
    let mut conn = caller.context.connection().await?;
    let page = document::page::<T>(&mut conn, filter, params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|s| s.doc).collect(), next: page.next }))
}

/// One document; 404 for what belongs to an agency or a regulation that the caller does not see.
pub async fn one<T: Document>(
    caller: &Caller,
    id: impl Into<Uuid>,
    what: &str,
    agency: impl Fn(&T) -> Option<AgencyId>,
) -> Result<Answer<T>> {
    let mut conn = caller.context.connection().await?;
    let stored =
        document::find::<T>(&mut conn, id.into(), false).await?.ok_or_else(|| document::missing(what))?;
    if let Some(agency) = agency(&stored.doc) {
        caller.within(agency)?;
    }
    if let Some(regulation) = stored.doc.regulation() {
        caller.within_regulation(regulation)?;
    }
    Ok(Answer::ok(stored.doc).version(stored.version))
}
