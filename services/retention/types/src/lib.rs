//! What the retention service tells others: event payloads, the bodies of its requests, and what is signed.

pub mod erasures;
pub mod events;
pub mod holds;
pub mod orders;
pub mod outputs;

pub use erasures::{
    ApproveErasure, ErasureBasis, ErasureContent, ErasureTarget, RequestErasure, ReturnErasure,
};
pub use holds::{HoldScope, LiftHold, PlaceHold};
pub use orders::{ApproveDestruction, HolderCount, OrderContent, RequestDestruction, ReturnDestruction};
pub use outputs::{
    ConfirmNoNeed, DestroyOutput, DestructionMethod, FileOutput, OutputKind, RegisterOutput, WitnessContent,
};
