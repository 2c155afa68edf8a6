//! `change_account`

use account_types::ChangeAccount;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::AccountId;

use crate::domain::account::{Account, AccountError};
use crate::{acts, edge};

/// Narrows an account ex officio; more takes an application (H5.1.2).
#[utoipa::path(post, path = "/v1/accounts/{id}/change", params(("id" = AccountId, Path)),
    request_body = ChangeAccount, responses((status = 200, body = Account)))]
#[post("/v1/accounts/{id}/change")]
pub async fn change_account(
    command: Command<ChangeAccount>,
    id: web::Path<AccountId>,
) -> Result<Answer<Account>> {
    edge::text("/reason", &command.body.reason, 500)?;
    edge::text("/clause", &command.body.clause, 40)?;
    command
        .run(async |tx| {
            let mut account = tx.load::<Account>(*id).await?;
            command.within(account.agency_id)?;
            command.expect_version(account.version)?;
            if command.person()? == account.person_id {
                return Err(AccountError::Own.into());
            }
            let clause = &command.body.clause;
            account.narrow(command.body.items.clone(), command.body.valid_until)?;
            acts::save_account(tx, &account, "changed", clause).await?;
            let version = tx.load::<Account>(*id).await?.version;
            Ok(Answer::ok(account.doc).version(version))
        })
        .await
}
