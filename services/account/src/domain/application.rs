//! The permission application as a state machine over the path of the rule pack (H5.2.1, I3.3). The path says which
//! stages, who, in which order; this module says that none is left out and that nobody endorses his own.

use std::collections::{BTreeMap, BTreeSet};

use account_types::{AgencyKind, Outcome, ResultKind, StageContent};
use chassis::Document;
use chassis::endorsements::Matter;
use chrono::{DateTime, NaiveDate, Utc};
use identity::{Endorsement, Role};
use kernel::Sealed;
use kernel::ids::{AccountId, AgencyId, PermissionApplicationId, PersonId, PostId, UnitId};
use rule_pack::{Actor as PathActor, ApplicationPath, NumberUse, Stage, StageAction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::actor::Actor;

mod actors;
mod error;
pub use error::ApplicationError;

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStatus {
    /// On its way.
    InProgress,
    /// Back with the applicant.
    Returned,
    /// 不同意.
    Refused,
    /// 其他: settled in another way; nothing is opened.
    Settled,
    /// Every stage is done and the account is as decided.
    Done,
}

/// One act on the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Stage id.
    pub stage: String,
    /// `done`, `returned`, `refused`.
    pub act: String,
    /// Counts the filings: 1, and one more after each return.
    pub round: u32,
    /// Who.
    pub person: PersonId,
    /// In which own post.
    pub post: PostId,
    /// The post that a deputy acted in.
    pub acting_for: Option<PostId>,
    /// The section of a joint endorsement.
    pub unit: Option<UnitId>,
    /// When the suite took it.
    pub at: DateTime<Utc>,
    /// The day on which a step outside the suite was done.
    pub on: NaiveDate,
    /// Document number.
    pub number: Option<String>,
    /// Result.
    pub outcome: Option<Outcome>,
    /// Words.
    pub note: Option<String>,
    /// The card signature.
    pub endorsement: Option<Endorsement>,
}

/// A permission application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PermissionApplication {
    /// Its id.
    pub id: PermissionApplicationId,
    /// `household`, `immigration` or `tax`.
    pub regulation: String,
    /// `add`, `change` or `cancel`.
    pub kind: String,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// Path id in that pack.
    pub path: String,
    /// Form id in that pack.
    pub form: String,
    /// The applicant.
    pub person_id: PersonId,
    /// The post for which the permission is asked.
    pub post_id: PostId,
    /// The applicant's agency.
    pub agency_id: AgencyId,
    /// What that agency is.
    pub agency_kind: AgencyKind,
    /// The applicant's unit.
    pub unit_id: UnitId,
    /// The account that changes or ends; on a new application blank until it is opened.
    pub account_id: Option<AccountId>,
    /// Fields of the form that are not personal.
    pub fields: BTreeMap<String, String>,
    /// Personal fields of the form, sealed.
    pub sealed_fields: BTreeMap<String, Sealed>,
    /// Ticked items.
    pub items: BTreeSet<String>,
    /// Salted digest of the form: what every stage signs.
    pub form_digest: String,
    /// Its salt.
    pub salt: String,
    /// State.
    pub status: ApplicationStatus,
    /// Filing, from 1.
    pub round: u32,
    /// Place of the next stage in the path.
    pub next: usize,
    /// Id of the next stage.
    pub next_stage: Option<String>,
    /// Sections that were asked and have not signed yet.
    pub joint_units: Vec<UnitId>,
    /// What the handler proposed.
    pub proposed: Option<Outcome>,
    /// What was decided.
    pub result: Option<Outcome>,
    /// Account number that the provider allotted.
    pub allotted: Option<String>,
    /// Everything that happened.
    pub steps: Vec<Step>,
    /// When it was filed first.
    pub filed_at: DateTime<Utc>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Document for PermissionApplication {
    const TABLE: &'static str = "permission_applications";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

/// What somebody does at a stage.
#[derive(Debug, Clone, Default)]
pub struct StageInput {
    /// The stage that he means.
    pub stage: String,
    /// Result.
    pub outcome: Option<Outcome>,
    /// Section.
    pub joint_unit: Option<UnitId>,
    /// The day, of a step outside the suite.
    pub on: Option<NaiveDate>,
    /// Document number.
    pub number: Option<String>,
    /// Account number that the provider allotted.
    pub account_number: Option<String>,
    /// Card signature; verified by the caller of this module over [`PermissionApplication::content`].
    pub endorsement: Option<Endorsement>,
}

/// What a step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// On to the next stage.
    Onward,
    /// Ended without effect.
    Ended,
    /// Every stage is done: the account must be made as decided, in the same transaction.
    Effective,
}

impl PermissionApplication {
    /// Whose matter its endorsements are, whoever makes them.
    pub fn matter(&self) -> Matter<'_> {
        let records = std::slice::from_ref(&self.id.0);
        Matter { agency: Some(self.agency_id), regulation: Some(&self.regulation), records }
    }

    /// What the card signs at `input.stage`.
    pub fn content(&self, post: PostId, input: &StageInput) -> StageContent {
        StageContent {
            outcome: input.outcome.clone(),
            joint_unit: input.joint_unit,
            number: input.number.clone(),
            ..StageContent::new(&self.form_digest, &input.stage, post)
        }
    }

    /// The stage that comes next.
    pub fn stage<'a>(&self, path: &'a ApplicationPath) -> Result<&'a Stage, ApplicationError> {
        if self.status != ApplicationStatus::InProgress {
            return Err(ApplicationError::NotInProgress);
        }
        path.stages.get(self.next).ok_or(ApplicationError::NotInProgress)
    }

    /// Does the present stage: the right stage, by the right actor, with everything that the path asks for.
    pub fn act(
        &mut self,
        path: &ApplicationPath,
        actor: &Actor,
        input: StageInput,
        now: DateTime<Utc>,
    ) -> Result<Progress, ApplicationError> {
        let stage = self.stage(path)?.clone();
        if stage.id != input.stage {
            return Err(ApplicationError::WrongStage { next: stage.id });
        }
        self.may_act(path, &stage, actor, input.joint_unit)?;
        if stage.endorsed && input.endorsement.is_none() {
            return Err(ApplicationError::NotEndorsed);
        }
        self.check_outcome(path, &stage, input.outcome.as_ref())?;
        if stage.number == NumberUse::Required && input.number.as_deref().is_none_or(|n| n.trim().is_empty())
        {
            return Err(ApplicationError::NumberMissing);
        }
        let today = kernel::days::taipei_date(now);
        let on = input.on.unwrap_or(today);
        if on > today {
            return Err(ApplicationError::Future);
        }
        let granted = input.outcome.as_ref().is_none_or(|o| o.result == ResultKind::Granted);
        if stage.action == StageAction::Allot
            && granted
            && self.kind == "add"
            && input.account_number.is_none()
        {
            return Err(ApplicationError::AccountNumberMissing);
        }
        self.allotted = input.account_number.or(self.allotted.take());
        self.steps.push(Step {
            stage: stage.id.clone(),
            act: "done".to_owned(),
            round: self.round,
            person: actor.person,
            post: actor.post,
            acting_for: actor.acting_for,
            unit: input.joint_unit,
            at: now,
            on,
            number: input.number,
            outcome: input.outcome.clone(),
            note: None,
            endorsement: input.endorsement,
        });
        Ok(self.advance(path, &stage, input.outcome, input.joint_unit, now))
    }

    fn advance(
        &mut self,
        path: &ApplicationPath,
        stage: &Stage,
        outcome: Option<Outcome>,
        joint_unit: Option<UnitId>,
        now: DateTime<Utc>,
    ) -> Progress {
        if stage.joint {
            self.joint_units.retain(|unit| Some(*unit) != joint_unit);
            if !self.joint_units.is_empty() {
                return Progress::Onward;
            }
        }
        if let Some(outcome) = outcome {
            if stage.action == StageAction::Propose {
                self.proposed = Some(outcome);
            } else {
                let ended = match outcome.result {
                    ResultKind::Granted => None,
                    ResultKind::Refused => Some(ApplicationStatus::Refused),
                    ResultKind::Other => Some(ApplicationStatus::Settled),
                };
                self.result = Some(outcome);
                if let Some(status) = ended {
                    self.close(status, now);
                    return Progress::Ended;
                }
            }
        }
        self.next += 1;
        if path.stages.get(self.next).is_some_and(|s| s.joint) && self.joint_units.is_empty() {
            self.next += 1;
        }
        self.next_stage = path.stages.get(self.next).map(|s| s.id.clone());
        if self.next_stage.is_some() {
            return Progress::Onward;
        }
        self.close(ApplicationStatus::Done, now);
        Progress::Effective
    }

    fn close(&mut self, status: ApplicationStatus, now: DateTime<Utc>) {
        self.status = status;
        self.next_stage = None;
        self.closed_at = Some(now);
    }

    fn check_outcome(
        &self,
        path: &ApplicationPath,
        stage: &Stage,
        outcome: Option<&Outcome>,
    ) -> Result<(), ApplicationError> {
        let Some(outcome) = outcome else {
            return if stage.results.is_empty() { Ok(()) } else { Err(ApplicationError::OutcomeMissing) };
        };
        let kind = match outcome.result {
            ResultKind::Granted => rule_pack::ResultKind::Granted,
            ResultKind::Refused => rule_pack::ResultKind::Refused,
            ResultKind::Other => rule_pack::ResultKind::Other,
        };
        // A refusal stands at every stage; other results only where the path has them.
        if outcome.result != ResultKind::Refused && !stage.results.contains(&kind) {
            return Err(ApplicationError::NoSuchOutcome);
        }
        let words = outcome.note.as_deref().is_some_and(|n| !n.trim().is_empty());
        if outcome.result == ResultKind::Granted {
            if outcome.effective_on.is_none() {
                return Err(ApplicationError::EffectiveDateMissing);
            }
        } else if !words {
            return Err(ApplicationError::ReasonMissing);
        }
        // 單位主管 signs what the handler proposed (擬); who disagrees sends it back.
        let signs_proposal = stage.action == StageAction::Decide
            && path.stages.iter().any(|s| s.action == StageAction::Propose);
        if signs_proposal && self.proposed.as_ref() != Some(outcome) {
            return Err(ApplicationError::NotAsProposed);
        }
        Ok(())
    }

    /// Asks a section to sign too, as long as its stage has not passed.
    pub fn ask_joint(
        &mut self,
        path: &ApplicationPath,
        unit: UnitId,
        actor: &Actor,
    ) -> Result<(), ApplicationError> {
        self.stage(path)?;
        let joint = path.stages.iter().position(|s| s.joint).ok_or(ApplicationError::JointUnit)?;
        if self.next > joint || self.joint_units.contains(&unit) {
            return Err(ApplicationError::JointUnit);
        }
        self.not_own(actor)?;
        if !(actor.governs() && actor.has_any(&[Role::BusinessHandler, Role::BusinessSupervisor])) {
            return Err(ApplicationError::NotTheActor { actor: PathActor::BusinessUnit.as_str() });
        }
        self.joint_units.push(unit);
        Ok(())
    }

    /// Sends it back to the applicant, by whoever would act next.
    pub fn send_back(
        &mut self,
        path: &ApplicationPath,
        actor: &Actor,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), ApplicationError> {
        let stage = self.stage(path)?.clone();
        self.may_act(path, &stage, actor, self.joint_units.iter().find(|u| **u == actor.unit).copied())?;
        let mut step = self.word(actor, &stage.id, "returned", now);
        step.note = Some(reason.to_owned());
        self.steps.push(step);
        self.status = ApplicationStatus::Returned;
        self.next_stage = None;
        self.joint_units.clear();
        self.proposed = None;
        Ok(())
    }

    /// Refuses it at the present stage, by whoever would act next, under his card.
    pub fn refuse(
        &mut self,
        path: &ApplicationPath,
        actor: &Actor,
        input: StageInput,
        now: DateTime<Utc>,
    ) -> Result<(), ApplicationError> {
        let stage = self.stage(path)?.clone();
        if stage.id != input.stage {
            return Err(ApplicationError::WrongStage { next: stage.id });
        }
        self.may_act(path, &stage, actor, self.joint_units.iter().find(|u| **u == actor.unit).copied())?;
        if input.endorsement.is_none() {
            return Err(ApplicationError::NotEndorsed);
        }
        let mut step = self.word(actor, &stage.id, "refused", now);
        step.outcome.clone_from(&input.outcome);
        step.endorsement = input.endorsement;
        self.steps.push(step);
        self.result = input.outcome;
        self.close(ApplicationStatus::Refused, now);
        Ok(())
    }

    fn word(&self, actor: &Actor, stage: &str, act: &str, now: DateTime<Utc>) -> Step {
        Step {
            stage: stage.to_owned(),
            act: act.to_owned(),
            round: self.round,
            person: actor.person,
            post: actor.post,
            acting_for: actor.acting_for,
            unit: None,
            at: now,
            on: kernel::days::taipei_date(now),
            number: None,
            outcome: None,
            note: None,
            endorsement: None,
        }
    }

    /// Whether every stage of `path` was done in this filing: what an account must rest on.
    pub fn is_complete(&self, path: &ApplicationPath) -> bool {
        path.stages.iter().all(|stage| {
            stage.joint
                || self.steps.iter().any(|s| s.stage == stage.id && s.round == self.round && s.act == "done")
        })
    }

    /// First day of the permission as decided.
    pub fn effective_on(&self) -> Option<NaiveDate> {
        self.result.as_ref().and_then(|r| r.effective_on)
    }
}

#[cfg(test)]
pub(crate) mod tests;
