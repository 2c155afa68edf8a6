//! `resume_account`

use account_types::AccountAct;
use actix_web::{post, web};
use chassis::{Answer, Command, Result};
use kernel::ids::AccountId;

use crate::domain::account::{Account, AccountError};
use crate::domain::person::{CardStatus, Person};
use crate::{acts, edge};

/// Ends suspensions: those of findings only by the end of the finding, that of a lost card only with a new card.
#[utoipa::path(post, path = "/v1/accounts/{id}/resumption", params(("id" = AccountId, Path)),
    request_body = AccountAct, responses((status = 200, body = Account)))]
#[post("/v1/accounts/{id}/resumption")]
pub async fn resume_account(
    command: Command<AccountAct>,
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
            let now = tx.now();
            let has_card = tx
                .load::<Person>(account.person_id)
                .await?
                .cards
                .iter()
                .any(|c| c.status == CardStatus::Active);
            account
                .resume(|cause| !cause.starts_with("finding/") && (cause != "lost-card" || has_card), now)?;
            acts::save_account(tx, &account, "resumed", clause).await?;
            let version = tx.load::<Account>(*id).await?.version;
            Ok(Answer::ok(account.doc).version(version))
        })
        .await
}
