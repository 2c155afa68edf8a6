//! `get_endorsement_evidence`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, document, endorsements};
use identity::record::EndorsementBundles;

use crate::state::AccountState;

/// Shows everything about an endorsement, to be checked offline (`datawarden verify-endorsement`): signature, chain, what was
/// signed, revocation evidence. `digest` is that of its entry in the governance log, or of what was signed.
#[utoipa::path(get, path = "/v1/endorsements/{digest}/evidence",
    params(("digest" = String, Path, description = "SHA-256, hexadecimal",
        example = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f")),
    responses((status = 200, body = EndorsementBundles)))]
#[get("/v1/endorsements/{digest}/evidence")]
pub async fn get_endorsement_evidence(
    caller: Caller,
    digest: web::Path<String>,
) -> Result<Answer<EndorsementBundles>> {
    let state = caller.context.state::<AccountState>();
    let mut conn = caller.context.connection().await?;
    let open = |sealed: &kernel::Sealed| Ok(serde_json::from_str(state.endorsed.open(sealed)?.expose())?);
    let items = endorsements::bundles(&mut conn, &digest, open).await?;
    if items.is_empty() {
        return Err(document::missing("endorsement"));
    }
    Ok(Answer::ok(EndorsementBundles { items }))
}
