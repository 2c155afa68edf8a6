//! Rule packs: a regulation as data. One TOML file per regulation and version holds who may ask, on which legal basis,
//! along which path, how often what is checked, and how long records live; the services carry it out.
//!
//! [`PackSet::embedded`] has the packs of this repository, [`PackSet::load`] reads a folder, [`PackSet::on`] picks the
//! version in force on a day. Errors name file, key and reason. [`back_test()`] compares two packs over past facts.

pub mod back_test;
pub mod error;
pub mod forms;
mod lookup;
pub mod model;
pub mod path;
pub mod set;
pub mod terms;
pub mod times;
mod validate;

pub use back_test::{Decision, Difference, Fact, back_test};
pub use error::{Fault, PackError, Reason};
pub use forms::{FieldKind, Form, FormField, FormOption, FormRow, FormTable, FormVariant, TickItems};
pub use model::{
    AccountRules, Addition, AgencyKind, EndorsementRules, Issue, LegalBasis, MisuseRules, PermissionItem,
    Programme, Provider, ProviderField, QueryItem, QueryRules, RulePack, SamplingRules, SessionRules, System,
    Text,
};
pub use path::{ApplicationKind, ApplicationPath, NumberUse, ResultKind, Stage, StageAction};
pub use set::{PackSet, working_calendar};
pub use terms::{
    Actor, AgencyPart, Consequence, CountedFrom, DayUnit, DeadlineKind, EndorsementMode, LegalBasisKind,
    OutsideCase, Owner, ProviderKind, RecordKind, Regulation, RhythmKind, RhythmUnit, Scope, TriggerKind,
};
pub use times::{Deadline, Duty, Ratio, Retention, Rhythm};
