//! The quarterly audit (H8.2): opened → frozen → numbers recorded → numbers confirmed → drawn → closed.

use audit_sampling_types::{FrozenAccount, PlanCommitment, Randomness, RandomnessSource, SignedAct};
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::days;
use kernel::ids::{FindingId, PersonId, PlanId};
use rule_pack::SamplingRules;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Fault;
use super::draw::{self, DrawError};

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// The period's population is not frozen.
    Opened,
    /// Population and source of randomness are fixed; nobody knows the sample.
    Frozen,
    /// One person typed the randomness in.
    NumbersRecorded,
    /// A second person typed in the same.
    NumbersConfirmed,
    /// Worksheets are out.
    Drawn,
    /// The audit record is endorsed.
    Closed,
}

/// What was drawn, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SampleSummary {
    /// Accounts drawn.
    pub accounts: u64,
    /// Records drawn.
    pub records: u64,
    /// Accounts with fewer records than the least number.
    pub short_accounts: u64,
    /// SHA-256 (hex) of the sample.
    pub digest: String,
    /// When.
    pub drawn_at: DateTime<Utc>,
}

/// The audit record of a plan (H8.2, H8.3): what the endorsement signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// The plan.
    pub plan: PlanId,
    /// Rule pack that it followed.
    pub rule_pack: String,
    /// Accounts used in the period.
    pub accounts_used: u64,
    /// Digest of the plan.
    pub plan_digest: String,
    /// What was drawn.
    pub sample: SampleSummary,
    /// Records in order.
    pub records_in_order: u64,
    /// Records with something wrong.
    pub records_with_findings: u64,
    /// Findings that the worksheets led to.
    pub findings: Vec<FindingId>,
    /// SHA-256 (hex) over the recorded worksheets, by account.
    pub worksheets_digest: String,
}

/// A quarterly audit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditPlan {
    /// Its id.
    pub id: PlanId,
    /// `household` or `tax`.
    pub regulation: String,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// Day on which the audit is due.
    pub due_on: NaiveDate,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// State.
    pub state: PlanState,
    /// What was committed to.
    pub commitment: Option<PlanCommitment>,
    /// SHA-256 (hex) of its RFC 8785 bytes.
    pub plan_digest: Option<String>,
    /// Who froze the population.
    pub frozen_by: Option<PersonId>,
    /// The randomness.
    pub randomness: Option<Randomness>,
    /// The sample.
    pub sample: Option<SampleSummary>,
    /// The audit record.
    pub audit_record: Option<AuditRecord>,
    /// Its endorsement.
    pub closed_by: Option<SignedAct>,
    /// The day on which it was closed.
    pub closed_on: Option<NaiveDate>,
}

impl Document for AuditPlan {
    const TABLE: &'static str = "audit_plans";
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

impl AuditPlan {
    fn expect(&self, state: PlanState) -> Result<(), Fault> {
        if self.state == state { Ok(()) } else { Err(Fault::WrongState) }
    }

    /// Fixes population and source of randomness. The source must be published later, and the period be over.
    pub fn freeze(
        &mut self,
        population: &[FrozenAccount],
        rules: &SamplingRules,
        source: RandomnessSource,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Result<String, DrawError>, Fault> {
        self.expect(PlanState::Opened)?;
        if days::taipei_date(now) <= self.period_end {
            return Err(Fault::PeriodRunning);
        }
        if source.publishes_at <= now {
            return Err(Fault::SourceTooEarly);
        }
        Ok(self.commit(population, rules, source, by, now))
    }

    fn commit(
        &mut self,
        population: &[FrozenAccount],
        rules: &SamplingRules,
        source: RandomnessSource,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<String, DrawError> {
        let commitment = PlanCommitment {
            plan: self.id,
            regulation: self.regulation.clone(),
            period_start: self.period_start,
            period_end: self.period_end,
            rule_pack: self.rule_pack.clone(),
            parts: rules.accounts.parts,
            of: rules.accounts.of,
            least_records: rules.least_records,
            source,
            accounts: u64::try_from(population.len()).unwrap_or(u64::MAX),
            population_root: hex::encode(draw::population_root(population)?),
            frozen_at: now,
        };
        let digest = hex::encode(draw::digest_of(&commitment)?);
        self.commitment = Some(commitment);
        self.plan_digest = Some(digest.clone());
        self.frozen_by = Some(by);
        self.state = PlanState::Frozen;
        Ok(digest)
    }

    /// Takes the randomness from the first person: only after the plan was frozen and the source was published.
    pub fn record_numbers(&mut self, text: &str, by: PersonId, now: DateTime<Utc>) -> Result<(), Fault> {
        self.expect(PlanState::Frozen)?;
        let commitment = self.commitment.as_ref().ok_or(Fault::WrongState)?;
        if now < commitment.source.publishes_at {
            return Err(Fault::RandomnessTooEarly);
        }
        check_numbers(text)?;
        self.randomness = Some(Randomness {
            text: text.to_owned(),
            recorded_by: by,
            recorded_at: now,
            confirmed_by: None,
            confirmed_at: None,
        });
        self.state = PlanState::NumbersRecorded;
        Ok(())
    }

    /// Takes the randomness from a second person, who must have typed in the same. A difference leaves the plan as it
    /// is: the first person's text may be the wrong one, so it is taken back with [`Self::withdraw_numbers`].
    pub fn confirm_numbers(&mut self, text: &str, by: PersonId, now: DateTime<Utc>) -> Result<(), Fault> {
        self.expect(PlanState::NumbersRecorded)?;
        let randomness = self.randomness.as_mut().ok_or(Fault::WrongState)?;
        if randomness.recorded_by == by {
            return Err(Fault::SamePerson);
        }
        if randomness.text != text {
            return Err(Fault::NumbersDiffer);
        }
        randomness.confirmed_by = Some(by);
        randomness.confirmed_at = Some(now);
        self.state = PlanState::NumbersConfirmed;
        Ok(())
    }

    /// Takes unconfirmed numbers back: mistyped ones would block the audit.
    pub fn withdraw_numbers(&mut self) -> Result<(), Fault> {
        self.expect(PlanState::NumbersRecorded)?;
        self.randomness = None;
        self.state = PlanState::Frozen;
        Ok(())
    }

    /// Notes the sample.
    pub fn note_sample(&mut self, sample: SampleSummary) -> Result<(), Fault> {
        self.expect(PlanState::NumbersConfirmed)?;
        self.sample = Some(sample);
        self.state = PlanState::Drawn;
        Ok(())
    }

    /// Ends the audit with its endorsed record.
    pub fn close(&mut self, record: AuditRecord, by: SignedAct) -> Result<(), Fault> {
        self.expect(PlanState::Drawn)?;
        self.audit_record = Some(record);
        self.closed_on = Some(days::taipei_date(by.at));
        self.closed_by = Some(by);
        self.state = PlanState::Closed;
        Ok(())
    }
}

fn check_numbers(text: &str) -> Result<(), Fault> {
    let fits = (1..=200).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b',');
    if fits { Ok(()) } else { Err(Fault::BadNumbers) }
}
