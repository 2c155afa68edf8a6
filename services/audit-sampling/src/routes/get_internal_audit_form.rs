//! `get_internal_audit_form`: Gives annex 2 or 3 filled in, with its published labels, as data for printing.

use actix_web::{get, web};
use chassis::document;
use chassis::{Answer, Caller, Result};
use uuid::Uuid;

use crate::domain::internal_audit::{FilledForm, InternalAudit, fill};
use crate::domain::projection::AgencyView;
use crate::edge;

/// Gives annex 2 or 3 filled in, with its published labels, as data for printing.
#[utoipa::path(get, path = "/v1/internal-audits/{id}/form", params(("id" = Uuid, Path)),
    responses((status = 200, body = FilledForm)))]
#[get("/v1/internal-audits/{id}/form")]
pub async fn get_internal_audit_form(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<FilledForm>> {
    let mut conn = caller.context.connection().await?;
    let audit = document::find::<InternalAudit>(&mut conn, *id, false)
        .await?
        .ok_or_else(|| document::missing("internal audit"))?;
    caller.within(audit.agency_id)?;
    let agency = document::find::<AgencyView>(&mut conn, audit.agency_id.0, false).await?;
    let pack = edge::pack_of(&caller.context, &audit.rule_pack)?;
    let form = pack.form(&audit.form).ok_or_else(|| edge::no_rule("this form"))?;
    let (kind, name) = agency.map_or_else(Default::default, |a| (a.doc.pack_kind(), a.doc.agency.name));
    Ok(Answer::ok(fill(form, &audit, &kind, &name)))
}
