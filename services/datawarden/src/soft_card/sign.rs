//! One signature: everything that can be wrong is looked at before the PIN, so that no try is lost over a typing error of
//! a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity::signature::ecdsa_to_der;
use identity::{SignatureAlgorithm, SignedDataOptions, sign_signed_data};
use kernel::Instant;
use serde::Serialize;

use super::cards::Card;
use super::codes::{Code, Minor};
use super::info::VERSION;
use super::pin::{Entered, Pin};
use super::request::{SignRequest, SignatureType};

/// The answer to `/sign`; what there is not is empty.
#[derive(Debug, Serialize)]
pub struct SignAnswer {
    func: &'static str,
    ret_code: i32,
    last_error: i32,
    signature: String,
    certb64: String,
    #[serde(rename = "cardSN")]
    card_number: String,
    version: &'static str,
    message: &'static str,
}

/// Why there is no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub Code, pub Minor);

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self(code, Minor::None)
    }
}

impl From<Refused> for SignAnswer {
    fn from(Refused(code, minor): Refused) -> Self {
        Self {
            func: "sign",
            ret_code: code.number(),
            last_error: minor.number(),
            signature: String::new(),
            certb64: String::new(),
            card_number: String::new(),
            version: VERSION,
            message: code.message(),
        }
    }
}

/// Signs with `card`, whose PIN is `pin`, at `now`.
pub fn sign(card: &Card, request: &SignRequest, pin: &Pin, now: Instant) -> Result<SignAnswer, Refused> {
    let credential = &card.credential;
    let algorithm = credential.algorithm();
    let wrong_key = |id: &String| *id != key_id(card);
    if request.key_id.as_ref().is_some_and(wrong_key) {
        return Err(Code::NoKey.into());
    }
    let (hash, digest_length) = match algorithm {
        SignatureAlgorithm::Es384 => ("SHA384", 48),
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Rs256 => ("SHA256", 32),
    };
    if request.hash.as_ref().is_some_and(|wanted| wanted != hash) {
        return Err(Code::SignatureType.into());
    }
    if request.kind == SignatureType::Raw && request.content.len() != digest_length {
        return Err(Code::BadParameter.into());
    }
    if request.check_validity {
        if now < card.valid.0 {
            return Err(Code::NotYetValid.into());
        }
        if now > card.valid.1 {
            return Err(Code::Expired.into());
        }
    }
    enter(card, request, pin)?;
    let failed = Refused::from(Code::SignatureFailed);
    let bare = |signature: Vec<u8>| match algorithm {
        SignatureAlgorithm::Rs256 => Some(signature),
        SignatureAlgorithm::Es256 | SignatureAlgorithm::Es384 => ecdsa_to_der(&signature),
    };
    let signature = match request.kind {
        SignatureType::Pkcs1 => credential.sign(&request.content).ok().and_then(bare),
        SignatureType::Raw => credential.sign_digest(&request.content).ok().and_then(bare),
        SignatureType::Pkcs7 => {
            let signing_time = request.with_signing_time.then_some(now);
            let options = SignedDataOptions { signing_time, ..SignedDataOptions::default() };
            sign_signed_data(credential, &request.content, options).ok()
        }
    };
    Ok(SignAnswer {
        func: "sign",
        ret_code: Code::Good.number(),
        last_error: Minor::None.number(),
        signature: STANDARD.encode(signature.ok_or(failed)?),
        certb64: credential.x5c().into_iter().next().unwrap_or_default(),
        card_number: card.number.clone(),
        version: VERSION,
        message: Code::Good.message(),
    })
}

fn enter(card: &Card, request: &SignRequest, pin: &Pin) -> Result<(), Refused> {
    if request.pin.is_empty() {
        return Err(Code::NoPin.into());
    }
    if !(6..=8).contains(&request.pin.len()) {
        return Err(Refused(Code::LoginRefused, Minor::PinLength));
    }
    let minor = match card.tries.enter(&request.pin, pin) {
        Ok(Entered::Right) => return Ok(()),
        Ok(Entered::Wrong { left: 2 }) => Minor::TwoLeft,
        Ok(Entered::Wrong { left: 1 }) => Minor::OneLeft,
        Ok(Entered::Wrong { .. }) => Minor::WrongPin,
        Ok(Entered::Locked) => Minor::Locked,
        // Without its count the card does not sign: tries must not be had for nothing.
        Err(_) => return Err(Code::SignatureFailed.into()),
    };
    Err(Refused(Code::LoginRefused, minor))
}

/// Key id of the card's signature key, base64.
pub fn key_id(card: &Card) -> String {
    STANDARD.encode(hex::decode(card.credential.certificate().key_id()).unwrap_or_default())
}
