//! `get_account`

use actix_web::{get, web};
use chassis::{Answer, Caller, Result, reading};
use kernel::ids::AccountId;

use crate::domain::account::Account;

/// Shows an account with its course.
#[utoipa::path(get, path = "/v1/accounts/{id}", params(("id" = AccountId, Path)), responses((status = 200, body = Account)))]
#[get("/v1/accounts/{id}")]
pub async fn get_account(caller: Caller, id: web::Path<AccountId>) -> Result<Answer<Account>> {
    reading::one::<Account>(&caller, *id, "account", |it| Some(it.agency_id)).await
}
