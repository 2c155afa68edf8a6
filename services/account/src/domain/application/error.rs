//! Why a step of an application is refused.

use chassis::Problem;

use crate::problems;

/// Why a step is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// Ended or with the applicant.
    #[error("the application is not on its way: load it again")]
    NotInProgress,
    /// Not this stage's turn.
    #[error("the next stage is `{next}`")]
    WrongStage {
        /// The stage whose turn it is.
        next: String,
    },
    /// Only the applicant himself, in his own post.
    #[error("only the applicant files his own application, in his own post")]
    NotApplicant,
    /// The actor's own application, or that of the post he stands in for.
    #[error("nobody endorses his own application, nor a deputy that of the post he stands in for")]
    OwnApplication,
    /// The proposer signs his own proposal.
    #[error("the handler's supervisor signs, not the handler")]
    OwnProposal,
    /// Role, agency or unit are not those of the stage.
    #[error("this stage is for `{actor}` of the agency and unit that the path names")]
    NotTheActor {
        /// Actor of the rule pack.
        actor: &'static str,
    },
    /// No card signature.
    #[error("this stage needs a card signature")]
    NotEndorsed,
    /// No result chosen.
    #[error("this stage needs a result: granted, refused or other")]
    OutcomeMissing,
    /// A result that the stage does not have.
    #[error("this stage does not have that result")]
    NoSuchOutcome,
    /// Granted without date.
    #[error("`granted` needs the date from which it holds")]
    EffectiveDateMissing,
    /// Refused or other without words.
    #[error("`refused` and `other` need words")]
    ReasonMissing,
    /// Not what the handler proposed.
    #[error("the supervisor signs the proposed result or returns the application")]
    NotAsProposed,
    /// Document number missing.
    #[error("this stage needs the document number")]
    NumberMissing,
    /// Account number missing.
    #[error("the account number that the agency allotted is missing")]
    AccountNumberMissing,
    /// A day in the future.
    #[error("the day lies in the future")]
    Future,
    /// No section asked, or its stage has passed.
    #[error("no joint section can be asked or was asked here")]
    JointUnit,
}

impl From<ApplicationError> for chassis::Error {
    fn from(error: ApplicationError) -> Self {
        use ApplicationError as E;
        let kind = match error {
            E::NotInProgress | E::WrongStage { .. } | E::JointUnit => &problems::WRONG_STAGE,
            E::NotApplicant | E::OwnApplication | E::OwnProposal => &problems::OWN_MATTER,
            E::NotTheActor { .. } => &problems::NOT_THE_ACTOR,
            E::NotEndorsed => &problems::ENDORSEMENT_MISSING,
            E::OutcomeMissing
            | E::NoSuchOutcome
            | E::EffectiveDateMissing
            | E::ReasonMissing
            | E::NotAsProposed
            | E::NumberMissing
            | E::AccountNumberMissing
            | E::Future => &problems::STAGE_INCOMPLETE,
        };
        Problem::new(kind, error.to_string()).clause("H5.2.1").into()
    }
}
