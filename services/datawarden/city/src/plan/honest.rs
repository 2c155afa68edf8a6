//! The honest work of the year: sittings of one user over some cases, household queries first, the tax queries on the same
//! persons within seven days (H8.1.2).

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{Days, Duration, NaiveDate};
use kernel::Instant;
use kernel::ids::{AgencyId, PostId};

use super::{
    DayPlan, Draft, HOUSEHOLD_ITEMS, Medium, PlannedAct, PlannedQuery, Provider, Retrieval, TAX_ITEMS,
};
use crate::SampleCity;
use crate::chance::Chance;

/// Honest follow-ups come at most this many calendar days later: inside the seven of H8.1.2.
const FOLLOW_UP_DAYS: i64 = 6;
/// Cases that an official works through in one sitting, at most.
const CASES: usize = 6;

/// Sets of items that belong together.
pub(super) const HOUSEHOLD_SETS: [&[&str]; 4] = [
    HOUSEHOLD_ITEMS.split_at(6).0,
    &["name", "birth_date", "household_number", "relation", "address", "household_members"],
    &["name", "birth_date", "marital_status", "spouse", "foreign_spouse"],
    &["name", "birth_date", "relation", "parents", "household_members"],
];
pub(super) const TAX_SETS: [&[&str]; 3] =
    [&TAX_ITEMS, TAX_ITEMS.split_at(3).0, &["income_total", "property_total"]];

/// Who works when on what.
struct Office<'a> {
    /// Working days of the plan, in order.
    working: Vec<NaiveDate>,
    /// Users by agency.
    users: HashMap<AgencyId, Vec<usize>>,
    /// Cases by agency, planted ones left out.
    cases: HashMap<AgencyId, Vec<usize>>,
    /// Weights of the agencies, in their order.
    weights: Vec<u32>,
    /// First day without the old duties.
    gone: HashMap<usize, NaiveDate>,
    /// Officials without a card, from and to (included).
    cardless: Vec<(usize, NaiveDate, NaiveDate)>,
    city: &'a SampleCity,
}

impl<'a> Office<'a> {
    fn of(draft: &Draft<'a>) -> Self {
        let city = draft.city;
        // Cases of planted queries stay out: an honest tax query must not cover up one that is planted to be missing.
        let touched: HashSet<usize> = draft.days.values().flat_map(|d| &d.queries).map(|q| q.case).collect();
        let mut users: HashMap<AgencyId, Vec<usize>> = HashMap::new();
        for (i, official) in city.officials.iter().enumerate() {
            if let Some(post) = official.posts.first().filter(|p| p.roles.contains(&"user")) {
                users.entry(post.agency).or_default().push(i);
            }
        }
        let mut cases: HashMap<AgencyId, Vec<usize>> = HashMap::new();
        for (i, case) in
            city.cases.iter().enumerate().filter(|(i, c)| c.planted.is_none() && !touched.contains(i))
        {
            cases.entry(case.agency).or_default().push(i);
        }
        Self {
            working: draft.days.values().filter(|d| d.working).map(|d| d.date).collect(),
            users,
            cases,
            weights: city.agencies.iter().map(|a| a.weight).collect(),
            gone: draft.changes.iter().map(|c| (c.official, c.effective)).collect(),
            cardless: cardless(draft.days.values(), draft.settings.end),
            city,
        }
    }

    fn at_work(&self, official: usize, day: NaiveDate) -> bool {
        self.gone.get(&official).is_none_or(|gone| day < *gone)
            && !self.cardless.iter().any(|(o, from, to)| *o == official && *from <= day && day <= *to)
    }

    /// Working days from `day` to the end of the time for a follow-up.
    fn follow_up_days(&self, day: NaiveDate) -> &[NaiveDate] {
        let first = self.working.partition_point(|d| *d < day);
        let last = self.working.partition_point(|d| (*d - day).num_days() <= FOLLOW_UP_DAYS);
        &self.working[first..last]
    }
}

fn cardless<'d>(
    days: impl Iterator<Item = &'d DayPlan>,
    end: NaiveDate,
) -> Vec<(usize, NaiveDate, NaiveDate)> {
    let mut found: Vec<(usize, NaiveDate, NaiveDate)> = Vec::new();
    for day in days {
        for act in &day.acts {
            match act {
                PlannedAct::CardLost(_, official, _) => found.push((*official, day.date, end)),
                PlannedAct::CardReplaced(_, official) => {
                    if let Some(open) = found.iter_mut().rev().find(|(o, ..)| o == official) {
                        open.2 = day.date;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// A moment in office hours, early enough for a sitting to end in them: 08:30–11:00 or 13:30–15:50.
pub(super) fn office_time(chance: &mut Chance, day: NaiveDate) -> Instant {
    let minute = if chance.percent(52) { chance.between(510, 660) } else { chance.between(810, 950) };
    kernel::days::start_of(day) + Duration::seconds(minute * 60 + chance.between(0, 59))
}

const MATTERS: [&str; 6] =
    ["申請資格審查", "年度總清查", "家庭應計算人口核對", "補件複審", "申復案重審", "異動通報查證"];
const CHECKS: [&str; 6] = [
    "核對設籍情形",
    "確認同住家屬",
    "確認婚姻及撫養關係",
    "查證家庭人口變動",
    "核對親等關係",
    "確認戶內人口",
];
const TAX_CHECKS: [&str; 4] =
    ["核算家庭總收入", "核對動產及不動產", "確認所得是否逾標準", "核算平均每人收入"];

/// A reason in the manner of an office: programme, matter, case, person, what is checked.
pub(super) fn reason(
    chance: &mut Chance,
    city: &SampleCity,
    (case, citizen): (usize, usize),
    provider: Provider,
) -> String {
    let case = &city.cases[case];
    let relation = city.citizens[citizen].relation.title();
    let check = chance.pick(if provider == Provider::Tax { &TAX_CHECKS[..] } else { &CHECKS[..] });
    let matter = chance.pick(&MATTERS);
    format!("{}{matter}（案號{}），{check}，查詢對象為{relation}", case.programme.name, case.number)
}

fn retrieval(chance: &mut Chance, following: &[NaiveDate]) -> Option<Retrieval> {
    let medium = match chance.below(100) {
        0..12 => Medium::Print,
        12..16 => Medium::File,
        _ => return None,
    };
    let day = following.get(chance.below(following.len())).copied()?;
    let destroyed = chance.percent(20);
    Some(Retrieval { medium, filed_on: (!destroyed).then_some(day), destroyed_on: destroyed.then_some(day) })
}

/// Fills the days with honest sittings until the settings' number of queries is reached.
pub(super) fn fill(draft: &mut Draft<'_>) {
    let mut chance = Chance::new(draft.city.settings.seed, "honest");
    let office = Office::of(draft);
    if office.working.is_empty() {
        return;
    }
    let (mut left, mut idle) = (draft.settings.queries, 0);
    while left > 0 && idle < 10_000 {
        let made = sitting(draft, &office, &mut chance, left);
        idle = if made == 0 { idle + 1 } else { 0 };
        left -= made;
    }
}

/// One official works through some of his office's cases, one after the other: household queries, then the tax queries on
/// the same day or on a later one. Answers how many queries it made, at most `left`.
fn sitting(draft: &mut Draft<'_>, office: &Office<'_>, chance: &mut Chance, left: usize) -> usize {
    let city = office.city;
    let day = office.working[chance.below(office.working.len())];
    let agency = city.agencies[chance.weighted(&office.weights)].id;
    let (Some(users), Some(cases)) = (office.users.get(&agency), office.cases.get(&agency)) else { return 0 };
    let official = users[chance.below(users.len())];
    if !office.at_work(official, day) {
        return 0;
    }
    let later: Vec<NaiveDate> =
        office.follow_up_days(day).iter().copied().filter(|d| office.at_work(official, *d)).collect();
    let tax_day = if chance.percent(60) { day } else { later[chance.below(later.len())] };
    let Some(post) = city.officials[official].posts.first().map(|p| p.id) else { return 0 };
    let mut desk =
        Desk { official, post, household: office_time(chance, day), tax: office_time(chance, tax_day) };
    if tax_day == day {
        desk.tax = desk.household + Duration::minutes(30);
    }
    let open: Vec<usize> = cases.iter().copied().filter(|c| city.cases[*c].is_open(day)).collect();
    if open.is_empty() {
        return 0;
    }
    let chosen = (0..=chance.below(CASES)).map(|_| open[chance.below(open.len())]).collect::<BTreeSet<_>>();
    let mut made = 0;
    for case in chosen {
        if city.cases[case].is_open(tax_day) {
            made += work_on(draft, office, chance, (&mut desk, case, left - made));
        }
    }
    made
}

/// Who sits there, and until when he is busy on either of the two days.
struct Desk {
    official: usize,
    post: PostId,
    household: Instant,
    tax: Instant,
}

/// All queries of one case; answers how many it made, at most `left`.
fn work_on(
    draft: &mut Draft<'_>,
    office: &Office<'_>,
    chance: &mut Chance,
    (desk, case, left): (&mut Desk, usize, usize),
) -> usize {
    let city = office.city;
    let persons = &city.cases[case].persons;
    let count = (1 + chance.below(persons.len().min(4))).min(left.div_ceil(2));
    let session = draft.next_session();
    let mut made = 0;
    for citizen in persons.iter().copied().take(count) {
        for provider in [Provider::Tax, Provider::Household] {
            // An odd number to go ends with a tax query alone: a household query without one would be a finding.
            if made == left {
                break;
            }
            let (at, items) = match provider {
                Provider::Tax => (desk.tax, TAX_SETS[chance.below(TAX_SETS.len())]),
                Provider::Household => (desk.household, HOUSEHOLD_SETS[chance.below(HOUSEHOLD_SETS.len())]),
            };
            let query = PlannedQuery {
                number: 0,
                at,
                official: desk.official,
                post: desk.post,
                provider,
                case,
                citizen,
                items,
                reason: reason(chance, city, (case, citizen), provider),
                session,
                retrieval: retrieval(chance, office.follow_up_days(kernel::days::taipei_date(at))),
                fault: None,
                planted: None,
            };
            made += usize::from(draft.add(query));
        }
        desk.household += Duration::seconds(chance.between(70, 170));
        desk.tax += Duration::seconds(chance.between(70, 170));
    }
    made
}

/// Calendar day `days` after `day`.
pub(super) fn after(day: NaiveDate, days: u32) -> NaiveDate {
    day + Days::new(u64::from(days))
}
