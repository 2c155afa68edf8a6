//! `get_first_start`

use actix_web::get;
use chassis::{Answer, Caller, Result, reading};

use crate::domain::first_start::FirstStart;

/// Shows who answered for the first start, with the digest of the master data and both signatures (invariant 11).
#[utoipa::path(get, path = "/v1/first-start", responses((status = 200, body = FirstStart)))]
#[get("/v1/first-start")]
pub async fn get_first_start(caller: Caller) -> Result<Answer<FirstStart>> {
    reading::one::<FirstStart>(&caller, FirstStart::ID, "first start", |_| None).await
}
