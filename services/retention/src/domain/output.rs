//! Prints, files and media with retrieved data: each is filed into its own case or destroyed by a method that fits it
//! (H3.2, H7.1–3, I5).

use chassis::{Document, Error, Problem};
use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AgencyId, CaseId, PersonId, QueryId, UnitId};
use retention_types::{DestructionMethod, OutputKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problems;

/// Where an output stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputState {
    /// In use; neither filed nor destroyed.
    Open,
    /// Confirmed that it need not be kept; to be destroyed.
    NotNeeded,
    /// Filed into its case.
    Filed,
    /// Destroyed.
    Destroyed,
}

impl OutputState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NotNeeded => "not_needed",
            Self::Filed => "filed",
            Self::Destroyed => "destroyed",
        }
    }
}

/// An entry of the register of outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Output {
    /// Its id.
    pub id: Uuid,
    /// What holds the data.
    pub kind: OutputKind,
    /// How many.
    pub count: i32,
    /// `household`, `tax` or `immigration`.
    pub regulation: String,
    /// The query whose result it shows.
    pub query: Option<QueryId>,
    /// The case that it is to be filed into.
    pub case: CaseId,
    /// Who made it and answers for it.
    pub person: PersonId,
    /// Agency whose register it is on.
    pub agency_id: AgencyId,
    /// Unit.
    pub unit: Option<UnitId>,
    /// The day on which it was made.
    pub made_on: NaiveDate,
    /// Whether the gate saw it being made; else its user entered it.
    pub from_gate: bool,
    /// Last day on which it is filed or destroyed in time.
    pub due_on: NaiveDate,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// State.
    pub state: OutputState,
    /// Who confirmed that it need not be kept, and when.
    pub not_needed: Option<Confirmed>,
    /// The day on which it was filed or destroyed.
    pub settled_on: Option<NaiveDate>,
    /// Who filed or destroyed it.
    pub settled_by: Option<PersonId>,
    /// How it was destroyed.
    pub destruction: Option<Destruction>,
}

/// Who confirmed something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confirmed {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// How an output was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Destruction {
    /// How.
    pub method: DestructionMethod,
    /// Who saw it.
    pub witness: Option<PersonId>,
    /// The witness's card signature, where it was given.
    pub witness_endorsement: Option<Endorsement>,
}

impl Document for Output {
    const TABLE: &'static str = "outputs";
    fn id(&self) -> Uuid {
        self.id
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.regulation)
    }
}

/// Why an act on an output is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// Filed or destroyed before.
    #[error("It was {} before.", .0.as_str())]
    Settled(OutputState),
    /// Another case.
    #[error("File it into the case for which the data were retrieved.")]
    OtherCase,
    /// Nobody confirmed that it need not be kept.
    #[error("Confirm first that it need not be kept.")]
    NeedNotConfirmed,
    /// The method does not fit.
    #[error(
        "Choose a method that fits: paper beyond recognition; files deleted and irrecoverable; media degaussed or destroyed."
    )]
    MethodUnfit,
    /// A witness is needed.
    #[error("Name a witness who is in service and is neither the user nor the one who records it.")]
    WitnessUnfit,
    /// A day before it was made, or in the future.
    #[error("The day lies before the output was made, or in the future.")]
    WrongDay,
}

impl OutputError {
    /// The problem, with the clause of `regulation`.
    pub fn for_regulation(self, regulation: &str) -> Error {
        let (filing, destruction) = if regulation == "immigration" { ("I5", "I5") } else { ("H3.2", "H7") };
        let problem = match self {
            Self::Settled(_) => Problem::new(&problems::ALREADY_SETTLED, self.to_string()),
            Self::OtherCase => Problem::new(&problems::OTHER_CASE, self.to_string()).clause(filing),
            Self::NeedNotConfirmed => {
                Problem::new(&problems::NEED_NOT_CONFIRMED, self.to_string()).clause(destruction)
            }
            Self::MethodUnfit => Problem::new(&problems::METHOD_UNFIT, self.to_string()).clause(destruction),
            Self::WitnessUnfit => {
                Problem::new(&problems::WITNESS_UNFIT, self.to_string()).clause(destruction)
            }
            Self::WrongDay => Problem::invalid("/on", self.to_string()),
        };
        problem.into()
    }
}

/// Whether `method` destroys `kind` as H7.1–3 and I5 order it.
pub fn fits(kind: OutputKind, method: DestructionMethod) -> bool {
    use DestructionMethod as M;
    match kind {
        OutputKind::Paper => matches!(method, M::Shredded | M::Burnt),
        OutputKind::File | OutputKind::System => method == M::DeletedIrrecoverably,
        OutputKind::Media => matches!(method, M::Degaussed | M::MediumDestroyed),
    }
}

/// Who destroys, how, when, before whom.
#[derive(Debug, Clone)]
pub struct DestructionAct {
    /// Who records it.
    pub by: PersonId,
    /// The day.
    pub on: NaiveDate,
    /// How, and who saw it.
    pub destruction: Destruction,
    /// Whether the pack asks for a witness.
    pub witness_needed: bool,
    /// Whether the named witness is known and in service.
    pub witness_known: bool,
}

impl Output {
    /// Whether it still waits to be filed or destroyed.
    pub fn is_unsettled(&self) -> bool {
        matches!(self.state, OutputState::Open | OutputState::NotNeeded)
    }

    fn unsettled(&self) -> Result<(), OutputError> {
        if self.is_unsettled() { Ok(()) } else { Err(OutputError::Settled(self.state)) }
    }

    fn day(&self, on: NaiveDate, today: NaiveDate) -> Result<(), OutputError> {
        if on < self.made_on || on > today { Err(OutputError::WrongDay) } else { Ok(()) }
    }

    /// Files it into its own case.
    pub fn file(
        &mut self,
        by: PersonId,
        case: CaseId,
        on: NaiveDate,
        today: NaiveDate,
    ) -> Result<(), OutputError> {
        self.unsettled()?;
        if case != self.case {
            return Err(OutputError::OtherCase);
        }
        self.day(on, today)?;
        self.state = OutputState::Filed;
        self.settled_on = Some(on);
        self.settled_by = Some(by);
        Ok(())
    }

    /// Confirms that it need not be kept; again changes nothing.
    pub fn confirm_no_need(&mut self, by: PersonId, at: DateTime<Utc>) -> Result<(), OutputError> {
        self.unsettled()?;
        if self.state == OutputState::Open {
            self.state = OutputState::NotNeeded;
            self.not_needed = Some(Confirmed { by, at });
        }
        Ok(())
    }

    /// Records its destruction.
    pub fn destroy(&mut self, act: DestructionAct, today: NaiveDate) -> Result<(), OutputError> {
        self.unsettled()?;
        if self.state != OutputState::NotNeeded {
            return Err(OutputError::NeedNotConfirmed);
        }
        if !fits(self.kind, act.destruction.method) {
            return Err(OutputError::MethodUnfit);
        }
        self.day(act.on, today)?;
        match act.destruction.witness {
            None if act.witness_needed => return Err(OutputError::WitnessUnfit),
            Some(witness) if witness == self.person || witness == act.by || !act.witness_known => {
                return Err(OutputError::WitnessUnfit);
            }
            _ => {}
        }
        self.state = OutputState::Destroyed;
        self.settled_on = Some(act.on);
        self.settled_by = Some(act.by);
        self.destruction = Some(act.destruction);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
