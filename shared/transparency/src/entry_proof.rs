//! The proof of an entry (C2SP tlog-proof@v1): it convinces offline whoever knows the log's key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, decimal};
use crate::hash::Hash;
use crate::note::{NoteError, Verifier};
use crate::proof::{ProofError, verify_inclusion};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes of a path: the height of the largest tree.
const LONGEST_PATH: usize = 64;

/// A proof that an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProof {
    /// Whatever the application adds; nothing vouches for it. Here: the entry's public bytes, which the leaf hash covers.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up (RFC 6962 §2.1.1).
    pub path: Vec<Hash>,
    /// The checkpoint that it is made for, as a note.
    pub checkpoint: String,
}

/// Why a proof does not convince.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryProofError {
    /// Not the text of a proof.
    #[error("not a proof")]
    Malformed,
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] NoteError),
    /// The entry is not in the tree.
    #[error("the entry is not in the log")]
    Inclusion(#[from] ProofError),
}

impl EntryProof {
    /// Reads the text of a proof.
    pub fn parse(text: &str) -> Result<Self, EntryProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(EntryProofError::Malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(EntryProofError::Malformed);
        }
        let extra =
            lines.next_if(|line| line.starts_with("extra ")).map(|line| decode(&line["extra ".len()..]));
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?));
        let path: Vec<Hash> = lines
            .take(LONGEST_PATH + 1)
            .map(|line| Hash::try_from(decode(line)?.as_slice()).map_err(|_| EntryProofError::Malformed))
            .collect::<Result<_, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(EntryProofError::Malformed);
        }
        Ok(Self {
            extra: extra.transpose()?,
            index: index.ok_or(EntryProofError::Malformed)?,
            path,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that the entry with `leaf` is in the log whose `keys` are known, and gives the head that says so.
    pub fn verify(&self, leaf: Hash, keys: &[Verifier]) -> Result<Checkpoint, EntryProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys)?;
        verify_inclusion(leaf, self.index, checkpoint.size, checkpoint.root, &self.path)?;
        Ok(checkpoint)
    }
}

fn decode(text: &str) -> Result<Vec<u8>, EntryProofError> {
    STANDARD.decode(text).map_err(|_| EntryProofError::Malformed)
}

impl fmt::Display for EntryProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.0))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
