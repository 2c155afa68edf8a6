//! Why a query, or an application for it, is refused: one variant for each rule.

/// A refusal. Each names its rule; `code` is the problem type and stands in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The asking system is not registered, not active, or the pack does not list it.
    #[error("Query through a registered system that the rule pack lists.")]
    SystemNotRegistered,
    /// The official's address is in no office network of the agency.
    #[error("Query at the office: this address is in none of the agency's office networks.")]
    OutsideOfficeNetwork,
    /// There is no such application of this official in this post.
    #[error("Fill in a query application first, or check its id.")]
    ApplicationUnknown,
    /// No rule pack of the regulation lets queries pass the gate.
    #[error("Queries of this kind of data do not pass this gate.")]
    NotAtGate,
    /// Two persons have not approved the rule pack, or the way to the provider.
    #[error(
        "Two administrators must first approve the rule pack and the provider's endpoint: tell the IT centre."
    )]
    ConfigurationNotApproved,
    /// The official holds no such account in the post acted in.
    #[error("Apply for an account in the post that you act in.")]
    NoAccount,
    /// The account is suspended, stopped, not yet or no longer valid, or its holder left.
    #[error("The account is not active: ask the IT unit.")]
    AccountNotActive,
    /// The token is from before an act that took something from the official or the system.
    #[error("A right was taken away since you signed in: sign in again.")]
    RightRevoked,
    /// No permission item of the account opens the programme of the case.
    #[error("The account's permission items do not open the programme of this case: apply for a change.")]
    PermissionMissing,
    /// Something of annex 2 is not filled in.
    #[error("Fill in every item of the query application.")]
    ApplicationIncomplete,
    /// The reason is empty.
    #[error("Write down the reason of the query.")]
    ReasonMissing,
    /// The responsible supervisor has not endorsed the application.
    #[error("Wait for the responsible supervisor's endorsement.")]
    ApplicationNotEndorsed,
    /// The application is no longer, or not yet, good.
    #[error("The application is past its day: fill in a new one.")]
    ApplicationExpired,
    /// The legal basis is not in force, not citable, or not one of the programme's.
    #[error("Cite a legal basis that is in force and belongs to the programme.")]
    LegalBasisNotInForce,
    /// The case is closed or out of its period.
    #[error("The case is closed: register the case that the query is for.")]
    CaseClosed,
    /// The person is not in the case, or the case is not there.
    #[error("The person does not belong to the case.")]
    OutsideCase,
    /// The application does not name the person.
    #[error("The application does not name this person: fill in a new one.")]
    PersonNotCovered,
    /// The application does not name an item.
    #[error("The application does not name these items: fill in a new one.")]
    ItemsNotCovered,
    /// It was answered under this application already.
    #[error(
        "It was answered already; the content is not kept. After a broken connection send `delivery_of`."
    )]
    AlreadyAnswered,
    /// It was delivered again as often as the pack allows.
    #[error("It was delivered as often as is allowed: fill in a new application.")]
    DeliveriesUsedUp,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: &'static [Self] = &[
        Self::SystemNotRegistered,
        Self::OutsideOfficeNetwork,
        Self::ApplicationUnknown,
        Self::NotAtGate,
        Self::ConfigurationNotApproved,
        Self::NoAccount,
        Self::AccountNotActive,
        Self::RightRevoked,
        Self::PermissionMissing,
        Self::ApplicationIncomplete,
        Self::ReasonMissing,
        Self::ApplicationNotEndorsed,
        Self::ApplicationExpired,
        Self::LegalBasisNotInForce,
        Self::CaseClosed,
        Self::OutsideCase,
        Self::PersonNotCovered,
        Self::ItemsNotCovered,
        Self::AlreadyAnswered,
        Self::DeliveriesUsedUp,
    ];

    /// The clause of the household regulation that stands in the way; tax data follow the same gate.
    pub fn clause(self) -> &'static str {
        match self {
            Self::SystemNotRegistered | Self::OutsideOfficeNetwork | Self::NotAtGate => "H3.1",
            Self::ConfigurationNotApproved => "invariant-11",
            Self::NoAccount | Self::PermissionMissing => "H4.1",
            Self::AccountNotActive => "H5.1.2",
            Self::RightRevoked => "H5.2.2",
            Self::ApplicationUnknown
            | Self::ApplicationIncomplete
            | Self::ApplicationNotEndorsed
            | Self::ApplicationExpired
            | Self::PersonNotCovered
            | Self::ItemsNotCovered
            | Self::AlreadyAnswered
            | Self::DeliveriesUsedUp => "H4.2",
            Self::ReasonMissing => "H6.3",
            Self::LegalBasisNotInForce => "H2.1",
            Self::CaseClosed | Self::OutsideCase => "H2.3",
        }
    }
}
