//! Shows one of the imported files (I4.1.1).

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use query_registry_types::import::Import;
use uuid::Uuid;

use crate::domain::import_file::KeptImport;

/// Shows one of the imported files.
#[utoipa::path(get, path = "/v1/imports/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Import)))]
#[get("/v1/imports/{id}")]
pub async fn get_import(caller: Caller, id: web::Path<Uuid>) -> Result<Answer<Import>> {
    let kept = document::find::<KeptImport>(&mut *caller.context.connection().await?, *id, false)
        .await?
        .ok_or_else(|| document::missing("import"))?;
    caller.within(kept.0.agency)?;
    Ok(Answer::ok(kept.doc.0).version(kept.version))
}
