//! Welfare programmes and registered cases (H2.3): who may be looked at, for what, and when.

use chrono::{Days, NaiveDate};
use kernel::ids::{AgencyId, CaseId};

use crate::SampleCity;
use crate::chance::{Chance, id};

/// A welfare programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Programme {
    /// ASCII code.
    pub code: &'static str,
    /// Name in Chinese; short enough for a case number.
    pub name: &'static str,
    /// Name in English.
    pub name_en: &'static str,
    /// Code of the bureau's section that owns it.
    pub section: &'static str,
    /// The permission item of annex 1 under which it is handled, in the annex's words.
    pub function: &'static str,
    /// The law that allows the query, as H2.1 names it.
    pub legal_basis: &'static str,
    weight: u32,
}

const fn p(
    code: &'static str,
    names: (&'static str, &'static str),
    section: &'static str,
    function: &'static str,
    legal_basis: &'static str,
    weight: u32,
) -> Programme {
    Programme { code, name: names.0, name_en: names.1, section, function, legal_basis, weight }
}

const ASSISTANCE: &str = "社會救助法第四十四條之三";
const ELDERLY: &str = "老人福利法第十二條之一";
const DISABILITY: &str = "身心障礙者權益保障法第七十一條之一";
const CHILDREN: &str = "兒童及少年福利與權益保障法第七十條";
const FAMILY: &str = "特殊境遇家庭扶助條例第十五條之一";

/// The programmes that the city's cases belong to.
pub const PROGRAMMES: [Programme; 10] = [
    p("low_income", ("低收入戶", "Low-income household"), "assistance", "低收入戶管理", ASSISTANCE, 20),
    p(
        "middle_low_income",
        ("中低收入戶", "Middle-to-low-income household"),
        "assistance",
        "中低收入戶管理",
        ASSISTANCE,
        16,
    ),
    p("emergency_relief", ("急難救助", "Emergency relief"), "assistance", "急難救助補助管理", ASSISTANCE, 8),
    p(
        "elderly_allowance",
        ("中低收入老人生活津貼", "Elderly living allowance"),
        "elderly",
        "中老生活津貼",
        ELDERLY,
        16,
    ),
    p(
        "elderly_care_allowance",
        ("中低收入老人特別照顧津貼", "Elderly care allowance"),
        "elderly",
        "中低失能老人特照津貼",
        ELDERLY,
        4,
    ),
    p(
        "disability_allowance",
        ("身心障礙者生活補助", "Disability living allowance"),
        "disability",
        "身障生活補助",
        DISABILITY,
        14,
    ),
    p(
        "disability_care",
        ("身心障礙者托育養護", "Disability day and residential care"),
        "disability",
        "身障托育養護",
        DISABILITY,
        4,
    ),
    p(
        "child_assistance",
        ("弱勢兒少生活扶助", "Assistance to children at risk"),
        "children",
        "弱勢兒少",
        CHILDREN,
        8,
    ),
    p(
        "childcare_allowance",
        ("父母未就業家庭育兒津貼", "Childcare allowance"),
        "children",
        "零至二歲父母未就業育兒津貼",
        CHILDREN,
        6,
    ),
    p(
        "special_family",
        ("特殊境遇家庭扶助", "Families in special circumstances"),
        "women",
        "特境家庭緊急生活扶助",
        FAMILY,
        4,
    ),
];

/// A registered case (案件).
#[derive(Debug, Clone)]
pub struct WelfareCase {
    /// Stable id.
    pub id: CaseId,
    /// Case number: `115-gushan-low_income-00001`.
    pub number: String,
    /// Its programme.
    pub programme: &'static Programme,
    /// The agency that handles it.
    pub agency: AgencyId,
    /// First day on which queries for it are in order.
    pub opened: NaiveDate,
    /// Last such day.
    pub until: NaiveDate,
    /// Places of its persons in the list of citizens; the applicant first.
    pub persons: Vec<usize>,
    /// Id of the planted item that it was made for.
    pub planted: Option<String>,
}

impl WelfareCase {
    /// Whether `day` lies in the case's period.
    pub fn is_open(&self, day: NaiveDate) -> bool {
        self.opened <= day && day <= self.until
    }
}

static PROGRAMME_LIST: [Programme; 10] = PROGRAMMES;

/// Makes a case of `agency` that is open for a year from `opened`.
pub(crate) fn case(
    agency: (&str, AgencyId),
    programme: usize,
    serial: usize,
    opened: NaiveDate,
    persons: Vec<usize>,
) -> WelfareCase {
    use chrono::Datelike as _;
    let programme = &PROGRAMME_LIST[programme % PROGRAMME_LIST.len()];
    let number = format!("{}-{}-{}-{serial:05}", opened.year() - 1911, agency.0, programme.code);
    WelfareCase {
        id: id("case", &number),
        number,
        programme,
        agency: agency.1,
        opened,
        until: kernel::days::add_months(opened, 12),
        persons,
        planted: None,
    }
}

/// Cases of every office that has users: in its own district, or all over the city for the bureau and its centres.
/// Officials' own households have none: those appear only where misbehaviour is planted.
pub(crate) fn build(city: &SampleCity) -> Vec<WelfareCase> {
    let mut chance = Chance::new(city.settings.seed, "cases");
    let officials: std::collections::HashSet<usize> =
        city.officials.iter().map(|o| city.citizens[o.citizen].household).collect();
    let mut by_district = vec![Vec::new(); crate::DISTRICTS.len()];
    for (i, household) in city.households.iter().enumerate() {
        if !officials.contains(&i) {
            by_district[household.district].push(i);
        }
    }
    let inhabited: Vec<usize> = (0..by_district.len()).filter(|d| !by_district[*d].is_empty()).collect();
    let total: usize = city.agencies.iter().map(|a| usize::try_from(a.weight).unwrap_or_default()).sum();
    let programmes: Vec<u32> = PROGRAMMES.iter().map(|p| p.weight).collect();
    let (mut cases, mut serial) = (Vec::with_capacity(city.settings.cases + 8), 0);
    for agency in city.agencies.iter().filter(|a| a.weight > 0) {
        let share = usize::try_from(agency.weight).unwrap_or_default() * city.settings.cases / total.max(1);
        for _ in 0..share.max(12) {
            let district = agency.district.filter(|own| inhabited.contains(own));
            let district = district.unwrap_or_else(|| inhabited[chance.below(inhabited.len())]);
            let from = &by_district[district];
            let household = &city.households[from[chance.below(from.len())]];
            let most = household.members.len().min(5);
            let persons = household.members[..=chance.below(most)].to_vec();
            let before = u64::try_from(chance.between(0, 630)).unwrap_or_default();
            let opened = city.settings.start + Days::new(330) - Days::new(before);
            serial += 1;
            let programme = chance.weighted(&programmes);
            cases.push(case((agency.code, agency.id), programme, serial, opened, persons));
        }
    }
    cases
}
