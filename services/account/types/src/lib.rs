//! What the account service tells others: event payloads, master data, requests and the exact contents that cards sign.

pub mod applications;
pub mod emergency;
pub mod endorsed;
pub mod events;
pub mod governed;
pub mod master_data;
pub mod operations;

pub use applications::{
    AddJointUnit, ApplicationForm, CreateApplication, EndorseApplication, OpenAccount, Outcome, RecordStage,
    RefuseApplication, ResultKind, ReturnApplication,
};
pub use emergency::{
    CompleteEmergencyGrant, EmergencyContent, EmergencyTerms, ProposeEmergencyGrant, ReviewEmergencyGrant,
    ReviewWords,
};
pub use endorsed::{ActContent, StageContent};
pub use governed::{ApproveGovernedChange, CardBinding, GovernedAct, NewPost, ProposeGovernedChange};
pub use master_data::{
    AccountRecord, AgencyKind, AgencyRecord, BootstrapContent, LinkRecord, MasterData, PersonRecord,
    PostRecord, Summary, SystemRecord, UnitRecord,
};
pub use operations::*;
