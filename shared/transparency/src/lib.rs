//! What makes an append-only log believable to others: the Merkle tree of RFC 6962, tiles, signed checkpoints, proofs and
//! cosignatures of witnesses as C2SP describes them. Pure: bytes in, bytes out; no database, network, clock or chance.

pub mod checkpoint;
pub mod cosignature;
pub mod entry_proof;
pub mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;

pub use hash::{Hash, HashError};
pub use proof::{ProofError, root_of, verify_consistency, verify_inclusion};
pub use tree::{Frontier, Growth, Node};
