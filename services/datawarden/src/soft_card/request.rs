//! What a page asks to have signed: the JSON of `tbsPackage`. Pages write it loosely, with `"true"` for true and 0 for
//! no slot; what cannot be understood is refused before the PIN is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::codes::Code;

/// In which form the signature is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureType {
    /// The bare signature: PKCS#1 v1.5, or ECDSA in DER.
    Pkcs1,
    /// A signed message (CMS SignedData) that holds what was signed.
    Pkcs7,
    /// As PKCS1, but what is handed in is the digest already.
    Raw,
}

/// A request, understood. Holds the PIN, so it cannot be printed.
pub struct SignRequest {
    /// What is to be signed.
    pub content: Vec<u8>,
    /// `SHA256` …; none: the key's own.
    pub hash: Option<String>,
    /// The form.
    pub kind: SignatureType,
    /// What was entered as PIN; may be empty.
    pub pin: String,
    /// Whether a signed message says when it was signed.
    pub with_signing_time: bool,
    /// Whether a certificate out of its time is refused.
    pub check_validity: bool,
    /// Key id of the wanted key, base64; none: the signature key.
    pub key_id: Option<String>,
    /// The wanted reader; none: the first with a card.
    pub slot: Option<String>,
}

impl SignRequest {
    /// Reads the JSON. `nonce` and `withCardSN` are accepted and change nothing: the content carries the server's nonce,
    /// and every answer has the card's number.
    pub fn parse(json: &str) -> Result<Self, Code> {
        let json: Value = serde_json::from_str(json).map_err(|_| Code::BadJson)?;
        if !json.is_object() {
            return Err(Code::BadJson);
        }
        if text(&json, "func")?.is_some_and(|func| func != "MakeSignature") {
            return Err(Code::Unsupported);
        }
        let tbs = text(&json, "tbs")?.ok_or(Code::NoContent)?;
        let content = match text(&json, "tbsEncoding")?.as_deref() {
            None | Some("NONE") => tbs.into_bytes(),
            Some("base64") => STANDARD.decode(tbs).map_err(|_| Code::BadBase64)?,
            Some(_) => return Err(Code::BadParameter),
        };
        let kind = match text(&json, "signatureType")?.as_deref() {
            None | Some("PKCS1") => SignatureType::Pkcs1,
            Some("PKCS7") => SignatureType::Pkcs7,
            Some("RAW") => SignatureType::Raw,
            Some(_) => return Err(Code::SignatureType),
        };
        text(&json, "nonce")?;
        flag(&json, "withCardSN")?;
        Ok(Self {
            content,
            kind,
            hash: text(&json, "hashAlgorithm")?,
            pin: text(&json, "pin")?.unwrap_or_default(),
            with_signing_time: flag(&json, "withSigningTime")?.unwrap_or(false),
            check_validity: flag(&json, "checkValidity")?.unwrap_or(true),
            key_id: text(&json, "keyidb64")?,
            slot: text(&json, "slotDescription")?,
        })
    }
}

/// A text that says something; a number counts as none (pages send 0 for no slot).
fn text(json: &Value, name: &str) -> Result<Option<String>, Code> {
    match json.get(name) {
        None | Some(Value::Null | Value::Number(_)) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Code::BadParameter),
    }
}

fn flag(json: &Value, name: &str) -> Result<Option<bool>, Code> {
    match json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => {
            text.to_ascii_lowercase().parse().map(Some).map_err(|_| Code::BadParameter)
        }
        Some(_) => Err(Code::BadParameter),
    }
}
