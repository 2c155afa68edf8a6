//! The little DER that is needed beyond the certificate crates: writing what the development PKI issues and signed
//! messages, reading the latter, revocation lists and answers strictly ([`read`]).

pub mod read;

/// One tag, length, value.
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = value.len();
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let used = &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len() - 1)..];
        out.push(0x80 | u8::try_from(used.len()).unwrap_or_default());
        out.extend_from_slice(used);
    }
    out.extend_from_slice(value);
    out
}

/// A SEQUENCE of parts that are DER already.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A SET of parts that are DER already.
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

/// A SET OF in DER: its members in the order of their bytes (X.690 §11.6).
pub fn set_of(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    set(&parts)
}

/// A PrintableString.
pub fn printable(text: &str) -> Vec<u8> {
    tlv(0x13, text.as_bytes())
}

/// An INTEGER that is not negative, from its bytes, most significant first.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let used = bytes.iter().position(|b| *b != 0).and_then(|start| bytes.get(start..)).unwrap_or(&[0]);
    match used.first() {
        Some(first) if *first >= 0x80 => tlv(0x02, &[&[0], used].concat()),
        _ => tlv(0x02, used),
    }
}

/// A BIT STRING without unused bits.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes].concat())
}

/// A GeneralizedTime of whole seconds.
pub fn time(at: kernel::Instant) -> Vec<u8> {
    tlv(0x18, at.format("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// A Time as RFC 5280 §4.1.2.5 has it: UTCTime until 2049, GeneralizedTime from 2050 on.
pub fn x509_time(at: kernel::Instant) -> Vec<u8> {
    if chrono::Datelike::year(&at) < 2050 {
        tlv(0x17, at.format("%y%m%d%H%M%SZ").to_string().as_bytes())
    } else {
        time(at)
    }
}

/// An OBJECT IDENTIFIER from dotted text; none if the text is not one.
pub fn oid(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = dotted.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first @ 0..=2, second, rest @ ..] = arcs.as_slice() else { return None };
    let mut body = base128(first.checked_mul(40)?.checked_add(*second)?);
    for arc in rest {
        body.extend(base128(*arc));
    }
    Some(tlv(0x06, &body))
}

fn base128(mut value: u64) -> Vec<u8> {
    let mut groups = vec![low_bits(value)];
    value >>= 7;
    while value > 0 {
        groups.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    groups.reverse();
    groups
}

fn low_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_and_long_lengths_are_written_as_the_standard_says() {
        assert_eq!(hex::encode(oid("1.2.840.113549").unwrap()), "06062a864886f70d");
        assert_eq!(hex::encode(oid("2.16.886.1.100.2.51").unwrap()), "060760867601640233");
        assert_eq!(oid("3.1"), None);
        assert_eq!(tlv(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(tlv(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
