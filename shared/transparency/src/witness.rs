//! What a witness decides (C2SP tlog-witness), and what a log asks of it. The request is text: the old size, a consistency
//! proof, and the checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, decimal};
use crate::hash::Hash;
use crate::note::{Note, NoteError, Verifier};
use crate::proof::verify_consistency;

/// Most lines of a proof.
const LONGEST_PROOF: usize = 63;

/// The head of a log that a witness cosigned last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// A request taken apart; nothing in it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size that the log believes the witness to have seen.
    pub old: u64,
    /// Proof from there to the checkpoint.
    pub proof: Vec<Hash>,
    /// The checkpoint as a note.
    pub note: String,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a request: 400.
    #[error("not a request of tlog-witness")]
    Malformed,
    /// Nobody told the witness of this log: 404.
    #[error("this witness does not know the log")]
    UnknownLog,
    /// The log did not sign it: 403.
    #[error("the log did not sign the checkpoint")]
    Unsigned,
    /// The witness has seen another size, which the log is told: 409.
    #[error("this witness has seen {0} entries")]
    Conflict(u64),
    /// A checkpoint of the size that was seen, with another root: 409. It proves that the log shows two histories.
    #[error("the log shows two histories of {0} entries")]
    TwoHistories(u64),
    /// The proof does not lead from what was seen to the checkpoint: 422. Either the log erred, or it rewrote what was seen.
    #[error("the checkpoint does not continue what this witness has seen")]
    Inconsistent,
}

impl Refusal {
    /// The status that tlog-witness answers with.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::UnknownLog => 404,
            Self::Unsigned => 403,
            Self::Conflict(_) | Self::TwoHistories(_) => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl Request {
    /// Reads the body of a request.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (head, note) = text.split_once("\n\n").ok_or(Refusal::Malformed)?;
        let mut lines = head.split('\n');
        let old =
            lines.next().and_then(|line| decimal(line.strip_prefix("old ")?)).ok_or(Refusal::Malformed)?;
        let hash = |line: &str| Hash::try_from(STANDARD.decode(line).ok()?.as_slice()).ok();
        let proof: Vec<Hash> =
            lines.take(LONGEST_PROOF + 1).map(hash).collect::<Option<_>>().ok_or(Refusal::Malformed)?;
        if proof.len() > LONGEST_PROOF {
            return Err(Refusal::Malformed);
        }
        Ok(Self { old, proof, note: note.to_owned() })
    }

    /// The checkpoint's origin, by which the witness finds the log's keys and what it has seen of it.
    pub fn origin(&self) -> Result<String, Refusal> {
        Ok(Checkpoint::parse(&self.note).map_err(|_| Refusal::Malformed)?.origin)
    }

    /// What the witness may cosign, and must first record as seen.
    pub fn judge(&self, keys: &[Verifier], seen: Option<Seen>) -> Result<Checkpoint, Refusal> {
        let note = Note::parse(&self.note).map_err(|_| Refusal::Malformed)?;
        let checkpoint = Checkpoint::from_text(&note.text).map_err(|_| Refusal::Malformed)?;
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        note.verify(keys).map_err(|_: NoteError| Refusal::Unsigned)?;
        if self.old > checkpoint.size {
            return Err(Refusal::Malformed);
        }
        let seen = seen.unwrap_or(Seen { size: 0, root: Hash::empty_tree() });
        if seen.size == checkpoint.size && seen.root != checkpoint.root {
            return Err(Refusal::TwoHistories(seen.size));
        }
        if self.old != seen.size {
            return Err(Refusal::Conflict(seen.size));
        }
        verify_consistency((seen.size, seen.root), (checkpoint.size, checkpoint.root), &self.proof)
            .map_err(|_| Refusal::Inconsistent)?;
        Ok(checkpoint)
    }
}

impl std::fmt::Display for Request {
    /// The body of the request.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash.0))?;
        }
        write!(f, "\n{}", self.note)
    }
}
