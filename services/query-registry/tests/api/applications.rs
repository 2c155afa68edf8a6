//! Query applications: complete, sealed by the right card, endorsed by somebody else of the same agency.

use account_types::events::AccountStatus;
use chrono::Duration;
use identity::record::EndorsementBundles;
use identity::{Certificate, Endorsement, OcspStatus, Purpose};
use kernel::Clock as _;
use query_registry_types::applications::{
    ApplicationContent, CreateQueryApplication, QueryApplicationDetail, QueryApplicationView,
};
use serde_json::json;
use testkit::OcspServer;

use crate::stage::{Stage, person_event};

type Change = fn(&mut ApplicationContent);

#[actix_web::test]
async fn what_is_not_complete_is_not_taken() {
    let stage = Stage::set().await;
    let cases: [(&str, Change); 8] = [
        ("reason-missing", |c| c.reason = "  ".into()),
        ("application-incomplete", |c| c.items.clear()),
        ("application-incomplete", |c| c.persons.clear()),
        ("application-incomplete", |c| c.legal_basis = "other".into()),
        ("items-not-covered", |c| c.items = ["photo".to_owned()].into()),
        ("legal-basis-not-in-force", |c| c.legal_basis = "household-data-rules-9".into()),
        ("not-at-gate", |c| c.regulation = "immigration".into()),
        ("outside-case", |c| c.case = kernel::ids::CaseId(uuid::Uuid::from_u128(1))),
    ];
    for (code, change) in cases {
        let mut content = stage.content();
        change(&mut content);
        stage.apply(content).await.expect_problem(code);
    }
    for (pointer, change) in [
        ("/content/date", (|c| c.date = "2026-03-01".parse().unwrap()) as Change),
        ("/content/salt", |c| c.salt = "AB".repeat(32)),
        ("/content/persons/0", |c| c.persons[0] = "S000000000".into()),
    ] {
        let mut content = stage.content();
        change(&mut content);
        let problem = stage.apply(content).await.expect_problem("malformed-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    stage.strike().await;
}

#[actix_web::test]
async fn a_seal_needs_the_own_card_and_the_very_content() {
    let stage = Stage::set().await;
    let content = stage.content();
    let now = kernel::Clock::now(&stage.app.clock);
    let foreign = Endorsement::sign(&stage.supervisor.card, &content, now).unwrap();
    let body = CreateQueryApplication { content: content.clone(), endorsement: foreign };
    stage.app.post("/v1/query-applications", &stage.token(), &body).await.expect_problem("card-not-bound");
    let endorsement = Endorsement::sign(&stage.user.card, &content, now).unwrap();
    let mut altered = content;
    altered.items.insert("kinship".to_owned());
    let body = CreateQueryApplication { content: altered, endorsement };
    stage
        .app
        .post("/v1/query-applications", &stage.token(), &body)
        .await
        .expect_problem("endorsement-invalid");
    let mut suspended = stage.account.clone();
    suspended.revision = 2;
    suspended.status = AccountStatus::Suspended;
    stage.feed_account(&suspended).await;
    stage.apply(stage.content()).await.expect_problem("account-not-active");
    stage.strike().await;
}

#[actix_web::test]
async fn one_signature_endorses_many_and_nobody_endorses_his_own() {
    let stage = Stage::set().await;
    let (first, mut other) = (stage.applied().await, stage.content());
    assert!(first.reminder.contains("個人資料保護法"));
    assert!(first.register_number.starts_with("H115-"));
    assert_eq!(first.valid_until, kernel::days::end_of("2026-03-03".parse().unwrap()));
    other.salt = "cd".repeat(32);
    let second: QueryApplicationView = stage.apply(other).await.json(201);
    stage
        .app
        .post("/v1/query-application-endorsements", &stage.token(), &json!({}))
        .await
        .expect_problem("forbidden");

    let mut both = stage.user.clone();
    both.roles.insert(identity::Role::ResponsibleSupervisor);
    stage.endorse_as(&both, &[&first]).await.expect_problem("own-matter");

    let stranger = stage.app.person("stranger", "elsewhere", &[identity::Role::ResponsibleSupervisor]);
    stage.app.feed("account", &person_event(&stranger, 1)).await;
    stage.endorse_as(&stranger, &[&first]).await.expect_problem("not-found");

    let swapped = QueryApplicationView { digest: second.digest.clone(), ..first.clone() };
    stage.endorse_as(&stage.supervisor, &[&swapped]).await.expect_problem("endorsement-invalid");

    let _ = stage.endorse_as(&stage.supervisor, &[&first, &second]).await.expect_status(200);
    stage.endorse_as(&stage.supervisor, &[&first]).await.expect_problem("already-settled");

    let path = format!("/v1/query-applications/{}", first.id);
    let detail: QueryApplicationDetail = stage.app.get(&path, &stage.token()).await.json(200);
    let batch = detail.supervisor_endorsement.unwrap();
    let salt = detail.content.salt_bytes().unwrap();
    let now = kernel::Clock::now(&stage.app.clock);
    batch.verify(&detail.content, &salt, &stage.app.context().anchors(), now).unwrap();
    stage.app.advance(chrono::Duration::minutes(1)).await;
    // One signature for both applications is one record, found by either.
    let auditor = stage.app.token(&stage.auditor);
    let log = stage.text("/v1/logs/governance/bundle", &auditor).await;
    let mut records = std::collections::BTreeSet::new();
    for digest in [&first.digest, &second.digest, &detail.user_endorsement.content_digest] {
        let path = format!("/v1/endorsements/{digest}/evidence");
        let kept: EndorsementBundles = stage.app.get(&path, &auditor).await.json(200);
        let kept = kept.items;
        assert_eq!((kept.len(), kept[0].evidence.len()), (1, 1));
        assert!(kept[0].content.is_none(), "it stays in the register, under its key");
        assert!(log.contains(&kept[0].digest), "the record's digest is in the governance log");
        records.insert(kept[0].digest.clone());
    }
    assert_eq!(records.len(), 2);
    stage.strike().await;
}

#[actix_web::test]
async fn what_is_kept_of_a_stamp_ends_with_the_last_application_under_it() {
    let stage = Stage::set().await;
    let (first, mut other) = (stage.applied().await, stage.content());
    other.salt = "cd".repeat(32);
    let second: QueryApplicationView = stage.apply(other).await.json(201);
    let _ = stage.endorse_as(&stage.supervisor, &[&first, &second]).await.expect_status(200);
    let auditor = stage.app.token(&stage.auditor);
    let path = format!("/v1/endorsements/{}/evidence", second.digest);
    for (id, of_second) in [(first.id, true), (second.id, false)] {
        let end = async |tx: &mut chassis::Tx| chassis::endorsements::end(tx.conn(), &[id.0]).await;
        // Its user's seal each time; the stamp over both with the second.
        let ended = stage.app.context().transaction(end).await.unwrap();
        assert_eq!(ended, if of_second { 1 } else { 2 });
        let answer = stage.app.get(&path, &auditor).await;
        if of_second {
            let _ = answer.expect_status(200);
        } else {
            answer.expect_problem("not-found");
        }
    }
    stage.strike().await;
}

#[actix_web::test]
async fn what_other_services_endorse_is_in_the_log_and_its_bundle_verifies() {
    let stage = Stage::set().await;
    let digest = "5e".repeat(32);
    let taken = retention_types::events::EndorsementTaken { digest: digest.clone() };
    stage.app.feed("retention", &taken).await;
    stage.app.advance(chrono::Duration::minutes(1)).await;
    let auditor = stage.app.token(&stage.auditor);
    let bundle = stage.text("/v1/logs/governance/bundle", &auditor).await;
    assert!(bundle.contains(&digest));
    let head = stage.registry().log.head(query_log::GOVERNANCE).await.unwrap();
    let size = head.size;
    let mut verifier = query_log::Verifier::new([head]);
    verifier.bundle(bundle.as_bytes()).unwrap();
    assert_eq!(verifier.finish().verdict, query_log::Verdict::Intact);
    let last = stage.text(&format!("/v1/logs/governance/bundle?from={}", size - 1), &auditor).await;
    let of_kind = |kind| last.lines().filter(|line| line.contains(&format!("\"type\":\"{kind}\""))).count();
    assert_eq!(["bundle", "entry", "end"].map(of_kind), [1, 1, 1]);
    stage.app.get("/v1/logs/no-such/bundle", &auditor).await.expect_problem("not-found");
    for beyond in ["from=-1", "until=-1", "until=9223372036854775808"] {
        let path = format!("/v1/logs/governance/bundle?{beyond}");
        stage.app.get(&path, &auditor).await.expect_problem("malformed-request");
    }
    stage.app.get("/v1/logs/governance/bundle", &stage.token()).await.expect_problem("forbidden");
    stage.strike().await;
}

#[actix_web::test]
async fn a_returned_or_expired_application_is_never_used() {
    let stage = Stage::set().await;
    let application = stage.applied().await;
    let path = format!("/v1/query-applications/{}/return", application.id);
    let reason = json!({"reason": "查調事由不明"});
    let token = stage.app.token(&stage.supervisor);
    let returned = stage.app.post(&path, &token, &reason).await.expect_status(200);
    assert_eq!(returned["state"], "returned");
    stage.endorse_as(&stage.supervisor, &[&application]).await.expect_problem("already-settled");
    stage.query(&stage.ask(application.id, 0)).await.expect_problem("application-not-endorsed");
    let mut late = stage.content();
    late.salt = "cd".repeat(32);
    let late: QueryApplicationView = stage.apply(late).await.json(201);
    // A rhythm counts from the first time that it is looked at.
    stage.app.advance(chrono::Duration::zero()).await;
    stage.app.advance(chrono::Duration::days(2)).await;
    stage.endorse_as(&stage.supervisor, &[&late]).await.expect_problem("application-expired");
    let platform = identity::Principal {
        kind: identity::PrincipalKind::System,
        roles: [identity::Role::AgencySystem].into(),
        ..stage.user.principal()
    };
    let token = stage.app.token_for(&platform);
    // A change shows when every transaction of the server that began before it has ended: other tests' too.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    let (mut after, mut told) = (String::new(), vec![]);
    let end = ("application-expired".to_owned(), json!(late.id));
    while told.last() != Some(&end) {
        assert!(tokio::time::Instant::now() < deadline, "{told:?}");
        let page = stage.app.get(&format!("/v1/changes?limit=1{after}"), &token).await.expect_status(200);
        after = format!("&after={}", page["next"].as_str().unwrap());
        for change in page["items"].as_array().unwrap() {
            assert_eq!(change["agency"], json!(stage.user.agency));
            told.push((change["kind"].as_str().unwrap().to_owned(), change["subject"].clone()));
        }
    }
    let of = |id| told.iter().filter(|(_, s)| *s == json!(id)).map(|(k, _)| k.as_str()).collect::<Vec<_>>();
    assert_eq!(of(application.id), ["application-submitted", "application-returned"]);
    assert_eq!(of(late.id), ["application-submitted", "application-expired"]);
    assert!(told.iter().any(|(kind, _)| kind == "case-registered"), "{told:?}");
    let rest = stage.app.get(&format!("/v1/changes?limit=1{after}"), &token).await.expect_status(200);
    assert_eq!(rest["items"], json!([]));
    assert_eq!(format!("&after={}", rest["next"].as_str().unwrap()), after, "the cursor stays good");
    stage.strike().await;
}

#[actix_web::test]
async fn a_responder_is_asked_before_an_endorsement_and_its_answer_counts() {
    let server = OcspServer::start();
    let responder = server.clone();
    let stage = Stage::set_with(move |settings, pki| responder.decides_alone(settings, pki)).await;
    let pki = &stage.app.pki;
    let issuer = Certificate::parse(pki.authority_der(Purpose::Citizen)).unwrap();
    let authority = pki.authority_by_key_id(&issuer.key_id()).unwrap();
    let now = || stage.app.clock.now();
    server.set(OcspStatus::Good, now(), authority);
    let application = stage.applied().await;
    assert_eq!(server.asked(), 1);
    stage.app.clock.advance(Duration::minutes(2));
    server.set(OcspStatus::Revoked { since: now() }, now(), authority);
    let refused = stage.endorse_as(&stage.supervisor, &[&application]).await;
    let problem = refused.expect_problem("endorsement-invalid");
    assert_eq!(problem["errors"][0]["detail"], "certificate-revoked");
    stage.apply(stage.content()).await.expect_problem("endorsement-invalid");
    assert_eq!(server.asked(), 3);
    stage.strike().await;
}
