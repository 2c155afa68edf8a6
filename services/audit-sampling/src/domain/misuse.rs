//! From marks and refusals to suspicions (H6.6 ＋, H9 ＋). The thresholds are the pack's: the registry marks a query
//! only past them. A suspicion accuses nobody of more than its kind says; one finding follows each kind, account (or
//! person, or agency) and period.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::days;
use query_registry_types::events::{Decision, QueryRecorded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::projection::{AccountView, PersonView, Standing};

/// The kinds of misuse that the suite finds by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MisuseKind {
    /// Tries with an account that is held back for a lost card (I3.7, H5.2.3).
    LostCardUsed,
    /// Queries after a change of duties, leaving or retirement (H5.2.2, H9).
    TransferredStillQuerying,
    /// Queries at night.
    NightQueries,
    /// Queries about oneself or declared relatives.
    OwnRelatives,
    /// A run through consecutive national ids.
    SequentialIds,
    /// The same or a meaningless reason again and again (H6.3).
    CopiedReasons,
    /// Unusually many queries, or about one person.
    UnusualFrequency,
    /// Household queries without a tax query (H8.1.2).
    MissingTaxFollowup,
    /// A daily or weekly report endorsed late or not at all (H8.1).
    ReportEndorsedLate,
    /// A query about a person outside the case (H2.3).
    PersonOutsideCase,
    /// A call to the provider that did not pass the gate.
    ProviderCallPastGate,
    /// An intent in the log without its outcome.
    OpenIntent,
    /// A try by somebody without an account (H4.1, H9).
    NeverAuthorisedAttempt,
    /// One person from two places at once (H5.2.3).
    TwoPlaces,
    /// Use in an outside system that was not approved (I3.1, I3.4).
    UnapprovedUse,
    /// A line of a report that nobody explained (H8.1.1).
    UnmatchedLine,
    /// A checkpoint of the query log that contradicts an earlier one: somebody bent the log (H6.6 ＋).
    LogContradicted,
}

impl MisuseKind {
    /// The kind as it stands in findings and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LostCardUsed => "lost_card_used",
            Self::TransferredStillQuerying => "transferred_still_querying",
            Self::NightQueries => "night_queries",
            Self::OwnRelatives => "own_relatives",
            Self::SequentialIds => "sequential_ids",
            Self::CopiedReasons => "copied_reasons",
            Self::UnusualFrequency => "unusual_frequency",
            Self::MissingTaxFollowup => "missing_tax_followup",
            Self::ReportEndorsedLate => "report_endorsed_late",
            Self::PersonOutsideCase => "person_outside_case",
            Self::ProviderCallPastGate => "provider_call_past_gate",
            Self::OpenIntent => "open_intent",
            Self::NeverAuthorisedAttempt => "never_authorised_attempt",
            Self::TwoPlaces => "two_places",
            Self::UnapprovedUse => "unapproved_use",
            Self::UnmatchedLine => "unmatched_line",
            Self::LogContradicted => "log_contradicted",
        }
    }

    /// The clause that it is about, for a regulation.
    pub fn clause(self, regulation: &str) -> &'static str {
        if regulation == "immigration" {
            return match self {
                Self::LostCardUsed => "I3.7",
                Self::TransferredStillQuerying | Self::NeverAuthorisedAttempt => "I6",
                Self::UnapprovedUse => "I3.4",
                _ => "I4.1.1",
            };
        }
        match self {
            Self::LostCardUsed | Self::TwoPlaces => "H5.2.3",
            Self::TransferredStillQuerying | Self::NeverAuthorisedAttempt => "H9",
            Self::NightQueries | Self::SequentialIds | Self::UnusualFrequency | Self::OwnRelatives => "H8.3",
            Self::CopiedReasons => "H6.3",
            Self::MissingTaxFollowup => "H8.1.2",
            Self::ReportEndorsedLate | Self::UnmatchedLine => "H8.1.1",
            Self::PersonOutsideCase => "H2.3",
            Self::ProviderCallPastGate => "H3.1",
            Self::OpenIntent | Self::LogContradicted => "H6.6",
            Self::UnapprovedUse => "H4.1",
        }
    }

    /// Whether the account is held back at once: its holder has no right any more (H9, I6). Everything else waits for
    /// the investigation: a suspicion alone stops nobody's work.
    pub fn suspends(self) -> bool {
        matches!(self, Self::LostCardUsed | Self::TransferredStillQuerying)
    }
}

/// Marks of the registry and what they make suspect.
const MARKS: [(&str, MisuseKind); 8] = [
    ("declared-relative", MisuseKind::OwnRelatives),
    ("sequential-ids", MisuseKind::SequentialIds),
    ("night", MisuseKind::NightQueries),
    ("copied-reason", MisuseKind::CopiedReasons),
    ("meaningless-reason", MisuseKind::CopiedReasons),
    ("outside-case", MisuseKind::PersonOutsideCase),
    ("repeated-subject", MisuseKind::UnusualFrequency),
    ("many-in-an-hour", MisuseKind::UnusualFrequency),
];

/// Kinds of the registry's control items that are followed at once, and those that wait for an explanation.
const ITEMS: [(&str, MisuseKind, bool); 8] = [
    ("past-the-gate", MisuseKind::ProviderCallPastGate, false),
    ("open-intent", MisuseKind::OpenIntent, false),
    ("unapproved-use", MisuseKind::UnapprovedUse, false),
    ("unusual-frequency", MisuseKind::UnusualFrequency, false),
    ("field", MisuseKind::UnapprovedUse, true),
    ("hours", MisuseKind::NightQueries, true),
    ("missing-tax-query", MisuseKind::MissingTaxFollowup, true),
    ("unmatched-line", MisuseKind::UnmatchedLine, true),
];

/// What a control item may become, and whether its explanation is awaited first (H8.1: explained or a finding).
pub fn of_item(kind: &str) -> Option<(MisuseKind, bool)> {
    ITEMS.iter().find(|(name, _, _)| *name == kind).map(|(_, kind, waits)| (*kind, *waits))
}

/// The suspicions that a query gives rise to, each kind once. `account` and `person` are the projections, where known.
pub fn of_query(
    query: &QueryRecorded,
    account: Option<&AccountView>,
    person: Option<&PersonView>,
) -> Vec<MisuseKind> {
    let refused = query.decision == Decision::Refused;
    let day = days::taipei_date(query.at);
    let mut kinds = of_marks(&query.marks);
    if refused {
        kinds.extend(of_refusal(query, account, person, day));
    } else if used_after_change(account, person, day) {
        kinds.push(MisuseKind::TransferredStillQuerying);
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn of_marks(marks: &BTreeMap<String, i64>) -> Vec<MisuseKind> {
    MARKS.iter().filter(|(name, _)| marks.contains_key(*name)).map(|(_, kind)| *kind).collect()
}

fn of_refusal(
    query: &QueryRecorded,
    account: Option<&AccountView>,
    person: Option<&PersonView>,
    day: NaiveDate,
) -> Option<MisuseKind> {
    match query.refusal.as_deref().unwrap_or_default() {
        "outside-case" => Some(MisuseKind::PersonOutsideCase),
        "card-revoked" | "card-lost" | "refused-card-revoked" => Some(MisuseKind::LostCardUsed),
        // Without an account at all he was never authorised; with one of a post that he left he was.
        "no-account" => Some(MisuseKind::NeverAuthorisedAttempt),
        "account-not-active" => match account.map(AccountView::standing) {
            Some(Standing::LostCard) => Some(MisuseKind::LostCardUsed),
            Some(Standing::Stopped) => Some(MisuseKind::TransferredStillQuerying),
            // Held back for another reason: the lock does its work, and its own finding follows the reason.
            Some(Standing::Active | Standing::Suspended) => {
                used_after_change(account, person, day).then_some(MisuseKind::TransferredStillQuerying)
            }
            // An account that is not known here yet proves nothing about its holder.
            None => query.account.is_none().then_some(MisuseKind::NeverAuthorisedAttempt),
        },
        _ => None,
    }
}

/// Whether the account was used on `day` although its holder no longer held the account's post (H5.2.2).
pub fn used_after_change(account: Option<&AccountView>, person: Option<&PersonView>, day: NaiveDate) -> bool {
    let (Some(account), Some(person)) = (account, person) else { return false };
    person.posts.iter().any(|p| p.id == account.account.post && p.until.is_some_and(|until| until < day))
}

/// The key under which a suspicion is one finding: kind, what it is about, period.
pub fn finding_key(kind: &str, regulation: &str, subject: &str, period: NaiveDate) -> String {
    format!("{kind}/{regulation}/{subject}/{period}")
}

#[cfg(test)]
#[path = "misuse_tests.rs"]
mod tests;
