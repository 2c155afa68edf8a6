//! Times as CMS writes them (RFC 5652 §11.3): UTCTime from 1950 to 2049, GeneralizedTime beyond, seconds, `Z`.

use chrono::{Datelike as _, NaiveDateTime};
use kernel::Instant;

use crate::der::read::Value;
use crate::der::tlv;

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

fn is_short(year: i32) -> bool {
    (1950..2050).contains(&year)
}

/// The moment that a Time says; none if it is not written as it must be.
pub fn read(value: Value<'_>) -> Option<Instant> {
    let text = std::str::from_utf8(value.content).ok()?;
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let full = match (value.tag, digits.len()) {
        (UTC_TIME, 12) => {
            let century = if digits < "50" { "20" } else { "19" };
            format!("{century}{digits}")
        }
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let moment = NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%S").ok()?.and_utc();
    (is_short(moment.year()) == (value.tag == UTC_TIME)).then_some(moment)
}

/// A moment in DER.
pub fn write(moment: Instant) -> Vec<u8> {
    if is_short(moment.year()) {
        tlv(UTC_TIME, moment.format("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        tlv(GENERALIZED_TIME, moment.format("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::read::Reader;

    #[test]
    fn a_moment_comes_back_from_its_one_form() {
        for (seconds, tag) in
            [(-631_152_000, UTC_TIME), (1_770_000_000, UTC_TIME), (2_524_608_000, GENERALIZED_TIME)]
        {
            let moment = Instant::from_timestamp(seconds, 0).unwrap();
            let der = write(moment);
            assert_eq!(der[0], tag);
            assert_eq!(read(Reader::new(&der).any().unwrap()), Some(moment));
        }
        for (tag, text) in [
            (UTC_TIME, "2602021200Z"),
            (UTC_TIME, "260202120000+0800"),
            (UTC_TIME, "261302120000Z"),
            (GENERALIZED_TIME, "20260202120000Z"),
            (GENERALIZED_TIME, "20510202120000.5Z"),
            (0x16, "260202120000Z"),
        ] {
            assert_eq!(read(Reader::new(&tlv(tag, text.as_bytes())).any().unwrap()), None, "{text}");
        }
    }
}
