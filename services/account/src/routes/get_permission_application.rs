//! `get_permission_application`

use std::collections::BTreeMap;

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document};
use kernel::ids::PermissionApplicationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::application::PermissionApplication;
use crate::edge;
use crate::state::AccountState;

/// An application with its personal fields opened: for the applicant and those who have a part in it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PermissionApplicationView {
    /// The application.
    pub application: PermissionApplication,
    /// Personal fields of the form.
    pub personal_fields: BTreeMap<String, String>,
}

/// Shows a permission application with everything that happened to it.
#[utoipa::path(get, path = "/v1/permission-applications/{id}", params(("id" = PermissionApplicationId, Path)),
    responses((status = 200, body = PermissionApplicationView)))]
#[get("/v1/permission-applications/{id}")]
pub async fn get_permission_application(
    caller: Caller,
    id: web::Path<PermissionApplicationId>,
) -> Result<Answer<PermissionApplicationView>> {
    let mut conn = caller.context.connection().await?;
    let stored = document::find::<PermissionApplication>(&mut conn, id.0, false)
        .await?
        .ok_or_else(|| document::missing("permission application"))?;
    caller.within_regulation(&stored.regulation)?;
    let scope = edge::scope(&caller, None)?;
    let own = caller.principal.person() == Some(stored.person_id);
    if !own
        && (scope.is_some_and(|agency| agency != stored.agency_id)
            || !edge::has_part_in_applications(&caller))
    {
        return Err(document::missing("permission application"));
    }
    let state = caller.context.state::<AccountState>();
    let mut personal_fields = BTreeMap::new();
    for (field, sealed) in &stored.sealed_fields {
        personal_fields.insert(field.clone(), state.applications.open(sealed)?.expose().clone());
    }
    Ok(Answer::ok(PermissionApplicationView { application: stored.doc, personal_fields })
        .version(stored.version))
}
