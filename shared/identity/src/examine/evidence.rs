//! What was kept to show that no certificate of the path was revoked: whole, signed by whom it concerns, fresh then, and
//! silent about the card.

use std::sync::Arc;

use super::{Case, Check, stamp};
use crate::certificate::Certificate;
use crate::chain::verify_chain;
use crate::crl::Crl;
use crate::ocsp::{IssuerHash, OcspAnswer, OcspRequest};
use crate::record::{EvidenceDocument, EvidenceKind, EvidenceName};
use crate::revocation::RevocationStore;

/// Adds the checks of the evidence.
pub fn check(case: &Case<'_>, chain: &[Vec<u8>], leaf: Option<&Certificate>, checks: &mut Vec<Check>) {
    let record = &case.bundle.record;
    if record.evidence.is_empty() {
        checks.push(Check::open("revocation evidence", "none: the service had no source of revocations"));
        return;
    }
    let purpose = record.usage.purpose();
    let store = Arc::new(RevocationStore::new([purpose], case.grace));
    for name in &record.evidence {
        let what = match name.kind {
            EvidenceKind::List => "revocation list",
            EvidenceKind::Response => "OCSP answer",
        };
        let read = document(case, name).and_then(|der| match name.kind {
            EvidenceKind::List => list(case, &der).and_then(|crl| {
                let text = said(&crl);
                store.put_list(crl, None).map_err(|error| error.to_string())?;
                Ok(text)
            }),
            EvidenceKind::Response => answer(case, leaf, der).map(|answer| {
                let text =
                    format!("made {}, good until {}", stamp(answer.this_update), stamp(answer.good_until));
                store.put_answer(answer);
                text
            }),
        });
        checks.push(Check::new(what, read));
    }
    let anchors = case.anchors.clone().with_revocation(store);
    let silent = verify_chain(chain, &anchors, record.accepted_at, record.usage)
        .map(|_| format!("no certificate of the path was revoked at {}", stamp(record.accepted_at)));
    checks.push(Check::new("not revoked at the time of signing", silent));
}

/// The bytes of the evidence with this name.
fn document(case: &Case<'_>, name: &EvidenceName) -> Result<Vec<u8>, String> {
    let named = |document: &&EvidenceDocument| document.digest == name.digest && document.kind == name.kind;
    let document = case.bundle.evidence.iter().find(named).ok_or("it is not in the bundle")?;
    document.bytes().ok_or_else(|| "its bytes are not those that its digest names".to_owned())
}

/// A list that one of the trusted authorities signed and that was fresh when the endorsement was taken.
fn list(case: &Case<'_>, der: &[u8]) -> Result<Crl, String> {
    let record = &case.bundle.record;
    let crl = Crl::read(der, case.anchors, record.usage.purpose(), record.accepted_at)
        .map_err(|error| error.to_string())?;
    if record.accepted_at > crl.next_update() + case.grace {
        let next = stamp(crl.next_update());
        return Err(format!("it was too old at the time of signing: the next one was due {next}"));
    }
    Ok(crl)
}

fn said(crl: &Crl) -> String {
    let (number, made, next) = (crl.number_hex(), stamp(crl.this_update()), stamp(crl.next_update()));
    format!("number {number} of issuer {}, made {made}, next due {next}", crl.issuer_key_id())
}

fn answer(case: &Case<'_>, leaf: Option<&Certificate>, der: Vec<u8>) -> Result<OcspAnswer, String> {
    let record = &case.bundle.record;
    let leaf = leaf.ok_or("the card's certificate cannot be read")?;
    let issuer = case.anchors.issuer_of(leaf, record.usage.purpose(), record.accepted_at);
    let issuer = issuer.ok_or("the issuer of the card is not known here")?;
    // The nonce is gone; the record, whose digest the log holds, says that this very answer was relied on.
    OcspRequest::new(leaf, issuer, IssuerHash::Sha256, None)
        .answer(der, record.accepted_at)
        .map_err(|error| error.to_string())
}
