//! Query applications (H annex 2): what is kept of one, and its transitions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, PostId, QueryApplicationId, UnitId};
use kernel::{Instant, Sealed, WorkingCalendar, days};
use query_log::SealedValue;
use query_registry_types::applications::{ApplicationContent, ApplicationState, QueryApplicationView};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::refusal::Refusal;
use crate::domain::rules::Rules;

/// The responsible supervisor's endorsement of one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisorSeal {
    /// Who.
    pub person: PersonId,
    /// The post acted in: a deputy's own one.
    pub post: PostId,
    /// The post that a deputy stood in for.
    pub acting_for: Option<PostId>,
    /// The batch whose signature covers it.
    pub batch: Uuid,
    /// When it was taken.
    pub at: Instant,
}

/// An application that was returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Who.
    pub person: PersonId,
    /// Why.
    pub reason: Sealed,
    /// When.
    pub at: Instant,
}

/// A query application at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryApplication {
    /// Its id.
    pub id: QueryApplicationId,
    /// Number in the register.
    pub register_number: String,
    /// `household` or `tax`.
    pub regulation: String,
    /// 日期.
    pub date: NaiveDate,
    /// 使用者.
    pub user: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// Agency.
    pub agency_id: AgencyId,
    /// 申請使用單位.
    pub unit_id: UnitId,
    /// 作業帳號.
    pub account_id: AccountId,
    /// Account number as printed.
    pub account_number: String,
    /// Case.
    pub case_id: CaseId,
    /// Programme of the case.
    pub programme: String,
    /// Legal basis.
    pub legal_basis: String,
    /// Items asked.
    pub items: BTreeSet<String>,
    /// Keyed hashes of the persons (`subjects`).
    pub subjects: BTreeSet<String>,
    /// Whether a reason was given; the reason itself is sealed in `content`.
    pub has_reason: bool,
    /// The whole content, sealed under a key of its own: reason, conditions, salt.
    pub content: SealedValue,
    /// What a batch endorsement names for it.
    pub digest: String,
    /// 使用者核章.
    pub user_endorsement: Endorsement,
    /// State.
    pub state: ApplicationState,
    /// 權責主管核章.
    pub supervisor: Option<SupervisorSeal>,
    /// Set when it was returned.
    pub returned: Option<Return>,
    /// Moment from which it is no longer good.
    pub valid_until: Instant,
    /// Whether agencies' systems were told that it expired.
    #[serde(default)]
    pub expiry_told: bool,
    /// Marks on its reason.
    pub marks: BTreeMap<String, i64>,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// When it was filled in.
    pub created_at: Instant,
}

impl chassis::Document for QueryApplication {
    const TABLE: &'static str = "query_applications";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// Who acts as endorser.
#[derive(Debug, Clone, Copy)]
pub struct Endorser {
    /// Who.
    pub person: PersonId,
    /// The post acted in.
    pub post: PostId,
    /// The post that a deputy stands in for.
    pub acting_for: Option<PostId>,
    /// The agency of the post.
    pub agency: AgencyId,
}

/// Why an application cannot be endorsed or returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewFault {
    /// Invariant 9; also for a deputy.
    #[error("Nobody endorses or returns his own application, nor as a deputy.")]
    OwnApplication,
    /// It is another agency's.
    #[error("The responsible supervisor of the application's own agency decides.")]
    OtherAgency,
    /// It was endorsed or returned already.
    #[error("It was endorsed or returned already.")]
    Settled,
    /// Its time is over.
    #[error("The application is past its day: a new one is needed.")]
    Expired,
}

impl QueryApplication {
    fn review(&self, by: &Endorser, now: Instant) -> Result<(), ReviewFault> {
        if by.agency != self.agency_id {
            Err(ReviewFault::OtherAgency)
        } else if by.person == self.user {
            Err(ReviewFault::OwnApplication)
        } else if self.state != ApplicationState::Submitted {
            Err(ReviewFault::Settled)
        } else if now >= self.valid_until {
            Err(ReviewFault::Expired)
        } else {
            Ok(())
        }
    }

    /// Takes the supervisor's endorsement (H4.2).
    pub fn endorse(&mut self, by: &Endorser, batch: Uuid, now: Instant) -> Result<(), ReviewFault> {
        self.review(by, now)?;
        let Endorser { person, post, acting_for, .. } = *by;
        self.supervisor = Some(SupervisorSeal { person, post, acting_for, batch, at: now });
        self.state = ApplicationState::Endorsed;
        Ok(())
    }

    /// Returns it unendorsed.
    pub fn send_back(&mut self, by: &Endorser, reason: Sealed, now: Instant) -> Result<(), ReviewFault> {
        self.review(by, now)?;
        self.returned = Some(Return { person: by.person, reason, at: now });
        self.state = ApplicationState::Returned;
        Ok(())
    }

    /// As it is shown.
    pub fn view(&self, reminder: String) -> QueryApplicationView {
        QueryApplicationView {
            id: self.id,
            register_number: self.register_number.clone(),
            regulation: self.regulation.clone(),
            date: self.date,
            user: self.user,
            agency: self.agency_id,
            unit: self.unit_id,
            account: self.account_id,
            account_number: self.account_number.clone(),
            case: self.case_id,
            programme: self.programme.clone(),
            legal_basis: self.legal_basis.clone(),
            items: self.items.clone(),
            persons: self.subjects.len(),
            state: self.state,
            endorsed_by: self.supervisor.as_ref().map(|s| s.person),
            endorsed_at: self.supervisor.as_ref().map(|s| s.at),
            valid_until: self.valid_until,
            digest: self.digest.clone(),
            marks: self.marks.clone(),
            rule_pack: self.rule_pack.clone(),
            reminder,
        }
    }
}

/// The moment from which an application of `date` is no longer good.
pub fn valid_until(rules: &Rules, calendar: &WorkingCalendar, date: NaiveDate) -> Instant {
    days::end_of(calendar.working_days_after(date, rules.pack.query.valid_working_days))
}

/// What of annex 2 is not filled in (H4.2, H6.3).
pub fn check_complete(content: &ApplicationContent, rules: &Rules) -> Result<(), Refusal> {
    let citation = content.citation.as_deref().unwrap_or_default().trim();
    let needs_citation =
        rules.pack.legal_basis(&content.legal_basis).is_some_and(rule_pack::LegalBasis::needs_citation);
    if content.reason.expose().trim().is_empty() {
        Err(Refusal::ReasonMissing)
    } else if content.persons.is_empty()
        || content.items.is_empty()
        || (needs_citation && citation.is_empty())
    {
        Err(Refusal::ApplicationIncomplete)
    } else if content.items.iter().any(|item| rules.pack.query_item(item).is_none()) {
        Err(Refusal::ItemsNotCovered)
    } else {
        Ok(())
    }
}
