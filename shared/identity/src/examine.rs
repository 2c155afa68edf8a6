//! Checks one endorsement offline, years later: whether it was good when a service took it, although its card has expired
//! since, and whether something dates it before its card was revoked. Nothing is believed but the trusted roots: what a
//! bundle says of itself is recomputed.

use chrono::{Duration, SecondsFormat};
use kernel::Instant;
use serde_json::Value;

use crate::certificate::Certificate;
use crate::chain::{TrustAnchors, Usage, check_leaf, verify_chain};
use crate::crl::{Crl, Listed, listed};
use crate::endorsement::{EndorsementError, batch_bytes, salted_digest};
use crate::record::{EndorsementBundle, SignedEndorsement};

mod evidence;
mod verdict;

pub use verdict::{Logged, Revoked, Verdict, judge};

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Good(String),
    /// It is not.
    Bad(String),
    /// It could not be checked with what was given.
    Open(String),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub what: &'static str,
    /// What it came to.
    pub finding: Finding,
}

impl Check {
    /// A check of `what`: good with a text, or bad with the reason.
    pub fn new<E: std::fmt::Display>(what: &'static str, outcome: Result<String, E>) -> Self {
        let finding = match outcome {
            Ok(text) => Finding::Good(text),
            Err(error) => Finding::Bad(error.to_string()),
        };
        Self { what, finding }
    }

    /// A check of `what` that could not be made.
    pub fn open(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, finding: Finding::Open(why.into()) }
    }

    /// Whether it failed.
    pub fn is_bad(&self) -> bool {
        matches!(self.finding, Finding::Bad(_))
    }
}

/// What is examined.
#[derive(Debug)]
pub struct Case<'a> {
    /// The endorsement with what was kept of it.
    pub bundle: &'a EndorsementBundle,
    /// Contents that are said to be endorsed; of a list each with its salt.
    pub contents: &'a [(Value, Option<[u8; 32]>)],
    /// The trusted authorities.
    pub anchors: &'a TrustAnchors,
    /// How long past its `nextUpdate` a list still counted.
    pub grace: Duration,
    /// The moment of the examination.
    pub now: Instant,
}

/// How lists name a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Key id of its issuer, hexadecimal in upper case.
    pub issuer_key_id: String,
    /// Serial of its certificate, hexadecimal in upper case.
    pub serial: String,
}

/// What the bundle by itself comes to.
#[derive(Debug)]
pub struct Examination {
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// The card, if its certificate can be read.
    pub card: Option<Card>,
    /// Whether revocation evidence was kept.
    pub has_evidence: bool,
}

impl Case<'_> {
    /// Makes every check for which the bundle is enough.
    pub fn examine(&self) -> Examination {
        let record = &self.bundle.record;
        let mut checks = vec![Check::new("record", self.record())];
        self.bytes(&mut checks);
        let chain = record.endorsement.chain().unwrap_or_default();
        let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
        let usage = match &leaf {
            _ if !matches!(record.usage, Usage::CitizenSignature | Usage::AgencySignature) => {
                Err("nobody endorses with such a certificate".to_owned())
            }
            Some(leaf) => check_leaf(leaf, self.anchors.profile(), record.usage)
                .map(|()| format!("{:?}, with the required policy", record.usage))
                .map_err(|error| error.to_string()),
            None => Err("the card's certificate cannot be read".to_owned()),
        };
        checks.push(Check::new("key usage and policy", usage));
        checks.push(Check::new("chain at the time of signing", self.chain(&chain)));
        let reached = !checks.iter().any(Check::is_bad);
        checks.push(if reached {
            self.signature()
        } else {
            Check::open("signature", "not reached: see above")
        });
        evidence::check(self, &chain, leaf.as_ref(), &mut checks);
        let card = leaf.map(|leaf| Card { issuer_key_id: leaf.issuer_key_id(), serial: leaf.serial() });
        Examination { checks, card, has_evidence: !record.evidence.is_empty() }
    }

    /// What a list from after the signing says about `card`.
    pub fn revocation(&self, card: &Card, list: &[u8]) -> (Check, Option<Revoked>) {
        let read = self.later_list(card, list);
        let revoked = read.as_ref().ok().and_then(|(_, listed)| *listed).map(Revoked::from);
        (Check::new("later revocation list", read.map(|(text, _)| text)), revoked)
    }

    fn later_list(&self, card: &Card, list: &[u8]) -> Result<(String, Option<Listed>), String> {
        let purpose = self.bundle.record.usage.purpose();
        let crl = Crl::read(list, self.anchors, purpose, self.now).map_err(|error| error.to_string())?;
        if crl.issuer_key_id() != card.issuer_key_id {
            return Err("it is of another authority than the card's".to_owned());
        }
        let found = listed(list, &card.serial).map_err(|error| error.to_string())?;
        let says = if found.is_some() { "the card is on it" } else { "the card is not on it" };
        Ok((format!("made {}: {says}", stamp(crl.this_update())), found))
    }

    fn record(&self) -> Result<String, String> {
        let digest = self.bundle.record.digest().map_err(|error| error.to_string())?;
        if digest != self.bundle.digest {
            return Err(format!(
                "its digest is {digest}, not the {} that the bundle names",
                self.bundle.digest
            ));
        }
        Ok(format!("{digest}, taken {}", stamp(self.bundle.record.accepted_at)))
    }

    /// The contents at hand: those given, or else the bundle's own.
    fn contents(&self) -> Vec<(&Value, Option<[u8; 32]>)> {
        let given: Vec<_> = self.contents.iter().map(|(content, salt)| (content, *salt)).collect();
        if given.is_empty() {
            return self.bundle.content.iter().map(|content| (content, None)).collect();
        }
        given
    }

    fn bytes(&self, checks: &mut Vec<Check>) {
        let contents = self.contents();
        match &self.bundle.record.endorsement {
            SignedEndorsement::One(one) => checks.extend(contents.iter().map(|(content, _)| {
                let bytes = crate::endorsement::endorsement_bytes(content).map_err(|e| e.to_string());
                let found = bytes.map(|bytes| kernel::canonical::sha256_hex(&bytes));
                let right = found
                    .and_then(|found| if found == one.content_digest { Ok(found) } else { Err(altered()) });
                Check::new("content", right)
            })),
            SignedEndorsement::Many(many) => {
                let list =
                    batch_bytes(&many.digests).map(|_| format!("{} digests, in order", many.digests.len()));
                checks.push(Check::new("list", list));
                checks.extend(
                    contents
                        .iter()
                        .map(|(content, salt)| Check::new("content", on_list(content, *salt, &many.digests))),
                );
            }
        }
        if contents.is_empty() {
            checks.push(Check::open("content", "none is at hand: it is erased, or kept elsewhere"));
        }
    }

    fn chain(&self, chain: &[Vec<u8>]) -> Result<String, String> {
        let record = &self.bundle.record;
        let card =
            verify_chain(chain, self.anchors, record.accepted_at, record.usage).map_err(|e| e.to_string())?;
        let since = if self.now > card.not_after { "; it has expired since" } else { "" };
        let (from, until) = (stamp(card.not_before), stamp(card.not_after));
        Ok(format!("to a trusted root; the card is valid {from} to {until}{since}"))
    }

    fn signature(&self) -> Check {
        let (record, what) = (&self.bundle.record, "signature");
        let verified = match &record.endorsement {
            SignedEndorsement::One(one) => match self.contents().first() {
                Some((content, _)) => one.verify_as(content, self.anchors, record.accepted_at, record.usage),
                None => return Check::new(what, Err("nobody can check it without what was signed")),
            },
            SignedEndorsement::Many(_) if record.usage != Usage::CitizenSignature => {
                return Check::new(what, Err("lists are signed with citizen cards alone"));
            }
            SignedEndorsement::Many(many) => many.verify_list(self.anchors, record.accepted_at),
        };
        Check::new(what, verified.map(|_| "the card's, over these very bytes".to_owned()))
    }
}

fn on_list(content: &Value, salt: Option<[u8; 32]>, digests: &[String]) -> Result<String, String> {
    let salt = salt.or_else(|| own_salt(content)).ok_or("its salt is not at hand")?;
    let digest = salted_digest(content, &salt).map_err(|error| error.to_string())?;
    let place = digests.iter().position(|listed| *listed == digest).ok_or_else(altered)?;
    Ok(format!("number {} of the list of {}", place + 1, digests.len()))
}

/// Contents that are made for lists carry their salt.
fn own_salt(content: &Value) -> Option<[u8; 32]> {
    hex::decode(content.get("salt")?.as_str()?).ok()?.try_into().ok()
}

fn altered() -> String {
    EndorsementError::WrongContent.to_string()
}

/// A moment as the checks print it.
pub fn stamp(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
