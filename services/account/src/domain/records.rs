//! Records that are evidence of duties: training (H5.1.5), attestations (H5.2.3, I3.5), host security (H6.2), deputies,
//! uses of accounts.

use std::collections::BTreeSet;

use account_types::{AttestationKind, DeputyTerms};
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use identity::Endorsement;
use kernel::ids::{AccountId, AgencyId, PersonId, PostId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A security training that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Training {
    /// Its id.
    pub id: Uuid,
    /// Title.
    pub title: String,
    /// The day.
    pub held_on: NaiveDate,
    /// Hours.
    pub hours: u32,
    /// Who took part.
    pub participants: BTreeSet<PersonId>,
    /// Who recorded it.
    pub recorded_by: PersonId,
}

impl Document for Training {
    const TABLE: &'static str = "trainings";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// An attestation by the holder of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attestation {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub account_id: AccountId,
    /// The holder.
    pub person_id: PersonId,
    /// The holder's agency.
    pub agency_id: AgencyId,
    /// What.
    pub kind: AttestationKind,
    /// The day on which it was done.
    pub done_on: NaiveDate,
    /// When it was attested.
    pub at: DateTime<Utc>,
}

impl Document for Attestation {
    const TABLE: &'static str = "attestations";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A host security or maintenance act (H6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostSecurityRecord {
    /// Its id.
    pub id: Uuid,
    /// Host or group of hosts.
    pub host: String,
    /// What was done.
    pub duty: String,
    /// The day.
    pub done_on: NaiveDate,
    /// Evidence.
    pub evidence: String,
    /// Who recorded it.
    pub recorded_by: PersonId,
}

impl Document for HostSecurityRecord {
    const TABLE: &'static str = "host_security_records";
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A deputyship (職務代理).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deputy {
    /// Its id; also that of the post that the deputy holds meanwhile.
    pub id: Uuid,
    /// Terms.
    pub terms: DeputyTerms,
    /// Agency of the post.
    pub agency_id: AgencyId,
    /// Who ordered it.
    pub ordered_by: PersonId,
    /// When.
    pub ordered_at: DateTime<Utc>,
    /// His own post.
    pub ordered_in: PostId,
    /// His card signature.
    pub endorsement: Endorsement,
    /// When and why it ended early.
    pub ended: Option<(DateTime<Utc>, String)>,
}

impl Document for Deputy {
    const TABLE: &'static str = "deputies";
    fn id(&self) -> Uuid {
        self.id
    }
}
