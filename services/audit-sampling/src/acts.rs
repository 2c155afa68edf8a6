//! Effects that several operations, consumers and schedules share, each with its event in the same transaction.

use audit_sampling_types::Course;
use audit_sampling_types::events::{FindingClosed, FindingRaised, GovernanceRecorded};
use chassis::document::{self, Filter};
use chassis::{Result, Tx};
use chrono::NaiveDate;
use kernel::ids::{AccountId, AgencyId, FindingId, PersonId, QueryId};
use kernel::{canonical, days};
use rule_pack::{DeadlineKind, Form, Rhythm, RhythmKind, RulePack};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::finding::{Finding, FindingEvidence, FindingState};
use crate::domain::internal_audit::{InternalAudit, InternalAuditState};
use crate::domain::period::period_start;
use crate::domain::plan::{AuditPlan, PlanState};
use crate::duties::{self, About};

/// Enters an act for the governance log; gives the digest (hex) over its RFC 8785 bytes.
pub async fn record_governance<T: Serialize>(
    tx: &mut Tx,
    act: Uuid,
    kind: &str,
    value: &T,
    clause: &str,
) -> Result<String> {
    let digest = canonical::sha256_hex(&canonical::bytes(value)?);
    record_digest(tx, act, kind, digest.clone(), clause).await?;
    Ok(digest)
}

/// Enters a digest for the governance log.
pub async fn record_digest(tx: &mut Tx, act: Uuid, kind: &str, digest: String, clause: &str) -> Result<()> {
    tx.emit(&GovernanceRecorded { act, kind: kind.to_owned(), digest, clause: clause.to_owned() }).await
}

/// What is needed to raise a finding.
pub struct NewFinding<'a> {
    /// Kind.
    pub kind: &'a str,
    /// Key: the same key is the same finding.
    pub key: String,
    /// Regulation.
    pub regulation: &'a str,
    /// Clause.
    pub clause: &'a str,
    /// Agency concerned.
    pub agency: AgencyId,
    /// Account concerned.
    pub account: Option<AccountId>,
    /// Person concerned.
    pub person: Option<PersonId>,
    /// Whether it is known to be a violation.
    pub violation: bool,
    /// Whether the account is suspended at once.
    pub suspend: bool,
    /// Source of the evidence.
    pub source: &'a str,
    /// Its id there.
    pub source_id: Uuid,
    /// Queries.
    pub queries: Vec<QueryId>,
    /// What was seen.
    pub what: String,
}

/// Path of the operation that shows a finding.
pub fn finding_url(id: FindingId) -> String {
    format!("/v1/findings/{id}")
}

/// Raises a finding, or adds the evidence to the one that is there under the same key.
pub async fn raise(tx: &mut Tx, pack: &RulePack, new: NewFinding<'_>) -> Result<FindingId> {
    let evidence = FindingEvidence {
        source: new.source.to_owned(),
        id: new.source_id,
        queries: new.queries,
        what: new.what,
        at: tx.now(),
    };
    let there = document::first::<Finding>(tx.conn(), Filter::all().eq("key", new.key.as_str())).await?;
    if let Some(there) = there {
        let mut finding = tx.load::<Finding>(there.doc.id).await?;
        if !finding.evidence.iter().any(|e| e.id == evidence.id && e.source == evidence.source) {
            finding.evidence.push(evidence);
            tx.update(&finding).await?;
        }
        return Ok(finding.doc.id);
    }
    let finding = Finding {
        id: tx.new_id(),
        key: new.key,
        kind: new.kind.to_owned(),
        regulation: new.regulation.to_owned(),
        clause: new.clause.to_owned(),
        rule_pack: pack.reference(),
        agency_id: new.agency,
        account: new.account,
        person: new.person,
        found_on: days::taipei_date(tx.now()),
        state: FindingState::Open,
        violation: new.violation,
        suspended: new.suspend,
        evidence: vec![evidence],
        course: Course::default(),
        investigation: None,
        order: None,
        reports: vec![],
        referrals: vec![],
        outcome: None,
        closing_reason: None,
        closed_by: None,
        closed_on: None,
    };
    tx.insert(&finding).await?;
    announce(tx, &finding, new.suspend).await?;
    let (id, subject) = (finding.id, finding.id.to_string());
    let about = About { subject: &subject, agency: Some(finding.agency_id), url: finding_url(id) };
    let today = days::taipei_date(tx.now());
    duties::open_event(tx, pack, "anomaly_found", &about, today).await?;
    if new.violation {
        violation_found(tx, pack, &finding).await?;
    }
    Ok(id)
}

/// Tells the others of a finding; the account service suspends when asked (H9, I6).
pub async fn announce(tx: &mut Tx, finding: &Finding, suspend: bool) -> Result<()> {
    let event = FindingRaised {
        finding: finding.id,
        kind: finding.kind.clone(),
        agency: finding.agency_id,
        account: finding.account,
        person: finding.person,
        suspend,
        clause: finding.clause.clone(),
    };
    tx.emit(&event).await
}

/// Opens the duty of referral (H9). The text gives it no day of its own: it is due with the report on the correction.
pub async fn violation_found(tx: &mut Tx, pack: &RulePack, finding: &Finding) -> Result<()> {
    let subject = finding.id.to_string();
    let about = About { subject: &subject, agency: Some(finding.agency_id), url: finding_url(finding.id) };
    let today = days::taipei_date(tx.now());
    let context = tx.context();
    let due =
        pack.deadline(DeadlineKind::CorrectionReport).map_or(today, |d| d.due(today, context.calendar()));
    duties::open_event(tx, pack, "violation_confirmed", &about, due).await
}

/// What follows from a closed finding: its event, its duties.
pub async fn finding_closed(tx: &mut Tx, pack: &RulePack, finding: &Finding, resume: bool) -> Result<()> {
    let event = FindingClosed {
        finding: finding.id,
        account: finding.account,
        outcome: finding.outcome.clone().unwrap_or_default(),
        resume: resume && finding.suspended,
    };
    tx.emit(&event).await?;
    let (subject, url) = (finding.id.to_string(), finding_url(finding.id));
    for name in ["anomaly_found", "violation_confirmed", "imported_line_flagged"] {
        duties::close_event(tx, pack, name, &subject, ("the finding was closed", &url)).await?;
    }
    Ok(())
}

/// The key of a period of a rhythm in obligations of this service.
pub fn period_key(regulation: &str, start: NaiveDate, agency: Option<AgencyId>) -> String {
    agency.map_or_else(|| format!("{regulation}/{start}"), |a| format!("{regulation}/{start}/{a}"))
}

/// The plan of the quarterly audit for the period in which `day` lies, opened with its duty if it is not there.
pub async fn plan_for(tx: &mut Tx, pack: &RulePack, day: NaiveDate) -> Result<Option<AuditPlan>> {
    let Some(rhythm) = pack.rhythm(RhythmKind::UsageAudit) else { return Ok(None) };
    let (context, regulation) = (tx.context(), pack.regulation.as_str());
    let start = period_start(rhythm, day);
    let filter = Filter::all().eq("regulation", regulation).eq("period_start", start);
    if let Some(there) = document::first::<AuditPlan>(tx.conn(), filter).await? {
        return Ok(Some(there.doc));
    }
    let period_end = rhythm.period_end(start, context.calendar());
    let plan = AuditPlan {
        id: tx.new_id(),
        regulation: regulation.to_owned(),
        period_start: start,
        period_end,
        due_on: rhythm.due(period_end, context.calendar()),
        rule_pack: pack.reference(),
        state: PlanState::Opened,
        commitment: None,
        plan_digest: None,
        frozen_by: None,
        randomness: None,
        sample: None,
        audit_record: None,
        closed_by: None,
        closed_on: None,
    };
    tx.insert(&plan).await?;
    let subject = period_key(regulation, start, None);
    let about = About { subject: &subject, agency: None, url: format!("/v1/audit-plans/{}", plan.id) };
    duties::open_rhythm(tx, pack, RhythmKind::UsageAudit, &about, plan.due_on).await?;
    Ok(Some(plan))
}

/// The rhythm and form of an annex of the internal audits.
pub fn annex(annex: u32) -> Option<RhythmKind> {
    match annex {
        2 => Some(RhythmKind::InternalAudit),
        3 => Some(RhythmKind::AnnexThreeAudit),
        _ => None,
    }
}

/// The rhythm and form of annex `number`, where the pack makes its audit a duty of this service.
fn owed_annex(pack: &RulePack, number: u32) -> Option<(RhythmKind, &Rhythm, &Form)> {
    let kind = annex(number).filter(|kind| duties::has_rhythm(pack, *kind))?;
    Some((kind, pack.rhythm(kind)?, pack.forms.iter().find(|f| f.annex == number)?))
}

fn audit_key(number: u32, start: NaiveDate, agency: AgencyId) -> String {
    format!("{number}/{start}/{agency}")
}

/// Opens the internal audits on annex `number` that `agencies` do not have yet for the period in which `day` lies. Asked
/// each night: what is there is found in one statement.
pub async fn open_internal_audits(
    tx: &mut Tx,
    pack: &RulePack,
    number: u32,
    agencies: &[AgencyId],
    day: NaiveDate,
) -> Result<()> {
    let Some((_, rhythm, _)) = owed_annex(pack, number) else { return Ok(()) };
    let start = period_start(rhythm, day);
    let keys: Vec<String> = agencies.iter().map(|agency| audit_key(number, start, *agency)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let there = document::count::<InternalAudit>(tx.conn(), Filter::all().one_of("key", &keys)).await?;
    if usize::try_from(there) == Ok(agencies.len()) {
        return Ok(());
    }
    for agency in agencies {
        internal_audit_for(tx, pack, number, *agency, day).await?;
    }
    Ok(())
}

/// The internal audit of `agency` on `annex` for the period in which `day` lies, opened with its duty if it is not there.
pub async fn internal_audit_for(
    tx: &mut Tx,
    pack: &RulePack,
    number: u32,
    agency: AgencyId,
    day: NaiveDate,
) -> Result<Option<InternalAudit>> {
    let Some((kind, rhythm, form)) = owed_annex(pack, number) else { return Ok(None) };
    let context = tx.context();
    let start = period_start(rhythm, day);
    let key = audit_key(number, start, agency);
    if let Some(there) =
        document::first::<InternalAudit>(tx.conn(), Filter::all().eq("key", key.as_str())).await?
    {
        return Ok(Some(there.doc));
    }
    let period_end = rhythm.period_end(start, context.calendar());
    let audit = InternalAudit {
        id: tx.new_id(),
        key,
        annex: number,
        form: form.id.clone(),
        agency_id: agency,
        period_start: start,
        period_end,
        due_on: rhythm.due(period_end, context.calendar()),
        rule_pack: pack.reference(),
        state: InternalAuditState::Open,
        audited_on: None,
        answers: std::collections::BTreeMap::new(),
        auditor: None,
        supervisor: None,
        findings: vec![],
        closed_on: None,
    };
    tx.insert(&audit).await?;
    let subject = period_key(pack.regulation.as_str(), start, Some(agency));
    let about =
        About { subject: &subject, agency: Some(agency), url: format!("/v1/internal-audits/{}", audit.id) };
    duties::open_rhythm(tx, pack, kind, &about, audit.due_on).await?;
    Ok(Some(audit))
}
