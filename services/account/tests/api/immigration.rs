//! The path of I3.3 and acts in the agency's own system (I3.6).

use account_types::{ActContent, AgencyActBody};
use identity::{Endorsement, SoftCard};
use kernel::Clock as _;
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, account_id, granted};

#[tokio::test(flavor = "multi_thread")]
async fn an_immigration_account_is_allotted_by_the_agency_after_letter_and_review() {
    let world = World::start().await;
    let it = world.file("colleague", world.form("colleague", "immigration", "add", None), 'a').await;
    let records = format!("/v1/permission-applications/{}/records", it["id"].as_str().unwrap());
    let _ = world.endorse("supervisor", &it, "business-unit", None).await.expect_status(200);
    let _ = world.endorse("head", &it, "agency-head", None).await.expect_status(200);
    let letter = json!({"stage": "letter", "on": "2026-03-02"});
    world.post("officer", &records, &letter).await.expect_problem("stage-incomplete");
    let letter = json!({"stage": "letter", "on": "2026-03-02", "number": "高市三民社字第2號"});
    let _ = world.post("officer", &records, &letter).await.expect_status(200);
    let _ = world.endorse("handler", &it, "bureau-review", Some(granted())).await.expect_status(200);
    let forward = json!({"stage": "forward", "on": "2026-03-02"});
    world.post("officer", &records, &forward).await.expect_problem("not-the-actor");
    let _ = world.post("bureau-officer", &records, &forward).await.expect_status(200);
    let allot =
        json!({"stage": "allot", "on": "2026-03-02", "outcome": granted(), "account_number": "NIA-42"});
    let done = world.post("bureau-officer", &records, &allot).await.expect_status(200);
    assert_eq!(done["status"], "done");
    let account =
        world.get("colleague", &format!("/v1/accounts/{}", done["account_id"].as_str().unwrap())).await;
    assert_eq!(account.expect_status(200)["number"], "NIA-42");
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_an_account_there_needs_the_agency_certificate_and_is_followed_until_confirmed() {
    let world = World::start().await;
    let words = json!({"reason": "調職", "clause": "I3.6"});
    let account = account_id("immigration/user");
    let _ = world.post("officer", &format!("/v1/accounts/{account}/stop"), &words).await.expect_status(200);
    let act = world.get("officer", "/v1/agency-acts").await.expect_status(200)["items"][0].clone();
    let id: Uuid = act["id"].as_str().unwrap().parse().unwrap();
    let body = AgencyActBody { on: "2026-03-02".parse().unwrap(), number: Some("1".into()) };
    let content = ActContent::new("record_agency_act", id, world.people["officer"].post, &body);
    let confirmation = format!("/v1/agency-acts/{id}/confirmation");
    world.post("officer", &confirmation, &json!({"on": "2026-03-02"})).await.expect_problem("conflict");
    let by_card = json!({"on": "2026-03-02", "number": "1", "endorsement": world.sign("officer", &content)});
    world
        .post("officer", &format!("/v1/agency-acts/{id}/record"), &by_card)
        .await
        .expect_problem("endorsement-invalid");
    let seal = SoftCard::new(world.office_certificate.clone());
    let endorsement = Endorsement::sign(&seal, &content, world.app.clock.now()).unwrap();
    let signed = json!({"on": "2026-03-02", "number": "1", "endorsement": endorsement});
    let _ = world.post("officer", &format!("/v1/agency-acts/{id}/record"), &signed).await.expect_status(200);
    let open = world.get("officer", "/v1/obligations?clause=I3.6&state=open").await.expect_status(200);
    assert_eq!(open["items"][0]["duty"], "I3.6.confirmation", "{open:#}");
    let _ = world.post("officer", &confirmation, &json!({"on": "2026-03-02"})).await.expect_status(200);
    let open = world.get("officer", "/v1/obligations?clause=I3.6&state=open").await.expect_status(200);
    assert_eq!(open["items"], json!([]));
}
