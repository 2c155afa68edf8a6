//! What the audit service tells others: event payloads, requests, and the proof of a draw. What cards sign is
//! `account_types::ActContent` with the operation's id as act.

pub mod draw;
pub mod events;
pub mod requests;

pub use draw::{
    AccountChain, DrawProof, DrawnAccount, DrawnQuery, FrozenAccount, PlanCommitment, Randomness,
    RandomnessSource, SourceKind,
};
pub use requests::*;
