//! A strict reader for DER: definite lengths in their shortest form, short tags, nothing after the end. It lends
//! slices of its input and builds nothing, so that a list of hundreds of thousands of entries is read in one pass. What
//! only BER allows is refused: each value has one encoding, and what is compared is what was signed (X.690 §10).

use chrono::{NaiveDate, TimeDelta};
use kernel::Instant;

/// The bytes are not the DER that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected DER")]
pub struct BadDer;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

/// One value.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// The tag's one byte.
    pub tag: u8,
    /// What is in it.
    pub content: &'a [u8],
    /// All of it: tag, length, content.
    pub whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// A reader over what is inside.
    pub fn inside(self) -> Reader<'a> {
        Reader(self.content)
    }
}

impl<'a> Reader<'a> {
    /// Reads `input`.
    pub fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// A reader over what is in the only value of `input`, which must have `tag`.
    pub fn only(input: &'a [u8], tag: u8) -> Result<Self, BadDer> {
        only(input, tag).map(Self)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Value<'a>, BadDer> {
        let (&[tag, length], rest) = self.0.split_first_chunk::<2>().ok_or(BadDer)?;
        if tag & 0x1f == 0x1f {
            return Err(BadDer);
        }
        let (length, rest) = match length {
            0..=0x7f => (usize::from(length), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80)).ok_or(BadDer)?;
                let value = bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
                // The shortest form alone is DER.
                if bytes.first() == Some(&0) || value < 0x80 {
                    return Err(BadDer);
                }
                (value, rest)
            }
            _ => return Err(BadDer),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(BadDer)?;
        let whole = self.0.get(..self.0.len() - rest.len()).ok_or(BadDer)?;
        self.0 = rest;
        Ok(Value { tag, content, whole })
    }

    /// The next value, which must have `tag`.
    pub fn expect(&mut self, tag: u8) -> Result<Value<'a>, BadDer> {
        let value = self.any()?;
        if value.tag == tag { Ok(value) } else { Err(BadDer) }
    }

    /// The next value if it has `tag`.
    pub fn next_if(&mut self, tag: u8) -> Result<Option<Value<'a>>, BadDer> {
        if self.0.first() == Some(&tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// What is in the next value, which must have `tag`.
    pub fn read(&mut self, tag: u8) -> Result<&'a [u8], BadDer> {
        self.expect(tag).map(|value| value.content)
    }

    /// The next value with its tag and length, which must have `tag`.
    pub fn raw(&mut self, tag: u8) -> Result<&'a [u8], BadDer> {
        self.expect(tag).map(|value| value.whole)
    }

    /// What is in the next value if it has `tag`.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, BadDer> {
        Ok(self.next_if(tag)?.map(|value| value.content))
    }

    /// A reader over what is in the next value, which must have `tag`.
    pub fn inside(&mut self, tag: u8) -> Result<Self, BadDer> {
        self.expect(tag).map(Value::inside)
    }

    /// A non-negative INTEGER below 128, as versions are.
    pub fn small_integer(&mut self) -> Result<u8, BadDer> {
        match self.read(INTEGER)? {
            [value @ 0..=0x7f] => Ok(*value),
            _ => Err(BadDer),
        }
    }

    /// All values that are left.
    pub fn all(mut self) -> Result<Vec<Value<'a>>, BadDer> {
        let mut values = Vec::new();
        while !self.is_empty() {
            values.push(self.any()?);
        }
        Ok(values)
    }

    /// A UTCTime or a GeneralizedTime in the form of RFC 5280 §4.1.2.5: to the second, in UTC.
    pub fn time(&mut self) -> Result<Instant, BadDer> {
        let value = self.any()?;
        match value.tag {
            0x17 => utc_time(value.content),
            0x18 => generalized_time(value.content),
            _ => Err(BadDer),
        }
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), BadDer> {
        if self.0.is_empty() { Ok(()) } else { Err(BadDer) }
    }
}

/// What is in the only value of `input`, which must have `tag`.
pub fn only(input: &[u8], tag: u8) -> Result<&[u8], BadDer> {
    let mut reader = Reader::new(input);
    let value = reader.read(tag)?;
    reader.end()?;
    Ok(value)
}

/// One extension (RFC 5280 §4.2).
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// The object identifier's bytes.
    pub oid: &'a [u8],
    /// Whether it must be understood.
    pub critical: bool,
    /// What is in its OCTET STRING.
    pub value: &'a [u8],
}

/// The extensions of a SEQUENCE's value; none may be there twice.
pub fn extensions(value: &[u8]) -> Result<Vec<Extension<'_>>, BadDer> {
    let mut reader = Reader::new(value);
    let mut found: Vec<Extension<'_>> = Vec::new();
    while !reader.is_empty() {
        let mut inside = reader.inside(SEQUENCE)?;
        let oid = inside.read(OID)?;
        let critical = match inside.optional(BOOLEAN)? {
            // DER leaves the default out; writers that put it there are common, and it changes nothing.
            None | Some([0]) => false,
            Some([0xff]) => true,
            Some(_) => return Err(BadDer),
        };
        let value = inside.read(OCTET_STRING)?;
        inside.end()?;
        if found.iter().any(|other| other.oid == oid) {
            return Err(BadDer);
        }
        found.push(Extension { oid, critical, value });
    }
    Ok(found)
}

/// The dotted text of an object identifier's bytes.
pub fn dotted(oid: &[u8]) -> Result<String, BadDer> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc: u64 = 0;
    for byte in oid {
        arc = arc.checked_mul(128).ok_or(BadDer)? | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let (first, rest) = arcs.split_first().ok_or(BadDer)?;
    if oid.last().is_none_or(|last| last & 0x80 != 0) {
        return Err(BadDer);
    }
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first - root * 40);
    for arc in rest {
        text.push('.');
        text.push_str(&arc.to_string());
    }
    Ok(text)
}

fn utc_time(value: &[u8]) -> Result<Instant, BadDer> {
    let (year, rest) = value.split_first_chunk::<2>().ok_or(BadDer)?;
    let year = digits(year)?;
    moment(if year < 50 { 2000 + year } else { 1900 + year }, rest)
}

fn generalized_time(value: &[u8]) -> Result<Instant, BadDer> {
    let (year, rest) = value.split_first_chunk::<4>().ok_or(BadDer)?;
    moment(digits(year)?, rest)
}

/// `MMDDhhmmssZ` of `year`.
fn moment(year: u32, rest: &[u8]) -> Result<Instant, BadDer> {
    let Some((pairs @ [_, _, _, _, _, _, _, _, _, _], [b'Z'])) = rest.split_at_checked(10) else {
        return Err(BadDer);
    };
    let mut pairs = pairs.chunks_exact(2).map(digits);
    let mut next = || pairs.next().unwrap_or(Err(BadDer));
    let (month, day) = (next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let year = i32::try_from(year).map_err(|_| BadDer)?;
    let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(BadDer)?;
    let time = date.and_hms_opt(hour, minute, second.min(59)).ok_or(BadDer)?;
    // A leap second is the moment after the minute's last.
    let leap = if second == 60 { TimeDelta::seconds(1) } else { TimeDelta::zero() };
    if second > 60 {
        return Err(BadDer);
    }
    Ok(time.and_utc() + leap)
}

fn digits(text: &[u8]) -> Result<u32, BadDer> {
    text.iter().try_fold(0, |value, byte| match byte {
        b'0'..=b'9' => Ok(value * 10 + u32::from(byte - b'0')),
        _ => Err(BadDer),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{oid, time, tlv, unsigned, x509_time};
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_that_is_not_der() {
        for length in [0, 5, 127, 128, 255, 256, 70_000] {
            let bytes = tlv(OCTET_STRING, &vec![7; length]);
            assert_eq!(only(&bytes, OCTET_STRING).unwrap().len(), length);
            assert_eq!(only(&bytes[..bytes.len() - 1], OCTET_STRING), Err(BadDer));
            assert_eq!(only(&[bytes.as_slice(), &[0]].concat(), OCTET_STRING), Err(BadDer));
        }
        for bad in ["", "04", "0480", "048101", "04810100", "04820080", "0485000000000100", "1f0100"] {
            assert!(Reader::new(&hex::decode(bad).unwrap()).any().is_err(), "{bad}");
        }
        for dotted_text in ["1.2.840.113549", "2.16.886.1.100.2.51", "0.9.2342", "2.5.29.20"] {
            let der = oid(dotted_text).unwrap();
            assert_eq!(dotted(only(&der, OID).unwrap()).unwrap(), dotted_text);
        }
        assert_eq!(dotted(&[0x55, 0x9d]), Err(BadDer));
        assert_eq!(unsigned(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0]), [2, 1, 0]);
    }

    #[test]
    fn times_are_read_to_the_second_in_both_forms() {
        let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        for written in [time(at), x509_time(at)] {
            assert_eq!(Reader::new(&written).time(), Ok(at));
        }
        let later = chrono::DateTime::from_timestamp(2_770_000_000, 0).unwrap();
        assert_eq!(Reader::new(&x509_time(later)).time(), Ok(later));
        for bad in ["260230000000Z", "2602010000Z", "260201000000+0800", "26020100006aZ", "260201250000Z"] {
            assert_eq!(Reader::new(&tlv(0x17, bad.as_bytes())).time(), Err(BadDer), "{bad}");
        }
    }

    #[test]
    fn only_the_shortest_form_is_read() {
        let mut good = Reader::new(&[0x04, 0x02, 1, 2, 0x05, 0x00]);
        assert_eq!(good.any().map(|v| v.content), Ok(&[1, 2][..]));
        assert_eq!(good.next_if(0x30).map(|v| v.is_some()), Ok(false));
        assert_eq!(good.expect(0x05).map(|v| v.whole), Ok(&[0x05, 0x00][..]));
        assert_eq!(good.end(), Ok(()));
        let long = [&[0x04, 0x81, 0x80][..], &[0; 0x80]].concat();
        assert_eq!(Reader::new(&long).any().map(|v| v.content.len()), Ok(0x80));
        for bad in [
            &[][..],
            &[0x04],
            &[0x04, 0x02, 1],
            &[0x30, 0x80, 0, 0],
            &[0x04, 0x81, 0x01, 0],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x85, 1, 0, 0, 0, 0],
            &[0x04, 0xff],
            &[0x1f, 0x20, 0x00],
        ] {
            assert!(Reader::new(bad).any().is_err(), "{bad:?}");
        }
        assert!(only(&[0x30, 0x00, 0x00], 0x30).is_err());
    }
}
