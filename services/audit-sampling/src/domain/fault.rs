//! Why an act is not allowed. Each is one problem type; see `problems.rs`.

use kernel::ids::PersonId;

/// A refusal of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The state does not allow the act.
    #[error("This is not its turn: look at the state first.")]
    WrongState,
    /// The actor is the person concerned (invariant 9).
    #[error("Nobody acts in his own matter.")]
    OwnMatter,
    /// The auditor opened the account (invariant 9).
    #[error("Nobody audits an account that he opened.")]
    OpenedByAuditor,
    /// The auditor belongs to the audited unit (invariant 9).
    #[error("The audit is by outsiders of the audited unit.")]
    Insider,
    /// The person is no auditor now.
    #[error("The person is no auditor in service.")]
    NotAuditor,
    /// The worksheet is another auditor's.
    #[error("The worksheet is assigned to somebody else.")]
    NotAssigned,
    /// The population must be frozen before the randomness is published.
    #[error("Name a source that is published after the population is frozen.")]
    SourceTooEarly,
    /// The randomness is not published yet.
    #[error("The randomness that the plan names is not published yet.")]
    RandomnessTooEarly,
    /// The period is not over.
    #[error("The period is not over yet.")]
    PeriodRunning,
    /// The second person must be another one.
    #[error("A second person must type the numbers in.")]
    SamePerson,
    /// The second person typed in something else.
    #[error("The numbers differ from those recorded: look them up again.")]
    NumbersDiffer,
    /// The text holds other characters than allowed.
    #[error("1 to 200 ASCII digits, letters, spaces and commas.")]
    BadNumbers,
    /// Results do not cover the drawn records exactly, or a finding lacks its remark.
    #[error("Record every drawn record exactly once; a finding needs a remark.")]
    RecordsIncomplete,
    /// Worksheets are not recorded yet.
    #[error("Worksheets still wait for their results.")]
    WorksheetsOpen,
    /// The party does not take part or signed already.
    #[error("This party has signed already.")]
    PartyTwice,
    /// The three parties have not all signed.
    #[error("Business unit, ethics office and IT unit must all endorse the record.")]
    PartyMissing,
    /// The caller belongs to none of the three parties.
    #[error("Only business unit, ethics office and IT unit take part.")]
    NotAParty,
    /// One person stands for one party.
    #[error("One person stands for one party alone.")]
    OnePersonTwoParties,
    /// Answers do not match the rows of the form.
    #[error("Answer every row of the form with one of its options; `no` needs an explanation.")]
    AnswersIncomplete,
    /// The matter belongs to another agency.
    #[error("Another agency does this.")]
    OtherAgency,
    /// There is no such referral.
    #[error("There is no such referral.")]
    NoReferral,
    /// An investigation runs; it decides.
    #[error("A joint investigation runs: it ends the matter.")]
    UnderInvestigation,
    /// Cause, effect and containment must be known first (I4.1.2).
    #[error("Record cause, effect and containment first.")]
    CourseMissing,
}

/// Nobody acts in his own matter (invariant 9): `by` is not the person concerned.
pub fn not_own(concerned: Option<PersonId>, by: PersonId) -> Result<(), Fault> {
    if concerned == Some(by) { Err(Fault::OwnMatter) } else { Ok(()) }
}
