//! What reads bytes from outside, as targets for a fuzzer, with seeds that get past the first checks. `scripts/fuzz-parsers`
//! runs them; the tests here run every target on every seed, whole and cut off.

use std::sync::{Arc, LazyLock};

use chrono::Duration;
use identity::ocsp::{IssuerHash, OcspRequest};
use identity::pki::{AnswerTerms, ListTerms, Responder, Revoked, Validity, signed_list};
use identity::{
    AccessGrant, AssertionKind, AssertionRequest, CardHolder, Certificate, Credential, Crl, DevPki, KeyKind,
    OcspStatus, PkiError, PrincipalKind, Purpose, Role, SignedDataOptions, TokenIssuer, TokenVerifier,
    TrustAnchors, assertion_signing_input, sign_assertion, sign_signed_data, verify_assertion,
    verify_pkcs7_assertion, verify_signed_data,
};
use kernel::Instant;
use kernel::ids::{PersonId, PostId};
use query_log::{Verdict, Verifier};
use query_registry_types::import::FileFormat;
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::entry_proof::EntryProof;
use transparency::note::Signer;
use transparency::policy::Policy;
use transparency::tile::Tile;
use transparency::witness::Request as WitnessRequest;
use transparency::{Frontier, Growth, Hash};
use uuid::Uuid;

const AUDIENCE: &str = "https://account/token";
const CONTENT: &[u8] = b"what was prepared";

/// One reader of bytes from outside.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Gives it bytes. It may refuse them in any way but by a panic.
    pub run: fn(&[u8]),
    /// Bytes that it takes, to begin with.
    pub seeds: fn(&Seeds) -> anyhow::Result<Vec<Vec<u8>>>,
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "certificate", run: certificate, seeds: certificates },
    Target { name: "pkcs7", run: pkcs7, seeds: messages },
    Target { name: "assertion", run: assertion, seeds: assertions },
    Target { name: "token", run: token, seeds: tokens },
    Target { name: "revocation-list", run: revocation_list, seeds: revocation_lists },
    Target { name: "ocsp-answer", run: ocsp_answer, seeds: ocsp_answers },
    Target { name: "log-proof", run: log_proof, seeds: log_proofs },
    Target { name: "log-bundle", run: log_bundle, seeds: log_bundles },
    Target { name: "import-file", run: import_file, seeds: import_files },
    Target { name: "personnel-file", run: personnel_file, seeds: personnel_files },
];

fn now() -> Instant {
    Instant::from_timestamp(1_770_000_000, 0).unwrap_or_default()
}

fn certificate(bytes: &[u8]) {
    if let Ok(certificate) = Certificate::parse(bytes) {
        std::hint::black_box((certificate.subject(), certificate.key_id()));
    }
}

fn pkcs7(bytes: &[u8]) {
    let anchors = TrustAnchors::new();
    assert!(verify_signed_data(bytes, CONTENT, &anchors, now()).is_err(), "nobody is trusted");
    assert!(verify_pkcs7_assertion(bytes, &anchors, AUDIENCE, now()).is_err(), "nobody is trusted");
}

fn assertion(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let seen = verify_assertion(AssertionKind::Login, text, &TrustAnchors::new(), AUDIENCE, now());
    assert!(seen.is_err(), "nobody is trusted");
}

fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let verifier = TokenVerifier::new(TrustAnchors::new(), AUDIENCE);
    assert!(verifier.verify(text, now()).is_err(), "nobody is trusted");
}

fn revocation_list(bytes: &[u8]) {
    let seen = Crl::read(bytes, &TrustAnchors::new(), Purpose::Citizen, now());
    assert!(seen.is_err(), "nobody is trusted");
}

/// A question about a card of an authority that made none of the seeds.
static QUESTION: LazyLock<Option<OcspRequest>> = LazyLock::new(|| {
    let seeds = Seeds::new().ok()?;
    seeds.question(seeds.cards.first()?).ok()
});

fn ocsp_answer(bytes: &[u8]) {
    let question = QUESTION.as_ref().map(|question| question.answer(bytes.to_vec(), now()));
    assert!(question.is_some_and(|answer| answer.is_err()), "the authority did not sign this");
}

fn log_proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let nobody = Policy::unwitnessed(vec![]);
    assert!(nobody.judge(text).is_err(), "nobody is trusted");
    if let Ok(proof) = EntryProof::parse(text) {
        assert!(proof.verify(Hash::leaf(bytes), &[]).is_err(), "nobody is trusted");
    }
    if let Ok(request) = WitnessRequest::parse(text) {
        assert!(request.judge(&[], None).is_err(), "nobody is trusted");
    }
    std::hint::black_box((text.parse::<Policy>().is_ok(), text.parse::<Tile>().is_ok()));
}

fn log_bundle(bytes: &[u8]) {
    let mut verifier = Verifier::new([]);
    if verifier.bundle(bytes).is_ok() {
        assert!(verifier.finish().verdict != Verdict::Intact, "nothing is trusted");
    }
}

fn import_file(bytes: &[u8]) {
    for format in [FileFormat::Csv, FileFormat::Xlsx, FileFormat::Ods] {
        if let Err(errors) = query_registry::domain::import_file::platform(bytes, format, now()) {
            assert!(!errors.is_empty(), "refused without a reason");
        }
    }
}

fn personnel_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(errors) = account::domain::personnel::parse(text) {
        assert!(!errors.is_empty(), "refused without a reason");
    }
}

/// What seeds are made of.
pub struct Seeds {
    pki: DevPki,
    cards: Vec<Credential>,
}

impl Seeds {
    /// A card of every kind of key.
    pub fn new() -> Result<Self, PkiError> {
        let pki = DevPki::generate()?;
        let holder = CardHolder { name: "林測試", serial_number: "TP00000000000001", last_four: "6789" };
        let cards = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048]
            .into_iter()
            .map(|kind| pki.issue_card_with(holder, kind, Validity::around(now())))
            .chain([
                pki.issue_agency("社會局", "2.16.886.101.90028", now()),
                pki.issue_service("account", now()),
            ])
            .collect::<Result<_, _>>()?;
        Ok(Self { pki, cards })
    }

    /// The authority of the citizen cards, with its key.
    fn authority(&self) -> anyhow::Result<&Credential> {
        let key_id = Certificate::parse(self.pki.authority_der(Purpose::Citizen))?.key_id();
        self.pki.authority_by_key_id(&key_id).ok_or_else(|| anyhow::anyhow!("no citizen authority"))
    }

    fn question(&self, card: &Credential) -> anyhow::Result<OcspRequest> {
        let issuer = Arc::new(self.authority()?.certificate().clone());
        Ok(OcspRequest::new(card.certificate(), issuer, IssuerHash::Sha256, Some([7; 32])))
    }
}

fn login() -> AssertionRequest<'static> {
    AssertionRequest {
        kind: AssertionKind::Login,
        client_id: None,
        audience: AUDIENCE,
        jti: "nonce",
        ttl: Duration::seconds(120),
        client_thumbprint: Some("thumb"),
        place: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one type for every target's seeds")]
fn certificates(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    Ok(seeds.cards.iter().flat_map(|card| card.chain_der().to_vec()).collect())
}

fn messages(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut messages = vec![];
    for card in &seeds.cards {
        let input = assertion_signing_input(&login(), card.chain_der(), now())?;
        for content in [CONTENT, input.as_bytes()] {
            for bits in 0..8 {
                let options = SignedDataOptions {
                    detached: bits & 1 != 0,
                    attributes: bits & 2 != 0,
                    signing_time: (bits & 2 != 0).then(now),
                    by_key_id: bits & 4 != 0,
                };
                messages.push(sign_signed_data(card, content, options)?);
            }
        }
    }
    Ok(messages)
}

fn assertions(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    seeds.cards.iter().map(|card| Ok(sign_assertion(card, &login(), now())?.into_bytes())).collect()
}

fn tokens(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let (person, post) = (PersonId(Uuid::nil()), PostId(Uuid::nil()));
    let grant = AccessGrant {
        kind: PrincipalKind::Person { person, post },
        subject: person.to_string(),
        client_id: "console".into(),
        token_id: "token".into(),
        as_of: 0,
        name: None,
        agency: None,
        oversees: false,
        provides: std::collections::BTreeSet::new(),
        unit: None,
        roles: [Role::User].into(),
        system: None,
        place: Some([203, 0, 113, 7].into()),
        acting_for: Some(post),
        emergency: None,
        cnf: None,
        session: None,
    };
    let token = |card: &Credential| {
        let issuer = TokenIssuer::new(card.clone(), "https://account")?;
        Ok(issuer.issue(&grant, &[AUDIENCE], now(), Duration::minutes(10))?.into_bytes())
    };
    seeds.cards.iter().map(token).collect()
}

fn revocation_lists(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let terms = ListTerms { number: 7, this_update: now(), next_update: now() + Duration::days(1) };
    let revoked = |n: u8| Revoked { serial: hex::encode([n; 16]), since: now() };
    let list = |count: u8| {
        let revoked: Vec<Revoked> = (0..count).map(revoked).collect();
        Ok(signed_list(seeds.authority()?, terms, &revoked, &[])?)
    };
    [0, 1, 40].into_iter().map(list).collect()
}

fn log_proofs(_: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let (log, witness) = (Signer::new("log.example/a", &[1; 32])?, Signer::witness("w.example", &[2; 32])?);
    let mut tree = Growth::new(Frontier::default());
    (0..5_u8).for_each(|n| tree.push(Hash::leaf(&[n]), |_, _| {}));
    let head = Checkpoint::new(log.name(), 5, tree.edge().root());
    let note = head.sign(&log) + &cosign(&witness, &head.text(), 1_770_000_000);
    let path = tree.inclusion(3).unwrap_or_default();
    let proof = EntryProof { extra: Some(vec![3]), index: 3, path: path.clone(), checkpoint: note.clone() };
    let request = WitnessRequest { old: 4, proof: path, note: note.clone() };
    let keys = (log.verifier(), witness.verifier());
    let policy = format!("log {}\nwitness w {}\ngroup g any w\nquorum g\n", keys.0, keys.1);
    let texts = [note, proof.to_string(), request.to_string(), policy, "tile/0/x001/234.p/7".to_owned()];
    Ok(texts.into_iter().map(String::into_bytes).collect())
}

fn log_bundles(_: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let header = "{\"at\":\"2026-01-15T01:59:59.000000Z\",\"index\":0,\"kind\":\"refusal\",\"log\":\"three-year\",\
                  \"recorded_at\":\"2026-01-15T02:00:00.000123Z\"}";
    let leaf = Hash::leaf(&[&[query_log::header::HEADER_VERSION], header.as_bytes()].concat());
    let lines = [
        serde_json::json!({"type": "bundle", "version": 2, "log": "three-year", "first_kept": 0, "from": 0, "until": 1,
            "edge": []}),
        serde_json::json!({"type": "entry", "index": 0, "month": "2026-01", "version": 1, "header": header,
            "leaf_hash": leaf}),
        serde_json::json!({"type": "end", "count": 1}),
    ];
    let whole: Vec<String> =
        lines.iter().map(|line| Ok(serde_json::to_string(line)? + "\n")).collect::<anyhow::Result<_>>()?;
    let checkpoint = "{\"type\":\"checkpoint\",\"size\":1,\"note\":\"log.example/three-year\\n1\\n\"}\n";
    let [first, entry, end] = whole.as_slice() else { return Ok(vec![]) };
    let texts = [whole.concat(), format!("{first}{entry}"), format!("{first}{checkpoint}{entry}{end}")];
    Ok(texts.into_iter().map(String::into_bytes).collect())
}

fn ocsp_answers(seeds: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let authority = seeds.authority()?;
    let delegate = DevPki::issue_responder(authority, Validity::around(now()), true)?;
    let mut answers = vec![];
    for responder in [Responder::authority(authority), Responder::delegate(delegate)] {
        for status in [OcspStatus::Good, OcspStatus::Unknown, OcspStatus::Revoked { since: now() }] {
            for next_update in [None, Some(now() + Duration::minutes(5))] {
                let terms = AnswerTerms { this_update: now(), next_update };
                let question = seeds.question(seeds.cards.first().unwrap_or(authority))?;
                answers.push(responder.answer(question.der(), terms, |_| status)?);
            }
        }
    }
    Ok(answers)
}

#[expect(clippy::unnecessary_wraps, reason = "one type for every target's seeds")]
fn import_files(_: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let header = "查詢時間,作業帳號,使用者,案件編號,查詢條件,資料來源,查調事由";
    let line = "2026-01-05 09:30:00,ks0001,王測試,A-1,A000000001,戶役政,急難救助";
    Ok([
        header.to_owned(),
        format!("{header}\n{line}\n"),
        format!("\u{feff}{header}\r\n\"{line}\"\r\n,,,,,,\r\n"),
    ]
    .map(String::into_bytes)
    .to_vec())
}

#[expect(clippy::unnecessary_wraps, reason = "one type for every target's seeds")]
fn personnel_files(_: &Seeds) -> anyhow::Result<Vec<Vec<u8>>> {
    let header = "通報日期,生效日期,員工代號,異動代碼";
    let line = "2026-01-05,2026-01-06,ks0001,retirement";
    Ok([
        header.to_owned(),
        format!("{header}\n{line}\n"),
        format!("\u{feff}{header},備註\r\n{line},\"a\"\"b\"\r\n"),
    ]
    .map(String::into_bytes)
    .to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_takes_its_seeds_whole_and_cut_off() {
        let seeds = Seeds::new().unwrap();
        for target in TARGETS {
            let made = (target.seeds)(&seeds).unwrap();
            assert!(made.len() > 2, "{}", target.name);
            for seed in made {
                (target.run)(&seed);
                for end in (0..seed.len()).step_by(7) {
                    (target.run)(&seed[..end]);
                }
            }
        }
    }
}
