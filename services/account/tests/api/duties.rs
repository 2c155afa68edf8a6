//! Invariant 9 where the guard is in the operation: nobody acts on his own account, in whatever roles.

use identity::{Principal, PrincipalKind};
use serde_json::{Value, json};
use testkit::duties::cases;

use crate::world::{World, account_id};

/// The operation, and its place behind `/v1/accounts/{id}`.
const ACTS: [(&str, &str); 4] = [
    ("account.suspend_account", "suspension"),
    ("account.resume_account", "resumption"),
    ("account.change_account", "change"),
    ("account.stop_account", "stop"),
];

fn body(act: &str) -> Value {
    let mut body = json!({"reason": "查核", "clause": "H9"});
    if act == "account.change_account" {
        body["items"] = json!(["low-income-management"]);
        body["valid_until"] = json!("2026-12-31");
    }
    body
}

fn path(account: &str, place: &str) -> String {
    format!("/v1/accounts/{}/{place}", account_id(account))
}

#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_roles_nobody_acts_on_his_own_account() {
    let world = World::start().await;
    let user = &world.people["user"];
    let cases = cases("account");
    for (act, place) in ACTS {
        let mut tried = 0;
        for case in cases.iter().filter(|case| case.second == act) {
            let hand = case.same_hand();
            let kind = PrincipalKind::Person { person: user.person, post: hand.post() };
            let (roles, acting_for) = (hand.roles().clone(), hand.acting_for());
            let principal = Principal { kind, roles, acting_for, ..user.principal() };
            let token = world.app.token_for(&principal);
            let answer = world.app.post(&path("household/user", place), &token, &body(act)).await;
            answer.expect_problem(case.rule.problem);
            tried += 1;
        }
        assert!(tried > 10, "{act}: {tried}");
    }
    // Others do in the same roles what he may not.
    for (who, account) in [("it", "household/user"), ("officer", "immigration/user")] {
        let roles = &world.people[who].roles;
        for (act, place) in ACTS {
            if cases.iter().any(|case| case.second == act && roles.contains(&case.second_role)) {
                let _ = world.post(who, &path(account, place), &body(act)).await.expect_status(200);
            }
        }
    }
}
