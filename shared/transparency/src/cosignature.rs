//! Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says that, as of a time, this is the largest consistent head of
//! the log that it has seen.

use crate::note::{Algorithm, Note, NoteError, Signature, Signer, Verifier};

/// What a witness said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's key name.
    pub witness: String,
    /// When it said so: seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
}

/// What is signed: two lines and the checkpoint's text.
fn message(at: u64, text: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {at}\n{text}").into_bytes()
}

/// The signature line of a witness under a checkpoint's `text`, made `at`.
pub fn cosign(witness: &Signer, text: &str, at: u64) -> String {
    let signature = witness.sign(&message(at, text));
    witness.line(&[at.to_be_bytes().as_slice(), &signature].concat())
}

/// Checks a line that says to be by `witness` under a checkpoint's `text`.
pub fn check(witness: &Verifier, signature: &Signature, text: &str) -> Result<Cosignature, NoteError> {
    let (at, bytes) = signature.bytes.split_first_chunk::<8>().ok_or(NoteError::Signature)?;
    let at = u64::from_be_bytes(*at);
    if witness.algorithm() != Algorithm::Cosignature || i64::try_from(at).is_err() {
        return Err(NoteError::Signature);
    }
    witness.check(&message(at, text), bytes)?;
    Ok(Cosignature { witness: witness.name().to_owned(), at })
}

/// The cosignatures of a note by those of `witnesses` that made one. One that does not hold spoils the note.
pub fn of_note(note: &Note, witnesses: &[Verifier]) -> Result<Vec<Cosignature>, NoteError> {
    let mut found: Vec<Cosignature> = vec![];
    for signature in &note.signatures {
        let known = witnesses.iter().find(|w| w.algorithm() == Algorithm::Cosignature && w.made(signature));
        let Some(witness) = known else { continue };
        let cosignature = check(witness, signature, &note.text)?;
        // Of two by the same witness the earlier one dates more.
        match found.iter_mut().find(|other| other.witness == cosignature.witness) {
            Some(other) => other.at = other.at.min(cosignature.at),
            None => found.push(cosignature),
        }
    }
    Ok(found)
}
