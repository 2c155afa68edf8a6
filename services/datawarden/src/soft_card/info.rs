//! What is in the readers (`/pkcs11info`), and the same as a picture (`/p11Image.bmp`): the one answer that pages of other
//! sites can read without a window, because a picture may be loaded from anywhere.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::canonical;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, KeyUsage, X509Certificate};

use super::cards::Card;
use super::codes::Code;
use super::sign::key_id;

/// The version of the component's protocol that is spoken here; pages ask for an update below one that they know.
pub const VERSION: &str = "1.3.4.103375";

/// The name of the reader at `place`.
pub fn slot_name(place: usize) -> String {
    format!("Datawarden soft card reader {place}")
}

/// The answer for cards in their readers; `None`: there is no reader at all.
pub fn answer<'a>(cards: Option<impl Iterator<Item = &'a Card>>, with_certificates: bool) -> Value {
    let Some(cards) = cards else { return told(Code::NoReader, vec![]) };
    let slots: Vec<Value> = cards
        .enumerate()
        .map(|(place, card)| json!({"slotDescription": slot_name(place), "token": token(card, with_certificates)}))
        .collect();
    if slots.is_empty() {
        return told(Code::NoCard, vec![json!({"slotDescription": slot_name(0)})]);
    }
    told(Code::Good, slots)
}

/// An answer with this code and these slots.
pub fn told(code: Code, slots: Vec<Value>) -> Value {
    json!({
        "func": "pkcs11info",
        "ret_code": code.number(),
        "last_error": 0,
        "message": code.message(),
        "serverVersion": VERSION,
        "version": VERSION,
        "slots": slots,
    })
}

fn token(card: &Card, with_certificates: bool) -> Value {
    let mut token = json!({
        "label": card.name,
        "manufacturerID": "Datawarden",
        "model": "soft card",
        "serialNumber": card.number,
    });
    if with_certificates {
        token["certs"] = card
            .credential
            .chain_der()
            .iter()
            .enumerate()
            .filter_map(|(place, der)| certificate(card, place, der))
            .collect();
    }
    token
}

/// A certificate: the card's own for signatures is `cert1`, as on a real card; authorities have other labels.
fn certificate(card: &Card, place: usize, der: &[u8]) -> Option<Value> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let (from, until) = (parsed.validity().not_before, parsed.validity().not_after);
    let usage = parsed.key_usage().ok().flatten().map(|usage| usages(*usage.value));
    let day = |time: x509_parser::time::ASN1Time| {
        let moment = chrono::DateTime::from_timestamp(time.timestamp(), 0).unwrap_or_default();
        moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    };
    Some(json!({
        "label": if place == 0 { "cert1".to_owned() } else { format!("CA cert {place}") },
        "certb64": STANDARD.encode(der),
        "subjectDN": parsed.subject().to_string(),
        "issuerDN": parsed.issuer().to_string(),
        "sn": hex::encode_upper(parsed.raw_serial()),
        "thumbprint": canonical::sha256_hex(der).to_uppercase(),
        "keyidb64": if place == 0 { key_id(card) } else { String::new() },
        "usage": usage.unwrap_or_default(),
        "notBefore": day(from),
        "notAfter": day(until),
        "notBeforeT": from.timestamp(),
        "notAfterT": until.timestamp(),
        "signatureAlgorithm": parsed.signature_algorithm.algorithm.to_id_string(),
    }))
}

/// The usages by the names of RFC 5280, which pages look for.
fn usages(usage: KeyUsage) -> String {
    [
        (usage.digital_signature(), "digitalSignature"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
    ]
    .into_iter()
    .filter_map(|(has, name)| has.then_some(name))
    .collect::<Vec<_>>()
    .join("|")
}

/// JSON as a picture: one row of pixels of 24 bits, each three bytes of text from blue to red, ended by a black one. Spaces
/// fill the last pixel, since pages stop at a black one only.
pub fn picture(value: &Value) -> Vec<u8> {
    let mut text = ascii(&value.to_string());
    while !text.len().is_multiple_of(3) {
        text.push(' ');
    }
    let width = u32::try_from(text.len() / 3 + 1).unwrap_or_default();
    let mut row = text.into_bytes();
    row.extend([0; 3]);
    row.resize(row.len().next_multiple_of(4), 0);
    let row_length = u32::try_from(row.len()).unwrap_or_default();
    let mut file = b"BM".to_vec();
    for word in [54 + row_length, 0, 54, 40, width, 1] {
        file.extend(word.to_le_bytes());
    }
    file.extend([1, 0, 24, 0]);
    for word in [0, row_length, 0, 0, 0, 0] {
        file.extend(u32::to_le_bytes(word));
    }
    file.extend(row);
    file
}

/// JSON text with every character beyond ASCII escaped: a pixel holds bytes.
fn ascii(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_the_answer_as_pages_read_it_from_a_canvas() {
        for length in 0..3 {
            let value = json!({"message": format!("讀卡機{}", "x".repeat(length)), "ret_code": 0});
            let file = picture(&value);
            assert_eq!(file[..2], *b"BM");
            assert_eq!(u32::from_le_bytes(file[2..6].try_into().unwrap()) as usize, file.len());
            let width = u32::from_le_bytes(file[18..22].try_into().unwrap()) as usize;
            assert!(width < 2000 && file.len() == 54 + (width * 3).next_multiple_of(4));
            let mut text = String::new();
            for pixel in file[54..].chunks(3).take_while(|pixel| pixel[0] != 0) {
                text.extend(pixel.iter().map(|byte| char::from(*byte)));
            }
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
