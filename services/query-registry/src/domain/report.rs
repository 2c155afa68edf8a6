//! Daily and weekly reports (H8.1): what a line lacks, and the endorsement.

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::Instant;
use query_registry_types::control::{ControlReport, ReportSeal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::application::Endorser;
use crate::domain::control_item::kind;

/// A report at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptReport(pub ControlReport);

impl chassis::Document for KeptReport {
    const TABLE: &'static str = "control_reports";
    fn id(&self) -> Uuid {
        self.0.id
    }
}

/// What is known of one line: a query in the register of queries, in the log, or in both (H8.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub struct LineFacts {
    /// It stands in the register of queries.
    pub recorded: bool,
    /// It stands in the query log, with its outcome.
    pub logged: bool,
    /// Data were handed over, or the provider said that it knows no such person.
    pub given: bool,
    /// It was refused.
    pub refused: bool,
    /// The log has its intent without an outcome.
    pub open_intent: bool,
    /// A query application covers it.
    pub has_application: bool,
    /// The application is the user's own.
    pub same_user: bool,
    /// The responsible supervisor had endorsed the application before.
    pub endorsed: bool,
    /// The application was still good.
    pub in_time: bool,
    /// The application names the person.
    pub person_covered: bool,
    /// The application names the items.
    pub items_covered: bool,
    /// Which delivery of the answer.
    pub delivery: i16,
    /// The platform's own file for the day has it; true when there is no file.
    pub in_platform: bool,
}

/// What a line lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineFault {
    /// In the log, not in the register of queries.
    NotRecorded,
    /// In the register of queries, not in the log.
    NotLogged,
    /// No application.
    NoApplication,
    /// Somebody else's application.
    OtherUser,
    /// Not endorsed before.
    NotEndorsed,
    /// After the application's last day.
    PastValidity,
    /// A person whom the application does not name.
    PersonNotCovered,
    /// Items that the application does not name.
    ItemsNotCovered,
    /// An intent without outcome.
    OpenIntent,
    /// Delivered once more.
    SecondDelivery,
    /// Not in the platform's own file.
    NotInPlatformReport,
}

impl LineFault {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotRecorded => "not-recorded",
            Self::NotLogged => "not-logged",
            Self::NoApplication => "no-application",
            Self::OtherUser => "other-user",
            Self::NotEndorsed => "not-endorsed",
            Self::PastValidity => "past-validity",
            Self::PersonNotCovered => "person-not-covered",
            Self::ItemsNotCovered => "items-not-covered",
            Self::OpenIntent => "open-intent",
            Self::SecondDelivery => "second-delivery",
            Self::NotInPlatformReport => "not-in-platform-report",
        }
    }

    /// The kind of item that it becomes.
    pub fn kind(self) -> &'static str {
        match self {
            Self::OpenIntent => kind::OPEN_INTENT,
            Self::SecondDelivery => kind::SECOND_DELIVERY,
            _ => kind::UNMATCHED_LINE,
        }
    }

    /// Whether the line counts as one that does not match; a second delivery matches and is listed.
    pub fn is_unmatched(self) -> bool {
        self != Self::SecondDelivery
    }
}

/// The gravest thing that a line lacks, if any. The store's coarse filter passes exactly the lines for which this is
/// something.
pub fn fault(line: &LineFacts) -> Option<LineFault> {
    use LineFault as F;
    if line.open_intent {
        return Some(F::OpenIntent);
    }
    if !line.recorded {
        return Some(F::NotRecorded);
    }
    if !line.logged && (line.given || line.refused) {
        return Some(F::NotLogged);
    }
    if !line.given {
        return None;
    }
    let checks = [
        (line.has_application, F::NoApplication),
        (line.same_user, F::OtherUser),
        (line.endorsed, F::NotEndorsed),
        (line.in_time, F::PastValidity),
        (line.person_covered, F::PersonNotCovered),
        (line.items_covered, F::ItemsNotCovered),
        (line.delivery <= 1, F::SecondDelivery),
        (line.in_platform, F::NotInPlatformReport),
    ];
    checks.into_iter().find(|(fits, _)| !fits).map(|(_, fault)| fault)
}

/// Why a report cannot be endorsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportFault {
    /// Another agency's.
    #[error("The agency that owes the report endorses it.")]
    OtherAgency,
    /// Endorsed before.
    #[error("It was endorsed already.")]
    Endorsed,
    /// All its lines are the endorser's own queries (invariant 9).
    #[error("All queries of this report are your own: your deputy or another supervisor endorses it.")]
    OwnQueries,
}

impl KeptReport {
    /// Takes the endorsement (H8.1.1); the card was checked before.
    pub fn endorse(
        &mut self,
        by: &Endorser,
        mut endorsement: Endorsement,
        today: NaiveDate,
        now: Instant,
    ) -> Result<(), ReportFault> {
        let report = &mut self.0;
        if by.agency != report.content.agency {
            return Err(ReportFault::OtherAgency);
        }
        if report.seal.is_some() {
            return Err(ReportFault::Endorsed);
        }
        let own_lines = report.lines_by_user.get(&by.person).copied().unwrap_or_default();
        if own_lines > 0 && own_lines >= report.content.lines {
            return Err(ReportFault::OwnQueries);
        }
        endorsement.signed_at = now;
        let (person, post, acting_for) = (by.person, by.post, by.acting_for);
        let late = today > report.due_on;
        report.seal = Some(ReportSeal { person, post, acting_for, at: now, late, own_lines, endorsement });
        "endorsed".clone_into(&mut report.state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn good() -> LineFacts {
        LineFacts {
            recorded: true,
            logged: true,
            given: true,
            refused: false,
            open_intent: false,
            has_application: true,
            same_user: true,
            endorsed: true,
            in_time: true,
            person_covered: true,
            items_covered: true,
            delivery: 1,
            in_platform: true,
        }
    }

    #[test]
    fn a_line_that_lacks_nothing_matches_and_each_lack_is_named() {
        assert_eq!(fault(&good()), None);
        let cases: [(LineFault, fn(&mut LineFacts)); 11] = [
            (LineFault::NotRecorded, |l| l.recorded = false),
            (LineFault::NotLogged, |l| l.logged = false),
            (LineFault::NoApplication, |l| l.has_application = false),
            (LineFault::OtherUser, |l| l.same_user = false),
            (LineFault::NotEndorsed, |l| l.endorsed = false),
            (LineFault::PastValidity, |l| l.in_time = false),
            (LineFault::PersonNotCovered, |l| l.person_covered = false),
            (LineFault::ItemsNotCovered, |l| l.items_covered = false),
            (LineFault::OpenIntent, |l| l.open_intent = true),
            (LineFault::SecondDelivery, |l| l.delivery = 2),
            (LineFault::NotInPlatformReport, |l| l.in_platform = false),
        ];
        for (expected, change) in cases {
            let mut line = good();
            change(&mut line);
            assert_eq!(fault(&line), Some(expected));
        }
    }

    #[test]
    fn a_logged_refusal_needs_no_application() {
        let line = LineFacts {
            recorded: true,
            logged: true,
            refused: true,
            in_platform: true,
            ..LineFacts::default()
        };
        assert_eq!(fault(&line), None);
        assert_eq!(fault(&LineFacts { logged: false, ..line }), Some(LineFault::NotLogged));
    }

    proptest! {
        #[test]
        fn nothing_that_was_handed_over_passes_with_any_lack(bits in prop::array::uniform12(any::<bool>()), delivery in 0i16..4) {
            let [recorded, logged, given, refused, open_intent, has_application, same_user, endorsed, in_time,
                person_covered, items_covered, in_platform] = bits;
            let line = LineFacts { recorded, logged, given, refused, open_intent, has_application, same_user, endorsed,
                in_time, person_covered, items_covered, delivery, in_platform };
            let complete = recorded && logged && has_application && same_user && endorsed && in_time
                && person_covered && items_covered && delivery <= 1 && in_platform && !open_intent;
            if given {
                prop_assert_eq!(fault(&line).is_none(), complete);
            }
        }
    }
}
