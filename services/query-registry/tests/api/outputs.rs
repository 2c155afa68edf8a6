//! Prints are filed, copies are approved first.

use identity::Endorsement;
use obligations::ObligationState;
use query_registry_types::events::OutputRecorded;
use query_registry_types::outputs::{ApproveCopy, CopyDecision, CopyRequestView, Output};
use query_registry_types::queries::QueryAnswer;
use retention_types::events::OutputSettled;
use serde_json::json;

use crate::stage::Stage;

#[actix_web::test]
async fn a_print_is_owed_to_its_case_until_retention_says_it_is_filed() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let path = format!("/v1/queries/{}/outputs", answer.query);
    let body = json!({"kind": "print", "count": 1});
    let output: Output = stage.app.post(&path, &stage.token(), &body).await.json(201);
    assert_eq!(output.case, stage.case);
    assert_eq!(stage.app.published::<OutputRecorded>().await.len(), 1);
    let open =
        stage.app.get("/v1/obligations?state=open&clause=H3.2", &stage.token()).await.expect_status(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    let settled =
        OutputSettled { output: output.id, state: "filed".into(), on: "2026-03-02".parse().unwrap() };
    stage.app.feed("retention", &settled).await;
    let id = open["items"][0]["id"].as_str().unwrap();
    let duty: obligations::Obligation =
        stage.app.get(&format!("/v1/obligations/{id}"), &stage.token()).await.json(200);
    assert_eq!(duty.state, ObligationState::Done);
    let outputs = stage.app.get(&path, &stage.token()).await.expect_status(200);
    assert_eq!(outputs["items"][0]["state"], "filed");
    stage.strike().await;
}

#[actix_web::test]
async fn a_copy_needs_the_unit_supervisors_approval_first() {
    let stage = Stage::set().await;
    let application = stage.endorsed().await;
    let answer: QueryAnswer = stage.query(&stage.ask(application.id, 0)).await.json(200);
    let outputs = format!("/v1/queries/{}/outputs", answer.query);
    let copy = json!({"kind": "copy", "count": 2});
    stage.app.post(&outputs, &stage.token(), &copy).await.expect_problem("copy-not-approved");
    let requests = format!("/v1/queries/{}/copy-requests", answer.query);
    let body = json!({"reason": "訴願答辯需檢附影本", "count": 2});
    let request: CopyRequestView = stage.app.post(&requests, &stage.token(), &body).await.json(201);
    let copy = json!({"kind": "copy", "count": 2, "copy_request": request.id});
    stage.app.post(&outputs, &stage.token(), &copy).await.expect_problem("copy-not-approved");

    let decision = CopyDecision { request: request.id, query: request.query, count: 2, approved: true };
    let now = kernel::Clock::now(&stage.app.clock);
    let endorsement = Endorsement::sign(&stage.unit_supervisor.card, &decision, now).unwrap();
    let body = ApproveCopy { decision, endorsement };
    let path = format!("/v1/copy-requests/{}/decision", request.id);
    let mut self_made = stage.user.clone();
    self_made.roles.insert(identity::Role::UnitSupervisor);
    stage.app.post(&path, &stage.app.token(&self_made), &body).await.expect_problem("card-not-bound");
    let own = ApproveCopy {
        endorsement: Endorsement::sign(&stage.user.card, &body.decision, now).unwrap(),
        decision: body.decision.clone(),
    };
    stage.app.post(&path, &stage.app.token(&self_made), &own).await.expect_problem("own-matter");
    let token = stage.app.token(&stage.unit_supervisor);
    let decided: CopyRequestView = stage.app.post(&path, &token, &body).await.json(200);
    assert_eq!(decided.state, "approved");
    let _ = stage.app.post(&outputs, &stage.token(), &copy).await.expect_status(201);
    stage.app.post(&outputs, &stage.token(), &copy).await.expect_problem("copy-not-approved");
    stage.strike().await;
}
