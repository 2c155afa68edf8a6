//! Citizens in households, with what the household and tax registers hold about them.

use std::ops::RangeInclusive;

use chrono::{Days, NaiveDate};
use kernel::NationalId;

use crate::CitySettings;
use crate::chance::Chance;
use crate::districts::DISTRICTS;
use crate::text::person_name;

/// Sex as registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 女.
    Female,
    /// 男.
    Male,
}

/// Relation to the head of the household (稱謂).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// 戶長.
    Head,
    /// 配偶.
    Spouse,
    /// 子女.
    Child,
    /// 父母.
    Parent,
}

impl Relation {
    /// The word in the register.
    pub fn title(self) -> &'static str {
        match self {
            Self::Head => "戶長",
            Self::Spouse => "配偶",
            Self::Child => "子女",
            Self::Parent => "父母",
        }
    }
}

/// Marital status as registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaritalStatus {
    /// 未婚.
    Single,
    /// 有偶.
    Married,
    /// 離婚.
    Divorced,
    /// 喪偶.
    Widowed,
}

impl MaritalStatus {
    /// The word in the register.
    pub fn title(self) -> &'static str {
        match self {
            Self::Single => "未婚",
            Self::Married => "有偶",
            Self::Divorced => "離婚",
            Self::Widowed => "喪偶",
        }
    }
}

/// A spouse without household registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSpouse {
    /// Invented name in Latin letters.
    pub name: String,
    /// Nationality in Chinese.
    pub nationality: &'static str,
}

/// A year's tax data, in whole New Taiwan dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxRecord {
    /// Wages (薪資所得).
    pub salary: u32,
    /// Interest (利息所得).
    pub interest: u32,
    /// Other income (其他所得).
    pub other_income: u32,
    /// Assessed value of land (土地).
    pub land_value: u32,
    /// Assessed value of buildings (房屋).
    pub house_value: u32,
    /// Number of vehicles (車輛).
    pub vehicles: u8,
}

impl TaxRecord {
    /// All income of the year.
    pub fn income(&self) -> u32 {
        self.salary + self.interest + self.other_income
    }

    /// All assessed property.
    pub fn property(&self) -> u32 {
        self.land_value + self.house_value
    }
}

/// A household (戶).
#[derive(Debug, Clone)]
pub struct Household {
    /// Household number (戶號), a letter and seven digits.
    pub number: String,
    /// Place in [`DISTRICTS`].
    pub district: usize,
    /// Invented address.
    pub address: String,
    /// Places of its members in the list of citizens; the head first.
    pub members: Vec<usize>,
}

/// A citizen.
#[derive(Debug, Clone)]
pub struct Citizen {
    /// Sample national id.
    pub national_id: NationalId,
    /// Invented name.
    pub name: String,
    /// Sex.
    pub sex: Sex,
    /// Date of birth.
    pub birth_date: NaiveDate,
    /// Place in the list of households.
    pub household: usize,
    /// Relation to the head.
    pub relation: Relation,
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// Spouse in the same household.
    pub spouse: Option<usize>,
    /// Spouse without household registration.
    pub foreign_spouse: Option<ForeignSpouse>,
    /// Parents in the same household.
    pub parents: Vec<usize>,
    /// Tax data.
    pub tax: TaxRecord,
}

const STREETS: [&str; 10] =
    ["示範路", "樣本街", "測試路", "虛擬一路", "假想街", "模擬路", "試行路", "例示街", "擬真路", "想像路"];
const NATIONALITIES: [(&str, &[&str]); 4] = [
    ("越南", &["NGUYEN MAU", "TRAN MAU", "LE MAU"]),
    ("印尼", &["CONTOH SARI", "CONTOH DEWI", "CONTOH PUTRI"]),
    ("泰國", &["TUAYANG MALEE", "TUAYANG NOI"]),
    ("菲律賓", &["HALIMBAWA ANA", "HALIMBAWA ROSA"]),
];
/// Larger than any number of citizens and prime: stepping by it through the serial numbers keeps the members of one
/// household apart, so that only planted queries run through consecutive ids.
const STEP: usize = 7_368_787;

#[expect(clippy::expect_used, reason = "the letters are right, and a sample id takes any number")]
fn sample_id(index: usize, count: usize) -> NationalId {
    let serial = index * STEP % count;
    let letter = ['E', 'S', 'T', 'D'][serial * 4 / count];
    NationalId::sample(letter, u32::try_from(serial).unwrap_or_default()).expect("a sample id")
}

/// Serial number of the sample id at `index`'s place, and the ids that follow it: for planted sequences.
pub(crate) fn consecutive_ids(first: usize, wanted: usize, count: usize) -> Vec<usize> {
    // The places whose serial numbers are first, first + 1, …: found by walking, which is rare and cheap enough.
    let mut found = vec![None; wanted];
    for index in 0..count {
        let serial = index * STEP % count;
        if serial >= first && serial - first < wanted {
            found[serial - first] = Some(index);
        }
    }
    found.into_iter().flatten().collect()
}

struct Builder<'a> {
    settings: &'a CitySettings,
    chance: Chance,
    households: Vec<Household>,
    citizens: Vec<Citizen>,
}

impl Builder<'_> {
    fn born(&mut self, ages: RangeInclusive<i64>) -> NaiveDate {
        let days = self.chance.between(ages.start() * 365, ages.end() * 365 + 364);
        let days = Days::new(u64::try_from(days).unwrap_or_default());
        self.settings.start.checked_sub_days(days).unwrap_or(self.settings.start)
    }

    fn person(
        &mut self,
        surname: &'static str,
        sex: Sex,
        ages: RangeInclusive<i64>,
        relation: Relation,
    ) -> usize {
        let index = self.citizens.len();
        let birth_date = self.born(ages.clone());
        let tax = self.tax(*ages.start());
        self.citizens.push(Citizen {
            national_id: sample_id(index, self.settings.citizens),
            name: person_name(&mut self.chance, surname, sex),
            sex,
            birth_date,
            household: self.households.len(),
            relation,
            marital_status: MaritalStatus::Single,
            spouse: None,
            foreign_spouse: None,
            parents: Vec::new(),
            tax,
        });
        index
    }

    fn tax(&mut self, age: i64) -> TaxRecord {
        let c = &mut self.chance;
        if age < 18 {
            return TaxRecord { interest: c.between_u32(0, 3_000), ..TaxRecord::default() };
        }
        let owner = c.percent(55);
        TaxRecord {
            salary: if age < 65 && c.percent(75) { c.between_u32(180_000, 1_600_000) } else { 0 },
            interest: c.between_u32(0, 40_000),
            other_income: if c.percent(20) { c.between_u32(0, 200_000) } else { 0 },
            land_value: if owner { c.between_u32(300_000, 12_000_000) } else { 0 },
            house_value: if owner { c.between_u32(150_000, 3_000_000) } else { 0 },
            vehicles: c.percent(60).into(),
        }
    }

    fn marry(&mut self, head: usize, surname: &'static str, sex: Sex, room: usize) -> Option<usize> {
        let status = match self.chance.below(100) {
            0..20 => MaritalStatus::Single,
            20..34 => MaritalStatus::Divorced,
            34..42 => MaritalStatus::Widowed,
            _ => MaritalStatus::Married,
        };
        self.citizens[head].marital_status = status;
        if status != MaritalStatus::Married {
            return None;
        }
        if room == 0 || self.chance.percent(6) {
            let (nationality, names) = NATIONALITIES[self.chance.below(NATIONALITIES.len())];
            let number = self.chance.between_u32(1, 99);
            let name = format!("{} {number:02}", self.chance.pick(names));
            self.citizens[head].foreign_spouse = Some(ForeignSpouse { name, nationality });
            return None;
        }
        let other = if sex == Sex::Male { Sex::Female } else { Sex::Male };
        let spouse = self.person(surname, other, 26..=70, Relation::Spouse);
        self.citizens[spouse].marital_status = MaritalStatus::Married;
        self.citizens[spouse].spouse = Some(head);
        self.citizens[head].spouse = Some(spouse);
        Some(spouse)
    }

    fn household(&mut self, weights: &[u32]) {
        let district = self.chance.weighted(weights);
        let room = self.settings.citizens - self.citizens.len();
        let size = (self.chance.weighted(&[18, 26, 24, 20, 9, 3]) + 1).min(room);
        let sex = if self.chance.percent(55) { Sex::Male } else { Sex::Female };
        let (surname, other) =
            (crate::text::surname(&mut self.chance), crate::text::surname(&mut self.chance));
        let head = self.person(surname, sex, 26..=70, Relation::Head);
        let mut members = vec![head];
        members.extend(self.marry(head, other, sex, size - 1));
        let parents = members.clone();
        while members.len() < size {
            let sex = if self.chance.percent(50) { Sex::Male } else { Sex::Female };
            let next = if members.len() + 1 == size && self.chance.percent(25) {
                let elder = self.person(surname, sex, 66..=92, Relation::Parent);
                self.citizens[elder].marital_status = MaritalStatus::Widowed;
                self.citizens[head].parents.push(elder);
                elder
            } else {
                let child = self.person(surname, sex, 0..=17, Relation::Child);
                self.citizens[child].parents.clone_from(&parents);
                child
            };
            members.push(next);
        }
        let number = format!("E{:07}", self.households.len() + 1);
        let street = self.chance.pick(&STREETS);
        let house = self.chance.between(1, 400);
        let address = format!("高雄市{}{street}{house}號", DISTRICTS[district].name);
        self.households.push(Household { number, district, address, members });
    }
}

/// Households and citizens, exactly as many citizens as the settings say.
pub(crate) fn build(settings: &CitySettings) -> (Vec<Household>, Vec<Citizen>) {
    let weights: Vec<u32> = DISTRICTS.iter().map(|d| d.weight).collect();
    let mut builder = Builder {
        settings,
        chance: Chance::new(settings.seed, "citizens"),
        households: Vec::new(),
        citizens: Vec::with_capacity(settings.citizens),
    };
    while builder.citizens.len() < settings.citizens {
        builder.household(&weights);
    }
    (builder.households, builder.citizens)
}
