//! `stop_account`

use account_types::AccountAct;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::AccountId;

use crate::domain::account::{Account, AccountError};
use crate::{acts, edge};

/// Ends an account ex officio (H5.1.3, H5.2.2, I3.6).
#[utoipa::path(post, path = "/v1/accounts/{id}/stop", params(("id" = AccountId, Path)),
    request_body = AccountAct, responses((status = 200, body = Account)))]
#[post("/v1/accounts/{id}/stop")]
pub async fn stop_account(command: Command<AccountAct>, id: web::Path<AccountId>) -> Result<Answer<Account>> {
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
            let (reason, clause) = (&command.body.reason, &command.body.clause);
            if !acts::stop(tx, &mut account, reason, clause, "stopped").await? {
                return Err(AccountError::Stopped.into());
            }
            let version = tx.load::<Account>(*id).await?.version;
            Ok(Answer::ok(account.doc).version(version))
        })
        .await
}
