//! Checkpoints (C2SP tlog-checkpoint): the head of a log as a signed note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::Hash;
use crate::note::{Note, NoteError, Signer, Verifier};

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// What the log is called: a URL without scheme.
    pub origin: String,
    /// Number of its entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Further lines, which mean nothing here.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A head without further lines.
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: vec![] }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The signed note.
    pub fn sign(&self, signer: &Signer) -> String {
        signer.note(&self.text())
    }

    /// Reads the text of a note.
    pub fn from_text(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed);
        };
        let root = STANDARD.decode(root).map_err(|_| NoteError::Malformed)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(NoteError::Malformed);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: decimal(size).ok_or(NoteError::Malformed)?,
            root: Hash::try_from(root.as_slice()).map_err(|_| NoteError::Malformed)?,
            extensions,
        })
    }

    /// Reads a note without checking who signed it.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        Self::from_text(&Note::parse(note)?.text)
    }

    /// Reads a note that one of the log's `keys` signed.
    pub fn open(note: &str, keys: &[Verifier]) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        note.verify(keys)?;
        Self::from_text(&note.text)
    }
}

/// A number in decimal digits without leading zeroes.
pub fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| text.parse().ok()).flatten()
}
