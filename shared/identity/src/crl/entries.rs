//! The entries of a list: packed for looking up, or one of them whole.

use kernel::Instant;

use super::{CrlError, Inner, Outer, Serial, serial};
use crate::der::read::{self, Extension, Reader};

/// `id-ce`: the first two bytes of the extensions' object identifiers.
const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
const HOLD_INSTRUCTION: &[u8] = &[0x55, 0x1d, 23];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
/// Reason `removeFromCRL`: has its place in delta lists alone.
const REMOVE_FROM_CRL: u8 = 8;

/// One revoked certificate: serial, and seconds since 1970. A moment before that counts as its start, one after 2106 as
/// its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub serial: Serial,
    pub since: u32,
}

/// The entries, by serial; of a serial that is there twice the earlier moment counts.
pub(super) fn read(revoked: &[u8]) -> Result<Box<[Entry]>, CrlError> {
    let (mut counted, mut count) = (Reader::new(revoked), 0);
    while !counted.is_empty() {
        counted.any()?;
        count += 1;
    }
    let mut entries = Vec::with_capacity(count);
    let mut list = Reader::new(revoked);
    while !list.is_empty() {
        entries.push(entry(list.inside(read::SEQUENCE)?)?.entry());
    }
    if !entries.is_sorted() {
        entries.sort_unstable();
    }
    entries.dedup_by_key(|entry| entry.serial);
    Ok(entries.into_boxed_slice())
}

/// One entry with everything that is understood of it.
fn entry(mut fields: Reader<'_>) -> Result<Whole, CrlError> {
    let serial = serial(fields.read(read::INTEGER)?).ok_or(CrlError::Malformed)?;
    let mut whole = Whole { serial, since: fields.time()?, reason: 0, invalid_since: None };
    if let Some(extensions) = fields.optional(read::SEQUENCE)? {
        for Extension { oid, critical, value } in read::extensions(extensions)? {
            match oid {
                REASON_CODE => match read::only(value, read::ENUMERATED)? {
                    [REMOVE_FROM_CRL] => return Err(CrlError::RemovesEntries),
                    [reason] => whole.reason = *reason,
                    _ => {}
                },
                // It decides nothing while a list is in use: one that cannot be read refuses no list.
                INVALIDITY_DATE => whole.invalid_since = Reader::new(value).time().ok(),
                HOLD_INSTRUCTION => {}
                CERTIFICATE_ISSUER => return Err(CrlError::Indirect),
                _ if critical => return Err(CrlError::UnknownCriticalExtension),
                _ => {}
            }
        }
    }
    fields.end()?;
    Ok(whole)
}

/// An entry before it is packed.
struct Whole {
    serial: Serial,
    since: Instant,
    reason: u8,
    invalid_since: Option<Instant>,
}

impl Whole {
    fn entry(&self) -> Entry {
        let since = self.since.timestamp().clamp(0, i64::from(u32::MAX));
        Entry { serial: self.serial, since: u32::try_from(since).unwrap_or_default() }
    }
}

/// What a list says about one certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The moment of revocation.
    pub since: Instant,
    /// Why, as RFC 5280 §5.3.1 names it.
    pub reason: &'static str,
    /// From when on the key may have been in other hands, if the list says so.
    pub invalid_since: Option<Instant>,
}

/// What a list (DER or PEM, already read by [`super::Crl::read`]) says about the certificate with this serial, with what
/// the packed form leaves out.
pub fn listed(bytes: &[u8], serial_hex: &str) -> Result<Option<Listed>, CrlError> {
    let der = super::to_der(bytes.to_vec())?;
    let wanted = hex::decode(serial_hex).ok().and_then(|bytes| serial(&bytes)).ok_or(CrlError::Malformed)?;
    let mut list = Reader::new(Inner::read(&Outer::read(&der)?)?.revoked);
    let mut found: Option<Listed> = None;
    while !list.is_empty() {
        let whole = entry(list.inside(read::SEQUENCE)?)?;
        if whole.serial == wanted && found.is_none_or(|found| whole.since < found.since) {
            let reason = reason(whole.reason);
            found = Some(Listed { since: whole.since, reason, invalid_since: whole.invalid_since });
        }
    }
    Ok(found)
}

fn reason(code: u8) -> &'static str {
    match code {
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "unspecified",
    }
}
