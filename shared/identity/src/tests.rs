//! Behaviour across modules, on real keys of a development PKI in memory.

mod anchor_files;
mod assertions;
mod chains;
mod cms;
mod cms_openssl;
mod constraints;
mod crls;
mod endorsements;
mod events;
mod examinations;
mod ocsp;
mod pkcs7;
mod pki;
mod streams;
mod tokens;

use chrono::{DateTime, Duration};
use kernel::Instant;

use crate::{CardHolder, Credential, DevPki, TrustAnchors};

pub fn now() -> Instant {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

pub fn later(seconds: i64) -> Instant {
    now() + Duration::seconds(seconds)
}

pub const HOLDER: CardHolder<'static> =
    CardHolder { name: "林測試", serial_number: "TP00000000000001", last_four: "6789" };

/// A PKI with what it trusts, a card and two services.
pub struct World {
    pub pki: DevPki,
    pub anchors: TrustAnchors,
    pub card: Credential,
    pub account: Credential,
    pub retention: Credential,
}

pub fn world() -> World {
    let pki = DevPki::generate().unwrap();
    World {
        anchors: pki.anchors().unwrap(),
        card: pki.issue_card(HOLDER, now()).unwrap(),
        account: pki.issue_service("account", now()).unwrap(),
        retention: pki.issue_service("retention", now()).unwrap(),
        pki,
    }
}
