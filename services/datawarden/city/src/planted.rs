//! Planted misbehaviour: read from `planted.toml`, woven into cases, plan and log exports.

use serde::Deserialize;

use chrono::Days;

use crate::SampleCity;
use crate::cases;
use crate::citizens::consecutive_ids;
use crate::plan::Provider;

/// The planted items cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlantedError {
    /// The file does not parse.
    #[error("planted.toml does not parse")]
    Parse(#[from] toml::de::Error),
    /// An item names an office, role or index that the city lacks.
    #[error("planted item `{id}`: no holder {index} of role {role} in {office}")]
    NoSuchOfficial {
        /// Id of the item.
        id: String,
        /// Office that it names.
        office: String,
        /// Role that it names.
        role: String,
        /// Index that it names.
        index: usize,
    },
}

/// What happens. Numbers are counts of queries unless their name says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehaviour {
    /// Somebody goes on with a card that was reported lost (I3.7).
    LostCardUsed {
        /// Tries after the report.
        attempts: u32,
        /// Calendar days until the official has a new card.
        replaced_after_days: u32,
    },
    /// An official queries in his old post after his transfer (H5.2.2, H9).
    TransferredStillQuerying {
        /// Queries after the transfer.
        queries: u32,
        /// Calendar days after which the personnel file tells of it.
        reported_after_days: u32,
    },
    /// Queries at night.
    NightQueries {
        /// How many.
        queries: u32,
        /// Hour in Taipei.
        hour: u32,
    },
    /// An official looks at the records of his own household.
    OwnRelatives {
        /// How many.
        queries: u32,
    },
    /// A run through consecutive national ids.
    SequentialIds {
        /// Length of the run.
        queries: u32,
    },
    /// The same reason for every query (H6.3).
    CopiedReasons {
        /// How many.
        queries: u32,
        /// The reason's text.
        reason: String,
    },
    /// Household queries without a tax query in the seven days after (H8.1.2).
    MissingTaxFollowup {
        /// How many.
        queries: u32,
    },
    /// A daily report is endorsed late (H8.1.1).
    ReportEndorsedLate {
        /// Working days after the report's own due day.
        working_days_late: u32,
    },
    /// Queries about persons who are not in the case (H2.3).
    PersonOutsideCase {
        /// How many.
        queries: u32,
    },
    /// Calls to a provider that do not go through the gate.
    ProviderCallPastGate {
        /// The provider.
        provider: Provider,
        /// How many.
        calls: u32,
    },
    /// A database superuser alters an entry of the query log (H6.6).
    EditedLogRow,
    /// The gate dies between intent and outcome.
    OpenIntent,
    /// Somebody without an account tries to query (H9).
    NeverAuthorisedAttempt {
        /// Tries.
        attempts: u32,
    },
    /// A person without approval appears in the immigration log (I3.4).
    ImmigrationNotApproved {
        /// How many.
        queries: u32,
    },
    /// An approved user queries an item that was not approved (I3.1).
    ImmigrationItemNotApproved {
        /// How many.
        queries: u32,
        /// Number of the sub-item on annex 1, 1–7.
        item: u8,
    },
    /// An approved user queries far more often than others (I4.1.1).
    ImmigrationFrequency {
        /// How many in a week.
        queries: u32,
    },
}

/// A planted item.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// Its id; planned queries and acts carry it.
    pub id: String,
    /// Code of the agency in which it happens.
    pub office: String,
    /// Role of the official who does it.
    pub role: String,
    /// Which of the role's holders in that agency, from 0.
    pub index: usize,
    /// Calendar days after the start of the plan.
    pub day_offset: u32,
    /// The control that must find it.
    pub found_by: String,
    /// The kind of its finding.
    pub found_as: String,
    /// What happens.
    pub act: Misbehaviour,
}

impl Planted {
    /// Who does it: place in the list of officials.
    pub fn official(&self, city: &SampleCity) -> Option<usize> {
        let agency = city.agency_by_code(&self.office)?;
        city.holders(agency.id, &self.role).nth(self.index).map(|(official, _)| official)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    planted: Vec<Planted>,
}

/// The planted items of `planted.toml`, in the file's order.
pub fn planted() -> Result<Vec<Planted>, PlantedError> {
    Ok(toml::from_str::<File>(include_str!("../planted.toml"))?.planted)
}

/// Checks every item against the city and adds the cases that some of them need: a case that a user registered over
/// his own household, one whose persons have consecutive ids.
pub(crate) fn add_cases(city: &mut SampleCity) -> Result<(), PlantedError> {
    for (number, item) in city.planted.clone().into_iter().enumerate() {
        let official = item.official(city).ok_or_else(|| PlantedError::NoSuchOfficial {
            id: item.id.clone(),
            office: item.office.clone(),
            role: item.role.clone(),
            index: item.index,
        })?;
        let persons = match item.act {
            Misbehaviour::OwnRelatives { .. } => city.relatives(&city.officials[official]),
            Misbehaviour::SequentialIds { queries } => {
                let count = city.citizens.len();
                consecutive_ids(count / 10, usize::try_from(queries).unwrap_or_default(), count)
            }
            _ => continue,
        };
        let Some(agency) = city.agency_by_code(&item.office) else { continue };
        let opened = city.settings.start + Days::new(u64::from(item.day_offset)) - Days::new(10);
        let mut case = cases::case((agency.code, agency.id), 0, 90_000 + number, opened, persons);
        case.planted = Some(item.id);
        city.cases.push(case);
    }
    Ok(())
}
