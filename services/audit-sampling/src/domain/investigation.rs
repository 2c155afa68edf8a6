//! Joint investigations (H8.3): opened and led by the business unit, with ethics office and IT unit; ending in an audit
//! record that all three endorse.

use std::collections::BTreeMap;

use audit_sampling_types::{Conclusion, InvestigationRecord, SignedAct};
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use identity::Role;
use kernel::ids::{AgencyId, FindingId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fault::{Fault, not_own};

/// A party of an investigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// 業務單位, which leads.
    BusinessUnit,
    /// 政風單位.
    EthicsOffice,
    /// 資訊小組.
    ItUnit,
}

impl Party {
    /// Every party.
    pub const ALL: [Self; 3] = [Self::BusinessUnit, Self::EthicsOffice, Self::ItUnit];

    /// The party for which somebody with `roles` acts.
    pub fn of<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Option<Self> {
        roles.into_iter().find_map(|role| match role {
            Role::BusinessSupervisor | Role::BusinessHandler => Some(Self::BusinessUnit),
            Role::EthicsOfficer => Some(Self::EthicsOffice),
            Role::ItUnit => Some(Self::ItUnit),
            _ => None,
        })
    }
}

/// What a party found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contribution {
    /// The party.
    pub party: Party,
    /// Who wrote it.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub text: String,
}

/// Where an investigation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvestigationState {
    /// Contributions are taken.
    Open,
    /// The record is written and waits for endorsements.
    Recorded,
    /// Closed.
    Closed,
}

/// A joint investigation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Investigation {
    /// Its id.
    pub id: Uuid,
    /// The finding.
    pub finding_id: FindingId,
    /// Agency concerned.
    pub agency_id: AgencyId,
    /// Person concerned: takes no part.
    pub person: Option<PersonId>,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// Who leads it.
    pub lead: PersonId,
    /// When it was opened.
    pub opened_on: NaiveDate,
    /// State.
    pub state: InvestigationState,
    /// Contributions.
    pub contributions: Vec<Contribution>,
    /// The audit record.
    pub record: Option<InvestigationRecord>,
    /// Endorsements of the record.
    pub endorsements: BTreeMap<Party, SignedAct>,
    /// SHA-256 (hex) over record and endorsements.
    pub digest: Option<String>,
    /// When it was closed.
    pub closed_on: Option<NaiveDate>,
}

impl Document for Investigation {
    const TABLE: &'static str = "investigations";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Investigation {
    fn party(&self, by: PersonId, party: Option<Party>) -> Result<Party, Fault> {
        not_own(self.person, by)?;
        party.ok_or(Fault::NotAParty)
    }

    /// Takes a contribution.
    pub fn contribute(
        &mut self,
        text: &str,
        by: PersonId,
        party: Option<Party>,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let party = self.party(by, party)?;
        if self.state != InvestigationState::Open {
            return Err(Fault::WrongState);
        }
        self.contributions.push(Contribution { party, by, at: now, text: text.to_owned() });
        Ok(())
    }

    /// Writes the record, or writes it anew: endorsements of another text fall.
    pub fn write_record(
        &mut self,
        record: InvestigationRecord,
        by: PersonId,
        party: Option<Party>,
    ) -> Result<(), Fault> {
        if self.party(by, party)? != Party::BusinessUnit {
            return Err(Fault::NotAParty);
        }
        if self.state == InvestigationState::Closed {
            return Err(Fault::WrongState);
        }
        self.endorsements.clear();
        self.record = Some(record);
        self.state = InvestigationState::Recorded;
        Ok(())
    }

    /// Takes the endorsement of one party; one person stands for one party alone.
    pub fn endorse(&mut self, act: SignedAct, party: Option<Party>) -> Result<(), Fault> {
        let party = self.party(act.person, party)?;
        if self.state != InvestigationState::Recorded {
            return Err(Fault::WrongState);
        }
        if self.endorsements.values().any(|e| e.person == act.person) {
            return Err(Fault::OnePersonTwoParties);
        }
        if self.endorsements.contains_key(&party) {
            return Err(Fault::PartyTwice);
        }
        self.endorsements.insert(party, act);
        Ok(())
    }

    /// Closes it. With `all_three` (the pack's addition) every party must have endorsed; else the leading one.
    pub fn close(
        &mut self,
        by: PersonId,
        party: Option<Party>,
        all_three: bool,
        today: NaiveDate,
    ) -> Result<Conclusion, Fault> {
        if self.party(by, party)? != Party::BusinessUnit {
            return Err(Fault::NotAParty);
        }
        if self.state != InvestigationState::Recorded {
            return Err(Fault::WrongState);
        }
        let needed: &[Party] = if all_three { &Party::ALL } else { &[Party::BusinessUnit] };
        if !needed.iter().all(|p| self.endorsements.contains_key(p)) {
            return Err(Fault::PartyMissing);
        }
        let record = self.record.as_ref().ok_or(Fault::WrongState)?;
        self.state = InvestigationState::Closed;
        self.closed_on = Some(today);
        Ok(record.conclusion)
    }
}
