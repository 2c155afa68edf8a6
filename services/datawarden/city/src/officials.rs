//! 400 officials with their posts. Each is also a citizen with a household: his relatives are known (misuse by
//! officials who look at their own family is found that way).

use std::net::Ipv4Addr;

use chrono::{Days, NaiveDate};
use kernel::NationalId;
use kernel::ids::{AgencyId, PersonId, PostId, UnitId};

use crate::CitySettings;
use crate::agencies::{Agency, AgencyKind};
use crate::chance::{Chance, id};
use crate::citizens::{Citizen, Household};

/// Every role that a post of the sample city carries.
pub const ROLES: [&str; 15] = [
    "user",
    "unit_supervisor",
    "agency_head",
    "responsible_supervisor",
    "business_handler",
    "business_supervisor",
    "it_unit",
    "it_centre",
    "designated_officer",
    "link_manager",
    "auditor",
    "ethics_officer",
    "external_auditor",
    "records_officer",
    "administrator",
];

/// A post (職務) of an official.
#[derive(Debug, Clone)]
pub struct Post {
    /// Stable id.
    pub id: PostId,
    /// Its agency.
    pub agency: AgencyId,
    /// Its unit in that agency.
    pub unit: UnitId,
    /// Title (職稱).
    pub title: &'static str,
    /// Roles, out of [`ROLES`].
    pub roles: &'static [&'static str],
}

/// An official.
#[derive(Debug, Clone)]
pub struct Official {
    /// Stable id.
    pub id: PersonId,
    /// Staff number and account name: `ks0001` …
    pub login: String,
    /// Place in the list of citizens.
    pub citizen: usize,
    /// Invented name.
    pub name: String,
    /// Sample national id.
    pub national_id: NationalId,
    /// Serial number of the citizen card.
    pub card_serial: String,
    /// Office telephone; the exchange 0555 is not in use.
    pub phone: String,
    /// Mail address under `example`.
    pub email: String,
    /// Address of the workplace's machine, inside the agency's network.
    pub workstation: Ipv4Addr,
    /// Day of appointment.
    pub appointed: NaiveDate,
    /// Posts, the main one first.
    pub posts: Vec<Post>,
}

/// One post to fill: unit code, title, roles.
type Slot = (&'static str, &'static str, &'static [&'static str]);

/// An official's posts; nine officials fill a district office.
const DISTRICT: [&[Slot]; 9] = [
    &[("office", "區長", &["agency_head"])],
    &[
        ("social", "課長", &["unit_supervisor"]),
        ("social", "課長（戶役政資料權責主管）", &["responsible_supervisor"]),
    ],
    &[("secretariat", "主任秘書", &["auditor"])],
    &[("social", "課員", &["user"]), ("social", "移民資訊專責人員", &["designated_officer"])],
    &[("social", "課員", &["user"])],
    &[("social", "課員", &["user"])],
    &[("social", "辦事員", &["user"])],
    &[("social", "辦事員", &["user"])],
    &[("social", "里幹事", &["user"])],
];

const CENTRE: [&[Slot]; 4] = [
    &[("office", "主任", &["agency_head"])],
    &[
        ("casework", "督導", &["unit_supervisor", "auditor"]),
        ("casework", "督導（戶役政資料權責主管）", &["responsible_supervisor"]),
    ],
    &[("casework", "社會工作師", &["user"])],
    &[("casework", "社會工作員", &["user"])],
];

const SECTIONS: [&str; 5] = ["assistance", "elderly", "disability", "children", "women"];

const SECTION: [&[Slot]; 4] = [
    &[
        ("", "科長", &["unit_supervisor", "business_supervisor"]),
        ("", "科長（戶役政資料權責主管）", &["responsible_supervisor"]),
    ],
    &[("", "科員", &["business_handler"])],
    &[("", "科員", &["user"])],
    &[("", "社會工作師", &["user"])],
];

const BUREAU: [&[Slot]; 13] = [
    &[("director", "局長", &["agency_head"])],
    &[("director", "主任秘書", &["auditor"])],
    &[("secretariat", "專門委員", &["auditor"])],
    &[("it", "資訊小組組長", &["it_unit", "unit_supervisor"])],
    &[("it", "資訊管理師", &["it_unit"]), ("it", "資訊連結作業承辦人", &["link_manager"])],
    &[("it", "助理資訊管理師", &["it_unit"])],
    &[("it", "系統管理師", &["administrator"])],
    &[("it", "系統管理師", &["administrator"])],
    &[("ethics", "政風室主任", &["ethics_officer"])],
    &[("ethics", "政風室科員", &["ethics_officer"])],
    &[("secretariat", "檔案管理員", &["records_officer"])],
    &[("secretariat", "檔案股股長", &["records_officer"])],
    &[("assistance", "移民資訊專責人員", &["designated_officer"])],
];

/// City IT centre and the providers' auditors.
const OUTSIDE: [(&str, &[Slot]); 5] = [
    ("it-centre", &[("platform", "組長", &["it_centre"])]),
    ("it-centre", &[("platform", "高級分析師", &["it_centre"])]),
    ("household", &[("registration", "稽核專員", &["external_auditor"])]),
    ("tax", &[("data", "稽核專員", &["external_auditor"])]),
    ("immigration", &[("information", "稽核專員", &["external_auditor"])]),
];

/// Every official's slots with the agency's code and, for sections, the unit that stands for the empty code.
fn plan(agencies: &[Agency]) -> Vec<(&Agency, &'static str, &'static [Slot])> {
    let mut plan = Vec::with_capacity(400);
    for agency in agencies {
        match agency.kind {
            AgencyKind::Bureau => {
                plan.extend(BUREAU.iter().map(|slots| (agency, "", *slots)));
                for section in SECTIONS {
                    plan.extend(SECTION.iter().map(|slots| (agency, section, *slots)));
                }
            }
            AgencyKind::Subordinate => plan.extend(CENTRE.iter().map(|slots| (agency, "", *slots))),
            AgencyKind::DistrictOffice => plan.extend(DISTRICT.iter().map(|slots| (agency, "", *slots))),
            AgencyKind::Provider | AgencyKind::ItCentre => {
                let own = OUTSIDE.iter().filter(|(code, _)| *code == agency.code);
                plan.extend(own.map(|(_, slots)| (agency, "", *slots)));
            }
        }
    }
    plan
}

/// Officials, drawn from the citizens of working age who do not live alone.
pub(crate) fn build(
    settings: &CitySettings,
    agencies: &[Agency],
    households: &[Household],
    citizens: &[Citizen],
) -> Vec<Official> {
    let mut chance = Chance::new(settings.seed, "officials");
    let oldest = settings.start.checked_sub_days(Days::new(63 * 365)).unwrap_or(settings.start);
    let eligible: Vec<usize> = households
        .iter()
        .filter(|h| h.members.len() >= 3)
        .filter_map(|h| h.members.first().copied())
        .filter(|head| citizens[*head].birth_date > oldest)
        .collect();
    let plan = plan(agencies);
    // One out of each stretch of the list: spread over the city, nobody twice.
    let stretch = (eligible.len() / plan.len().max(1)).max(1);
    let mut desks = std::collections::HashMap::<AgencyId, u8>::new();
    plan.into_iter()
        .zip(eligible.chunks(stretch))
        .zip(0_i64..)
        .map(|(((agency, section, slots), from), serial)| {
            let citizen = from[chance.below(from.len())];
            let desk = desks.entry(agency.id).or_insert(20);
            *desk += 1;
            let login = format!("ks{:04}", serial + 1);
            let person = &citizens[citizen];
            Official {
                id: id("person", &login),
                citizen,
                name: person.name.clone(),
                national_id: person.national_id.clone(),
                card_serial: format!("TP04{:012}", chance.between(0, 99_999_999) * 1_000 + serial),
                phone: format!("07-0555{:03}#{}", serial % 1_000, 100 + u32::from(*desk)),
                email: format!("{login}@{}.kaohsiung.example", agency.code),
                workstation: agency.networks.first().map_or(Ipv4Addr::UNSPECIFIED, |n| n.host(*desk)),
                appointed: appointed(settings, slots, &mut chance),
                posts: posts(agency, section, slots, &login),
                login,
            }
        })
        .collect()
}

/// Who supervises, reviews or administers has been in service for more than the longest term of records.
fn appointed(settings: &CitySettings, slots: &[Slot], chance: &mut Chance) -> NaiveDate {
    let newest = if slots.iter().all(|(_, _, roles)| *roles == ["user"]) { 200 } else { 7 * 365 };
    let days = u64::try_from(chance.between(newest, 25 * 365)).unwrap_or_default();
    settings.start.checked_sub_days(Days::new(days)).unwrap_or(settings.start)
}

fn posts(agency: &Agency, section: &str, slots: &[Slot], login: &str) -> Vec<Post> {
    slots
        .iter()
        .enumerate()
        .filter_map(|(number, (unit, title, roles))| {
            let code = if unit.is_empty() { section } else { unit };
            let unit = agency.units.iter().find(|u| u.code == code)?;
            Some(Post {
                id: id("post", &format!("{login}/{number}")),
                agency: agency.id,
                unit: unit.id,
                title,
                roles,
            })
        })
        .collect()
}
