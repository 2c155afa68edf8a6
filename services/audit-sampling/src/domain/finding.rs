//! Findings (H8.3, H8.5, H9, I4.1.2, I6): open → correction ordered → reported → closed, with investigation, referrals and
//! the course of the anomaly beside it.

use audit_sampling_types::{Course, Liability, RecordLegalReferral, RecordReferralOutcome, SignedAct};
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AccountId, AgencyId, FindingId, PersonId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fault::{Fault, not_own};

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// To be looked into.
    Open,
    /// A joint investigation runs (H8.3).
    Investigated,
    /// A violation: correction ordered (H8.5).
    CorrectionOrdered,
    /// The report is in.
    CorrectionReported,
    /// Done.
    Closed,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingEvidence {
    /// Where it comes from: `query`, `control-item`, `worksheet`, `report`, `person`,
    /// `checkpoint`, `hand`.
    pub source: String,
    /// Its id there.
    pub id: Uuid,
    /// Queries.
    pub queries: Vec<QueryId>,
    /// Codes and counts; no personal data.
    pub what: String,
    /// When it was noted.
    pub at: DateTime<Utc>,
}

/// The order of immediate correction (H8.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionOrder {
    /// What is to be corrected.
    pub order: String,
    /// Last day for the report.
    pub report_by: NaiveDate,
    /// Who ordered it.
    pub ordered: SignedAct,
}

/// A report on a correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionReport {
    /// What was done.
    pub report: String,
    /// Who reported.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it was accepted; absent: not yet decided.
    pub accepted: Option<bool>,
    /// Why it was sent back.
    pub remark: Option<String>,
    /// Who decided.
    pub decided_by: Option<PersonId>,
}

/// A referral (H9, I6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LegalReferral {
    /// Liability.
    pub liability: Liability,
    /// Authority.
    pub authority: String,
    /// Day.
    pub referred_on: NaiveDate,
    /// Document number.
    pub number: String,
    /// Who recorded it.
    pub by: PersonId,
    /// The outcome.
    pub outcome: Option<String>,
    /// Day of the outcome.
    pub decided_on: Option<NaiveDate>,
}

/// A finding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// Names it once: kind, subject, period.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// Clause.
    pub clause: String,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// Agency concerned.
    pub agency_id: AgencyId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// The day on which it was found.
    pub found_on: NaiveDate,
    /// State.
    pub state: FindingState,
    /// Whether it is known to be a violation.
    pub violation: bool,
    /// Whether the account was suspended for it.
    pub suspended: bool,
    /// What was seen.
    pub evidence: Vec<FindingEvidence>,
    /// The course (I4.1.2).
    pub course: Course,
    /// The investigation.
    pub investigation: Option<Uuid>,
    /// The order.
    pub order: Option<CorrectionOrder>,
    /// Reports, the last one counts.
    pub reports: Vec<CorrectionReport>,
    /// Referrals.
    pub referrals: Vec<LegalReferral>,
    /// `no-violation`, `corrected` or `referred`.
    pub outcome: Option<String>,
    /// Why it was closed.
    pub closing_reason: Option<String>,
    /// Who closed it.
    pub closed_by: Option<PersonId>,
    /// When.
    pub closed_on: Option<NaiveDate>,
}

impl Document for Finding {
    const TABLE: &'static str = "findings";
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

impl Finding {
    /// Nobody acts in his own matter (invariant 9).
    pub fn not_own(&self, by: PersonId) -> Result<(), Fault> {
        not_own(self.person, by)
    }

    fn open(&self) -> Result<(), Fault> {
        if self.state == FindingState::Closed { Err(Fault::WrongState) } else { Ok(()) }
    }

    /// Orders correction: a violation from here on.
    pub fn order_correction(&mut self, order: CorrectionOrder, suspend: bool) -> Result<(), Fault> {
        self.not_own(order.ordered.person)?;
        match self.state {
            FindingState::Open => {}
            FindingState::Investigated => return Err(Fault::UnderInvestigation),
            _ => return Err(Fault::WrongState),
        }
        self.violation = true;
        self.suspended |= suspend;
        self.order = Some(order);
        self.state = FindingState::CorrectionOrdered;
        Ok(())
    }

    /// Takes the report of the person or agency concerned.
    pub fn report_correction(
        &mut self,
        report: &str,
        (by, agency): (PersonId, AgencyId),
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        if self.state != FindingState::CorrectionOrdered {
            return Err(Fault::WrongState);
        }
        if self.person != Some(by) && self.agency_id != agency {
            return Err(Fault::OtherAgency);
        }
        self.reports.push(CorrectionReport {
            report: report.to_owned(),
            by,
            at: now,
            accepted: None,
            remark: None,
            decided_by: None,
        });
        self.state = FindingState::CorrectionReported;
        Ok(())
    }

    /// Accepts the report, which closes the finding, or sends it back. Neither the person concerned nor the reporter.
    pub fn decide_report(
        &mut self,
        accepted: bool,
        remark: Option<String>,
        by: PersonId,
        today: NaiveDate,
    ) -> Result<(), Fault> {
        self.not_own(by)?;
        if self.state != FindingState::CorrectionReported {
            return Err(Fault::WrongState);
        }
        let report = self.reports.last_mut().ok_or(Fault::WrongState)?;
        if report.by == by {
            return Err(Fault::OwnMatter);
        }
        report.accepted = Some(accepted);
        report.remark = remark;
        report.decided_by = Some(by);
        if accepted {
            let outcome = if self.referrals.is_empty() { "corrected" } else { "referred" };
            self.end(outcome, "the report was accepted", Some(by), today);
        } else {
            self.state = FindingState::CorrectionOrdered;
        }
        Ok(())
    }

    /// Records the course of the anomaly; what is absent stays as it was.
    pub fn follow(&mut self, course: Course, by: PersonId) -> Result<(), Fault> {
        self.not_own(by)?;
        self.open()?;
        self.course.cause = course.cause.or(self.course.cause.take());
        self.course.effect = course.effect.or(self.course.effect.take());
        self.course.containment = course.containment.or(self.course.containment.take());
        Ok(())
    }

    /// Records a referral; only for a violation.
    pub fn refer(&mut self, body: &RecordLegalReferral, by: PersonId) -> Result<(), Fault> {
        self.not_own(by)?;
        if !self.violation {
            return Err(Fault::WrongState);
        }
        self.referrals.push(LegalReferral {
            liability: body.liability,
            authority: body.authority.clone(),
            referred_on: body.referred_on,
            number: body.number.clone(),
            by,
            outcome: None,
            decided_on: None,
        });
        Ok(())
    }

    /// Records how a referral ended, which may be years after the finding was closed.
    pub fn referral_ended(&mut self, body: &RecordReferralOutcome, by: PersonId) -> Result<(), Fault> {
        self.not_own(by)?;
        let referral = self.referrals.get_mut(body.referral).ok_or(Fault::NoReferral)?;
        if referral.outcome.is_some() {
            return Err(Fault::WrongState);
        }
        referral.outcome = Some(body.outcome.clone());
        referral.decided_on = Some(body.decided_on);
        Ok(())
    }

    /// Puts it under a joint investigation.
    pub fn investigate(&mut self, investigation: Uuid, by: PersonId) -> Result<(), Fault> {
        self.not_own(by)?;
        if self.state != FindingState::Open {
            return Err(Fault::WrongState);
        }
        self.investigation = Some(investigation);
        self.state = FindingState::Investigated;
        Ok(())
    }

    /// Takes the conclusion of the investigation: ends it, or opens it as a violation that is to be corrected.
    pub fn conclude(&mut self, violation: bool, by: PersonId, today: NaiveDate) -> Result<(), Fault> {
        if self.state != FindingState::Investigated {
            return Err(Fault::WrongState);
        }
        if violation {
            self.violation = true;
            self.state = FindingState::Open;
        } else {
            self.end("no-violation", "the joint investigation found none", Some(by), today);
        }
        Ok(())
    }

    /// Closes an open finding that is no violation. Under I the course must be known (I4.1.2).
    pub fn close(&mut self, reason: &str, by: PersonId, today: NaiveDate) -> Result<(), Fault> {
        self.not_own(by)?;
        match self.state {
            FindingState::Open if !self.violation => {}
            FindingState::Investigated => return Err(Fault::UnderInvestigation),
            _ => return Err(Fault::WrongState),
        }
        let Course { cause, effect, containment } = &self.course;
        let known = cause.is_some() && effect.is_some() && containment.is_some();
        if self.regulation == "immigration" && !known {
            return Err(Fault::CourseMissing);
        }
        self.end("no-violation", reason, Some(by), today);
        Ok(())
    }

    fn end(&mut self, outcome: &str, reason: &str, by: Option<PersonId>, today: NaiveDate) {
        self.state = FindingState::Closed;
        self.outcome = Some(outcome.to_owned());
        self.closing_reason = Some(reason.to_owned());
        self.closed_by = by;
        self.closed_on = Some(today);
    }
}
