//! `report_lost_card`

use account_types::ReportLostCard;
use actix_web::post;
use chassis::{Answer, Command, Problem, Result};
use identity::Role;
use kernel::days;
use kernel::ids::{AccountId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::person::Person;
use crate::{acts, duties, edge, problems};

/// What was stopped.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LostCardReport {
    /// The person.
    pub person: PersonId,
    /// Cards that no longer count.
    pub cards: usize,
    /// Accounts held back.
    pub accounts: Vec<AccountId>,
}

/// Reports a lost card: one call stops cards and accounts of the person at once (H5.2.3, I3.7).
#[utoipa::path(post, path = "/v1/lost-cards", request_body = ReportLostCard, responses((status = 200, body = LostCardReport)))]
#[post("/v1/lost-cards")]
pub async fn report_lost_card(command: Command<ReportLostCard>) -> Result<Answer<LostCardReport>> {
    let me = command.person()?;
    let whose = command.body.person.unwrap_or(me);
    command
        .run(async |tx| {
            let mut person = tx.load::<Person>(whose).await?;
            let officer = command.principal.has(Role::DesignatedOfficer)
                && person.agency_id == command.principal.agency;
            if whose != me && !officer && !command.principal.has(Role::ItUnit) {
                let detail =
                    "The holder, the agency's designated officer or the IT unit reports a lost card.";
                return Err(Problem::new(&problems::NOT_THE_ACTOR, detail).clause("I3.7").into());
            }
            let today = days::taipei_date(tx.now());
            if command.body.lost_on > today {
                return Err(Problem::invalid("/lost_on", "lies in the future").into());
            }
            let cards = person.lose_cards(command.body.thumbprint.as_deref());
            // Rows before the lock that orders commits, here as in every other act on accounts.
            let live = acts::live_accounts(tx, whose).await?;
            acts::narrow_person(tx, &mut person).await?;
            let (mut accounts, context) = (vec![], tx.context());
            for mut account in live {
                let clause = if account.regulation == "immigration" { "I3.7" } else { "H5.2.3" };
                if !acts::suspend(tx, &mut account, "lost-card", "憑證遺失", clause).await? {
                    continue;
                }
                accounts.push(account.doc.id);
                let pack = edge::pack(&context, edge::regulation(&account.regulation)?, today)?;
                if pack.provider.kind == rule_pack::ProviderKind::Gate {
                    // The notice is this report; in an agency's own system it is an act that is followed.
                    let subject = format!("lost-card/{}/{}", account.doc.id, account.revision);
                    let url = format!("/v1/accounts/{}", account.doc.id);
                    let about = Some(account.agency_id);
                    duties::open_event(tx, &pack, "card_lost", &subject, about, Some(url.clone())).await?;
                    duties::close_event(
                        tx,
                        &account.regulation,
                        "card_lost",
                        &subject,
                        "stopped at once",
                        &url,
                    )
                    .await?;
                }
            }
            Ok(Answer::ok(LostCardReport { person: whose, cards, accounts }))
        })
        .await
}
