//! What the account service revoked counts before its event has come, and without certainty nothing is handed over.

use account_types::events::{AccountSnapshot, AccountStatus, PersonChanged};
use chassis::revocations::Kind;
use serde_json::{json, to_value};

use crate::stage::{PLATFORM, Stage, person_event};

fn account(stage: &Stage, status: AccountStatus, revision: i64) -> AccountSnapshot {
    AccountSnapshot { status, revision, ..stage.account.clone() }
}

fn tell(stage: &Stage, account: &AccountSnapshot) {
    stage.app.revoke(Kind::Account, &account.id, false, Some(to_value(account).unwrap()));
}

#[actix_web::test]
async fn an_account_suspended_on_the_stream_is_refused_before_its_event_and_the_newer_revision_counts() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let body = stage.ask(application.id, 0);
    tell(&stage, &account(&stage, AccountStatus::Suspended, 5));
    stage.query(&body).await.expect_problem("account-not-active");
    // An event that was late changes nothing: what it tells is older.
    stage.feed_account(&account(&stage, AccountStatus::Active, 4)).await;
    stage.query(&body).await.expect_problem("account-not-active");
    tell(&stage, &account(&stage, AccountStatus::Active, 6));
    let _ = stage.query(&body).await.expect_status(200);
    // The event overtakes the stream.
    stage.feed_account(&account(&stage, AccountStatus::Suspended, 8)).await;
    tell(&stage, &account(&stage, AccountStatus::Active, 7));
    stage.query(&stage.ask(application.id, 1)).await.expect_problem("account-not-active");
    stage.strike().await;
}

#[actix_web::test]
async fn an_account_stopped_before_its_opening_was_heard_of_is_never_open() {
    let stage = Stage::set().await;
    let id = kernel::ids::AccountId(uuid::Uuid::from_u128(6));
    let opened = AccountSnapshot { id, number: "S-0002".into(), ..stage.account.clone() };
    tell(&stage, &AccountSnapshot { status: AccountStatus::Stopped, revision: 2, ..opened.clone() });
    stage.feed_account(&opened).await;
    assert_eq!(stage.registry().index().account(id).unwrap().status, AccountStatus::Stopped);
    stage.strike().await;
}

#[actix_web::test]
async fn a_card_lost_on_the_stream_signs_nothing_and_its_tokens_are_none() {
    let stage = Stage::set().await;
    let application = stage.applied().await;
    let old = stage.app.token_for(&identity::Principal { as_of: 0, ..stage.supervisor.principal() });
    let lost = PersonChanged { cards: [].into(), ..person_event(&stage.supervisor, 2) };
    stage.app.revoke(Kind::Person, &lost.person, true, Some(to_value(&lost).unwrap()));
    stage.app.get("/v1/cases", &old).await.expect_problem("unauthenticated");
    stage.endorse_as(&stage.supervisor, &[&application]).await.expect_problem("card-not-bound");
    let renewed = person_event(&stage.supervisor, 3);
    stage.app.revoke(Kind::Person, &renewed.person, false, Some(to_value(&renewed).unwrap()));
    let _ = stage.endorse_as(&stage.supervisor, &[&application]).await.expect_status(200);
    stage.strike().await;
}

#[actix_web::test]
async fn a_system_deactivated_on_the_stream_asks_nothing_more() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let system = account_types::events::SystemChanged {
        system: PLATFORM,
        code: "welfare-platform".into(),
        agency: stage.user.agency,
        active: false,
        revision: 2,
    };
    stage.app.revoke(Kind::System, &PLATFORM, true, Some(to_value(&system).unwrap()));
    stage.query(&stage.ask(application.id, 0)).await.expect_problem("system-not-registered");
    stage.strike().await;
}

#[actix_web::test]
async fn without_certainty_nothing_is_asked_endorsed_or_read_and_the_rest_goes_on() {
    let stage = Stage::set().await;
    let (endorsed, applied) = (stage.endorsed().await, stage.applied().await);
    let body = stage.ask(endorsed.id, 0);
    stage.app.context().revocations().silence(true);
    stage.query(&body).await.expect_problem("revocations-unknown");
    assert_eq!(stage.served(), 0);
    stage.endorse_as(&stage.supervisor, &[&applied]).await.expect_problem("revocations-unknown");
    let path = format!("/v1/query-applications/{}", applied.id);
    stage.app.get(&path, &stage.token()).await.expect_problem("revocations-unknown");
    let case = json!({"number": "115-2", "programme": "low-income", "opened_on": "2026-03-01", "persons": stage.persons});
    let _ = stage.app.post("/v1/cases", &stage.token(), &case).await.expect_status(201);
    let _ = stage.app.get("/v1/query-applications", &stage.token()).await.expect_status(200);
    stage.app.context().revocations().silence(false);
    let _ = stage.query(&body).await.expect_status(200);
    stage.strike().await;
}
