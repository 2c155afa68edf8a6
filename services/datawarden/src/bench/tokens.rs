//! Tokens: the first look at one, and every later one.

use std::time::Instant;

use identity::{AccessGrant, DevPki, PrincipalKind, Role, TokenIssuer, TokenVerifier};
use kernel::{Clock as _, SystemClock};
use uuid::Uuid;

use super::Figure;

const TOKENS: u32 = 300;
const LOOKS: u32 = 20_000;

pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let (pki, now) = (DevPki::generate()?, SystemClock.now());
    let issuer = TokenIssuer::new(pki.issue_service("account", now)?, "issuer")?;
    let verifier = TokenVerifier::new(pki.anchors()?, "bench");
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
    verifier.verify(first, now)?;
    let begun = Instant::now();
    for token in rest {
        verifier.verify(token, now)?;
    }
    let uncached = begun.elapsed().as_secs_f64() * 1e6 / f64::from(TOKENS);
    let begun = Instant::now();
    for _ in 0..LOOKS {
        verifier.verify(first, now)?;
    }
    let cached = begun.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKS);
    Ok(vec![
        Figure::lower("token verification, cached", cached, "µs", 2.0),
        Figure::lower("token verification, ES256, not cached", uncached, "µs", 60.0),
    ])
}
