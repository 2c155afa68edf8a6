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
use query_registry_types::import::FileFormat;
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
pub const TARGETS: [Target; 8] = [
    Target { name: "certificate", run: certificate, seeds: certificates },
    Target { name: "pkcs7", run: pkcs7, seeds: messages },
    Target { name: "assertion", run: assertion, seeds: assertions },
    Target { name: "token", run: token, seeds: tokens },
    Target { name: "revocation-list", run: revocation_list, seeds: revocation_lists },
    Target { name: "ocsp-answer", run: ocsp_answer, seeds: ocsp_answers },
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
