//! A city that does not exist, in full: agencies, officials, citizens, welfare cases, and a year of their work.
//!
//! Everything is invented and follows from a seed: the same settings give the same city, the same plan and the same
//! files, byte for byte. National ids are sample ids (0 after the letter: no real person has one), names carry a
//! character such as 範 or 擬 that marks them as made up, addresses of machines and mail are private or `example`.
//! Only the names of the 38 districts are real. Pure: no file, no clock, no socket.

mod agencies;
mod cases;
mod chance;
mod citizens;
mod districts;
mod exports;
mod officials;
mod personnel;
mod plan;
mod planted;
mod text;

use std::collections::HashMap;

use chrono::NaiveDate;
use kernel::ids::{AgencyId, UnitId};

pub use agencies::{Agency, AgencyKind, Network, System, Unit};
pub use cases::{PROGRAMMES, Programme, WelfareCase};
pub use citizens::{Citizen, ForeignSpouse, Household, MaritalStatus, Relation, Sex, TaxRecord};
pub use districts::{DISTRICTS, District};
pub use exports::{
    ImmigrationLogRow, ImmigrationPermission, PlatformReportRow, immigration_csv, immigration_log,
    immigration_permissions, platform_csv, platform_report,
};
pub use officials::{Official, Post, ROLES};
pub use personnel::{ChangeKind, PersonnelChange, personnel_csv};
pub use plan::{
    DayPlan, Fault, HOUSEHOLD_ITEMS, Medium, PlanSettings, PlannedAct, PlannedQuery, Provider, Retrieval,
    TAX_ITEMS, YearPlan,
};
pub use planted::{Misbehaviour, Planted, PlantedError, planted};

/// What a city is made from.
#[derive(Debug, Clone)]
pub struct CitySettings {
    /// Everything random follows from this number.
    pub seed: u64,
    /// First day of the year that is played; ages and case periods are laid around it.
    pub start: NaiveDate,
    /// How many citizens (50,000 unless told; at least 2,000, since officials are citizens too).
    pub citizens: usize,
    /// How many welfare cases (9,000 unless told), planted ones not counted.
    pub cases: usize,
}

impl CitySettings {
    /// The usual city for a year that begins on `start`.
    pub fn new(seed: u64, start: NaiveDate) -> Self {
        Self { seed, start, citizens: 50_000, cases: 9_000 }
    }
}

/// The city: its registers, and the planted misbehaviour that a year in it contains.
#[derive(Debug)]
pub struct SampleCity {
    /// What it was made from.
    pub settings: CitySettings,
    /// All agencies, the bureau first, then subordinate agencies, the 38 district offices, providers, IT centre.
    pub agencies: Vec<Agency>,
    /// Systems that ask for data or are looked at from outside.
    pub systems: Vec<System>,
    /// 400 officials; their order is stable.
    pub officials: Vec<Official>,
    /// Households; a citizen names his by index.
    pub households: Vec<Household>,
    /// Citizens; cases, officials and plans name them by index.
    pub citizens: Vec<Citizen>,
    /// Welfare cases, ordered by office; planted ones last.
    pub cases: Vec<WelfareCase>,
    /// What goes wrong in the year, and how it must be found.
    pub planted: Vec<Planted>,
    by_national_id: HashMap<String, usize>,
}

impl SampleCity {
    /// Builds the city that belongs to `settings`. Takes well under a second for 50,000 citizens.
    ///
    /// # Errors
    /// When `planted.toml` does not parse or names an office, role or index that does not exist.
    pub fn generate(settings: CitySettings) -> Result<Self, PlantedError> {
        let agencies = agencies::build();
        let (households, citizens) = citizens::build(&settings);
        let officials = officials::build(&settings, &agencies, &households, &citizens);
        let by_national_id =
            citizens.iter().enumerate().map(|(i, c)| (c.national_id.expose().to_owned(), i)).collect();
        let mut city = Self {
            systems: agencies::systems(&agencies),
            agencies,
            officials,
            households,
            citizens,
            cases: Vec::new(),
            planted: planted::planted()?,
            by_national_id,
            settings,
        };
        city.cases = cases::build(&city);
        planted::add_cases(&mut city)?;
        Ok(city)
    }

    /// The citizen with this national id.
    pub fn citizen(&self, national_id: &str) -> Option<&Citizen> {
        self.citizen_index(national_id).and_then(|i| self.citizens.get(i))
    }

    /// The place of the citizen with this national id in [`Self::citizens`].
    pub fn citizen_index(&self, national_id: &str) -> Option<usize> {
        self.by_national_id.get(national_id).copied()
    }

    /// The agency with this id.
    pub fn agency(&self, id: AgencyId) -> Option<&Agency> {
        self.agencies.iter().find(|a| a.id == id)
    }

    /// The agency with this ASCII code (`bureau`, `gushan`, `household`, …).
    pub fn agency_by_code(&self, code: &str) -> Option<&Agency> {
        self.agencies.iter().find(|a| a.code == code)
    }

    /// The unit with this id.
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.agencies.iter().flat_map(|a| &a.units).find(|u| u.id == id)
    }

    /// Officials (index into [`Self::officials`]) and their posts that carry `role` in `agency`, in stable order.
    pub fn holders<'a>(
        &'a self,
        agency: AgencyId,
        role: &'a str,
    ) -> impl Iterator<Item = (usize, &'a Post)> + 'a {
        self.officials.iter().enumerate().flat_map(move |(i, official)| {
            official
                .posts
                .iter()
                .filter(move |p| p.agency == agency && p.roles.contains(&role))
                .map(move |p| (i, p))
        })
    }

    /// Members of the household of `official` other than himself: the relatives that he declares.
    pub fn relatives(&self, official: &Official) -> Vec<usize> {
        let Some(household) =
            self.citizens.get(official.citizen).and_then(|c| self.households.get(c.household))
        else {
            return Vec::new();
        };
        household.members.iter().copied().filter(|m| *m != official.citizen).collect()
    }

    /// SHA-256 (lower-case hexadecimal) over everything in the city; equal settings give equal digests.
    pub fn digest(&self) -> String {
        kernel::canonical::sha256_hex(text::of_city(self).as_bytes())
    }
}
