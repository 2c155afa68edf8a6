//! Tokens: the first look at one, and every later one, and beside them what the library alone takes for the signature
//! over the whole token. Medians over rounds some time apart: what else the machine does is not the token's cost, and one that
//! others share is slower by a third for seconds at a time.

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::{AccessGrant, DevPki, PrincipalKind, PublicKey, Role, TokenIssuer, TokenVerifier};
use kernel::{Clock as _, SystemClock};
use uuid::Uuid;

use super::{Figure, quantile};

const ROUNDS: u32 = 12;
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(250);
const TOKENS: u32 = 300;
/// Of each round; they come first, as a processor that has been idle is slow at first.
const LOOKS: u32 = 100_000;
/// Looks that are timed together: one is too short for the clock.
const BATCH: u32 = 100;

pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let (pki, now) = (DevPki::generate()?, SystemClock.now());
    let credential = pki.issue_service("account", now)?;
    let PublicKey::P256(point) = credential.certificate().public_key() else { return Ok(vec![]) };
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?;
    let issuer = TokenIssuer::new(credential.clone(), "issuer")?;
    let tokens = (0..=TOKENS)
        .map(|n| {
            let id = Uuid::from_u128(n.into());
            let grant = AccessGrant {
                kind: PrincipalKind::Person { person: id.into(), post: id.into() },
                subject: id.to_string(),
                client_id: "bench".into(),
                token_id: id.to_string(),
                as_of: i64::MAX,
                name: None,
                agency: Some(id.into()),
                oversees: false,
                provides: std::collections::BTreeSet::new(),
                unit: Some(id.into()),
                roles: [Role::User].into(),
                system: None,
                place: None,
                acting_for: None,
                emergency: None,
                cnf: None,
                session: None,
            };
            issuer.issue(&grant, &["bench"], now, chrono::Duration::minutes(10))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let Some((first, rest)) = tokens.split_first() else { return Ok(vec![]) };
    let (mut cached, mut uncached, mut bare) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        std::thread::sleep(PAUSE);
        let verifier = TokenVerifier::new(pki.anchors()?, "bench");
        for _ in 0..LOOKS / BATCH {
            let begun = Instant::now();
            for _ in 0..BATCH {
                verifier.verify(first, now)?;
            }
            cached.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH));
        }
        for token in rest {
            let begun = Instant::now();
            verifier.verify(token, now)?;
            uncached.push(begun.elapsed().as_secs_f64() * 1e6);
            let (input, signature) = token.rsplit_once('.').unwrap_or_default();
            let signature = URL_SAFE_NO_PAD.decode(signature)?;
            let begun = Instant::now();
            key.verify_sig(input.as_bytes(), &signature)?;
            bare.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    let median = |mut times: Vec<f64>| quantile(&mut times, 0.5);
    Ok(vec![
        Figure::lower("token verification, cached", median(cached), "µs", 2.0),
        Figure::lower("token verification, ES256, not cached", median(uncached), "µs", 60.0),
        Figure::lower("its signature alone, key parsed, aws-lc-rs", median(bare), "µs", 60.0),
    ])
}
