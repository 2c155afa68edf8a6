//! `datawarden verify-endorsement` over what a service keeps: a record with its list, the governance log, a later list.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::process::Command;

use chassis::endorsements::{self, Matter};
use chrono::{DateTime, Duration, Utc};
use identity::record::EndorsementBundles;
use identity::{Endorsement, Role};
use kernel::Clock as _;
use query_log::{GOVERNANCE, QueryLog};
use query_registry::state::Registry;
use serde_json::{Value, json};
use testkit::{TestApp, TestPerson};
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::Signer;

/// Years later: the card has expired, its authority has not.
const LATER: [&str; 2] = ["--at", "2035-01-01T00:00:00Z"];

/// An endorsement that the registry took and logged, as files.
struct Court {
    app: TestApp,
    person: TestPerson,
    content: Value,
}

/// What the command said, and whether it failed.
struct Said {
    text: String,
    good: bool,
}

impl Court {
    async fn convene() -> Self {
        let app = TestApp::of(query_registry::service()).start().await;
        let person = app.person("chief", "office", &[Role::ResponsibleSupervisor]);
        let content = json!({"report": 7, "lines": ["in order"]});
        let endorsement = Endorsement::sign(&person.card, &content, app.clock.now()).unwrap();
        let card = endorsement.verify(&content, &app.context().anchors(), app.clock.now()).unwrap();
        let enter = async |tx: &mut chassis::Tx| {
            let taken = endorsement.clone();
            query_registry::governance::enter_endorsement(
                tx,
                "report-endorsement",
                taken,
                (&card, Matter::default()),
            )
            .await
        };
        app.context().transaction(enter).await.unwrap();
        app.advance(Duration::seconds(2)).await;
        let court = Self { app, person, content };
        let context = court.app.context();
        let items = endorsements::bundles(context, &endorsement.content_digest, (None, None)).await;
        let items = items.unwrap();
        court.write("bundle.json", &serde_json::to_vec(&EndorsementBundles { items }).unwrap());
        court.write("content.json", &serde_json::to_vec(&court.content).unwrap());
        let mut log = vec![];
        let registry = court.app.context().state::<Registry>();
        registry.log.export_bundle(GOVERNANCE, 0..u64::MAX, &mut log).await.unwrap();
        court.write("log.ndjson", &log);
        let head = registry.log.head(GOVERNANCE).await.unwrap();
        court.write("heads.json", &serde_json::to_vec(&head).unwrap());
        court.witness(&registry.log).await;
        court
    }

    /// A policy that wants a witness, and a checkpoint that it cosigned.
    async fn witness(&self, log: &QueryLog) {
        let witness = Signer::witness("witness.example", &[9; 32]).unwrap();
        let key = log.verifier_key(GOVERNANCE).await.unwrap();
        let policy = format!("log {key}\nwitness one {}\nquorum one\n", witness.verifier());
        self.write("policy.txt", policy.as_bytes());
        let note = log.checkpoint(GOVERNANCE).await.unwrap().note;
        let at: DateTime<Utc> = "2026-03-03T04:00:00Z".parse().unwrap();
        let at = u64::try_from(at.timestamp()).unwrap();
        let line = cosign(&witness, &Checkpoint::parse(&note).unwrap().text(), at);
        self.write("seen.txt", (note + &line).as_bytes());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.app.folder().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs the command on `bundle` with `more`; names that are files of the court stand for their paths.
    fn verify(&self, bundle: &str, more: &[&str]) -> Said {
        let file = |word: &&str| {
            let path = self.path(word);
            if path.exists() { path.into_os_string() } else { (*word).into() }
        };
        let output = Command::new(env!("CARGO_BIN_EXE_datawarden"))
            .arg("verify-endorsement")
            .arg(self.path(bundle))
            .arg("--roots")
            .arg(self.path("roots"))
            .args(more.iter().map(file))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        Said { text, good: output.status.success() }
    }

    /// With content and log, years later.
    fn whole(&self, more: &[&str]) -> Said {
        let all = ["--content", "content.json", "--log", "log.ndjson"];
        self.verify("bundle.json", &[&all[..], &LATER[..], more].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_years_later_and_is_dated_against_a_revocation() {
    let court = Court::convene().await;
    let said = court.whole(&[]);
    assert!(said.good, "{}", said.text);
    for words in [
        "content: ",
        "it has expired since",
        "revocation list: number 1",
        "not revoked at the time of signing",
        "of governance",
        "under no head that you trust",
        "not by a witness",
        "結論：核章有效",
        "未經外部見證",
    ] {
        assert!(said.text.contains(words), "{words}: {}", said.text);
    }
    // Witnesses saw the log at noon of the next day: that is when it is dated to, whatever the log says itself.
    let policy = ["--policy", "policy.txt", "--kept", "seen.txt"];
    let witnessed = court.whole(&policy);
    for words in [
        "under a head that you trust",
        "that the witnesses had seen",
        "Dated 2026-03-03T04:00:00Z",
        "業經外部見證",
    ] {
        assert!(witnessed.good && witnessed.text.contains(words), "{words}: {}", witnessed.text);
    }
    let before = court.whole(&[&policy[..], &["--revoked-at", "2026-03-03T03:00:00Z"]].concat());
    assert!(!before.good && before.text.contains("nothing dates it before"), "{}", before.text);
    assert!(court.whole(&[&policy[..], &["--revoked-at", "2026-03-03T05:00:00Z"]].concat()).good);
    let anchored = court.whole(&["--trusted", "heads.json"]);
    assert!(anchored.good && anchored.text.contains("under a head that you trust"), "{}", anchored.text);

    court.app.advance(Duration::hours(1)).await;
    court.app.revoke_card(&court.person.card).await;
    let key_id = court.person.card.credential().certificate().issuer_key_id();
    let list = format!("crl/{key_id}.crl");
    let revoked = court.whole(&["--crl", &list]);
    assert!(revoked.good && revoked.text.contains("made before the revocation"), "{}", revoked.text);
    let undated = court.verify("bundle.json", &["--content", "content.json", "--crl", &list]);
    assert!(!undated.good && undated.text.contains("結論：核章不成立"), "{}", undated.text);
    let earlier = court.whole(&["--crl", &list, "--revoked-at", "2026-03-01T00:00:00Z"]);
    assert!(!earlier.good && earlier.text.contains("nothing dates it before"), "{}", earlier.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_content_bundle_or_log_is_refused() {
    let court = Court::convene().await;
    court.write("content.json", br#"{"report": 8, "lines": ["in order"]}"#);
    let said = court.whole(&[]);
    assert!(!said.good && said.text.contains("FAILED content"), "{}", said.text);
    court.write("content.json", &serde_json::to_vec(&court.content).unwrap());
    assert!(court.whole(&[]).good);

    let log = std::fs::read_to_string(court.path("log.ndjson")).unwrap();
    court.write("log.ndjson", log.replace("report-endorsement", "copy-decision").as_bytes());
    let said = court.whole(&[]);
    assert!(!said.good && said.text.contains("FAILED log: broken at entry"), "{}", said.text);
    let kept: Vec<&str> = log.lines().filter(|line| !line.contains("report-endorsement")).collect();
    court.write("log.ndjson", (kept.join("\n") + "\n").as_bytes());
    assert!(!court.whole(&[]).good, "a log without the entry");
    court.write("log.ndjson", log.as_bytes());

    let mut bundle: Value =
        serde_json::from_slice(&std::fs::read(court.path("bundle.json")).unwrap()).unwrap();
    bundle["items"][0]["record"]["accepted_at"] = json!("2026-01-01T00:00:00Z");
    court.write("bundle.json", &serde_json::to_vec(&bundle).unwrap());
    let said = court.whole(&[]);
    assert!(!said.good && said.text.contains("FAILED record"), "{}", said.text);
    // A digest that fits the altered record is none that the log holds.
    let found: identity::EndorsementRecord =
        serde_json::from_value(bundle["items"][0]["record"].take()).unwrap();
    bundle["items"][0]["digest"] = json!(found.digest().unwrap());
    bundle["items"][0]["record"] = serde_json::to_value(&found).unwrap();
    court.write("bundle.json", &serde_json::to_vec(&bundle).unwrap());
    let said = court.whole(&[]);
    assert!(!said.good && said.text.contains("no entry of this endorsement"), "{}", said.text);
}
