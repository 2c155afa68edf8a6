//! Revocation: a list as long as the citizen authority's, and a login that asks it.

use std::sync::Arc;
use std::time::Instant;

use chrono::Duration;
use identity::pki::{ListTerms, Revoked, signed_list};
use identity::{
    AssertionKind, AssertionRequest, CardHolder, Certificate, Crl, DevPki, Purpose, RevocationStore,
    sign_assertion, verify_assertion,
};
use kernel::{Clock as _, SystemClock};

use super::Figure;

const ENTRIES: u32 = 400_000;
const LOGINS: u32 = 200;

pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let (pki, now) = (DevPki::generate()?, SystemClock.now());
    let anchors = pki.anchors()?;
    let key_id = Certificate::parse(pki.authority_der(Purpose::Citizen))?.key_id();
    let authority =
        pki.authority_by_key_id(&key_id).ok_or_else(|| anyhow::anyhow!("no citizen authority"))?;
    let terms = ListTerms { number: 1, this_update: now, next_update: now + Duration::days(1) };
    // Serials as they are: 16 bytes, in no order.
    let revoked: Vec<_> = (0..ENTRIES)
        .map(|n| Revoked {
            serial: kernel::canonical::sha256_hex(&n.to_be_bytes())[..32].to_owned(),
            since: now,
        })
        .collect();
    let der = signed_list(authority, terms, &revoked, &[])?;
    drop(revoked);
    let begun = Instant::now();
    let list = Crl::read(&der, &anchors, Purpose::Citizen, now)?;
    let load = begun.elapsed().as_secs_f64();
    // While it is read, its bytes are in memory beside the entries.
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let (kept, reading) = (list.size() as f64 / 1e6, (list.size() + der.len()) as f64 / 1e6);
    drop(der);

    let store = Arc::new(RevocationStore::new([Purpose::Citizen], Duration::zero()));
    store.put_list(list, None)?;
    let anchors = anchors.with_revocation(store);
    let holder = CardHolder { name: "測試", serial_number: "TP00000000000001", last_four: "6789" };
    let validity = identity::pki::Validity::around(now);
    let card = pki.issue_card_with(holder, identity::KeyKind::Rsa2048, validity)?;
    let request = AssertionRequest {
        kind: AssertionKind::Login,
        client_id: None,
        audience: "bench",
        jti: "bench",
        ttl: Duration::seconds(60),
        client_thumbprint: None,
        place: None,
    };
    let login = sign_assertion(&card, &request, now)?;
    let begun = Instant::now();
    for _ in 0..LOGINS {
        verify_assertion(AssertionKind::Login, &login, &anchors, "bench", now)?;
    }
    let each = begun.elapsed().as_secs_f64() * 1e3 / f64::from(LOGINS);
    Ok(vec![
        Figure::lower("revocation list, 400,000 entries: load", load, "s", 2.0),
        Figure::lower("revocation list, 400,000 entries: memory while it is read", reading, "MB", 64.0),
        Figure::lower("revocation list, 400,000 entries: memory in use", kept, "MB", 64.0),
        Figure::lower("login with an RSA card: signature, chain, list", each, "ms", 5.0),
    ])
}
