//! Signed notes (C2SP signed-note): a text, an empty line, and signature lines, each by a key that has a name.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;

/// Longest note that is read, in bytes.
const LONGEST: usize = 64 * 1024;
/// Most signatures of a note that are read; C2SP wants at least 16.
const MOST_SIGNATURES: usize = 64;
/// What a signature line begins with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// What a key signs: the number that its id is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// Ed25519 over the text: logs.
    Ed25519,
    /// A timestamped Ed25519 cosignature (C2SP tlog-cosignature): witnesses.
    Cosignature,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A note or a key that is not in its form, or a signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the text of a signed note.
    #[error("not a signed note")]
    Malformed,
    /// Not a key as signed-note writes them.
    #[error("not a verifier key")]
    Key,
    /// No signature by a key that is known.
    #[error("no known key signed the note")]
    Unsigned,
    /// A signature by a known key does not hold.
    #[error("the signature of a known key does not hold")]
    Signature,
}

/// First four bytes of SHA-256(name ‖ 0x0a ‖ algorithm ‖ public key).
fn key_id(name: &str, algorithm: Algorithm, public: &[u8; 32]) -> [u8; 4] {
    let hash = Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], public].concat());
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// A key that verifies, known by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Verifier {
    name: String,
    algorithm: Algorithm,
    public: [u8; 32],
    id: [u8; 4],
}

impl Verifier {
    /// The key `public` under `name`.
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key);
        }
        let id = key_id(name, algorithm, &public);
        Ok(Self { name: name.to_owned(), algorithm, public, id })
    }

    /// Reads `name+id+key`: the id is eight hexadecimal digits, the key base64 of algorithm and public key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let algorithm = match key.first() {
            Some(0x01) => Algorithm::Ed25519,
            Some(0x04) => Algorithm::Cosignature,
            _ => return Err(NoteError::Key),
        };
        let public = key.get(1..).and_then(|key| key.try_into().ok()).ok_or(NoteError::Key)?;
        let verifier = Self::new(name, algorithm, public)?;
        if hex::encode(verifier.id) == id { Ok(verifier) } else { Err(NoteError::Key) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its 32 bytes.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    /// What it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether a signature line says to be by this key.
    pub fn made(&self, signature: &Signature) -> bool {
        signature.name == self.name && signature.id == self.id
    }

    /// Checks 64 bytes of Ed25519 over `message`.
    pub fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        key.verify(message, signature).map_err(|_| NoteError::Signature)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.algorithm.byte()], self.public.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id))
    }
}

/// A key that signs, under its name.
pub struct Signer {
    key: Ed25519KeyPair,
    verifier: Verifier,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier.name).finish()
    }
}

impl Signer {
    /// The key of a log, from its 32-byte seed (RFC 8032 §5.1.5).
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::with(name, Algorithm::Ed25519, seed)
    }

    /// The key of a witness.
    pub fn witness(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::with(name, Algorithm::Cosignature, seed)
    }

    fn with(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        let public = key.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { verifier: Verifier::new(name, algorithm, public)?, key })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// What verifies it.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Ed25519 over `message`: 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).as_ref().to_vec()
    }

    /// The signature line of `signature` by this key, with its newline.
    pub fn line(&self, signature: &[u8]) -> String {
        let bytes = [self.verifier.id.as_slice(), signature].concat();
        format!("{MARK}{} {}\n", self.verifier.name, STANDARD.encode(bytes))
    }

    /// The note of `text`, which must end with a newline, with this key's signature.
    pub fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(&self.sign(text.as_bytes())))
    }
}

/// A signature line of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: [u8; 4],
    /// What follows: 64 bytes of Ed25519, of a cosignature behind eight bytes of time.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let (name, text) =
            line.strip_prefix(MARK).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Malformed)?;
        let decoded = STANDARD.decode(text).map_err(|_| NoteError::Malformed)?;
        let (id, bytes) = decoded.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
        if !is_name(name) || bytes.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

/// A note taken apart; nothing in it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text with its last newline: what is signed.
    pub text: String,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Takes a note apart.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let control = |c: char| c < ' ' && c != '\n';
        if note.len() > LONGEST || note.contains(control) || !note.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let signatures: Vec<Signature> =
            lines.lines().take(MOST_SIGNATURES + 1).map(Signature::parse).collect::<Result<_, _>>()?;
        if text.is_empty() || signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Checks that one of `keys` signed the text; one of theirs that does not hold spoils the note. Cosignatures are
    /// checked by [`crate::cosignature`].
    pub fn verify(&self, keys: &[Verifier]) -> Result<(), NoteError> {
        let mut signed = false;
        for signature in &self.signatures {
            let made = |key: &&Verifier| key.algorithm == Algorithm::Ed25519 && key.made(signature);
            if let Some(key) = keys.iter().find(made) {
                key.check(self.text.as_bytes(), &signature.bytes)?;
                signed = true;
            }
        }
        if signed { Ok(()) } else { Err(NoteError::Unsigned) }
    }
}
