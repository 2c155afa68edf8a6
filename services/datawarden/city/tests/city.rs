//! What a sample city and a year in it must hold.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use chrono::{NaiveDate, Timelike as _};
use kernel::{NationalId, WorkingCalendar};
use sample_city::{
    AgencyKind, CitySettings, DISTRICTS, Fault, HOUSEHOLD_ITEMS, Misbehaviour, PROGRAMMES, PlanSettings,
    PlannedAct, PlannedQuery, Provider, ROLES, SampleCity, TAX_ITEMS, YearPlan,
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar() -> WorkingCalendar {
    WorkingCalendar::from_toml("holidays = ['2026-01-01', '2026-02-16', '2026-02-17', '2026-02-18']").unwrap()
}

static CITY: LazyLock<SampleCity> =
    LazyLock::new(|| SampleCity::generate(CitySettings::new(7, day("2026-01-01"))).unwrap());
const QUERIES: usize = 40_000;
static PLAN: LazyLock<YearPlan> = LazyLock::new(|| {
    let settings = PlanSettings { start: day("2026-01-01"), end: day("2027-01-01"), queries: QUERIES };
    YearPlan::build(&CITY, &calendar(), settings)
});

fn planted(id: &str) -> impl Iterator<Item = &'static PlannedQuery> + '_ {
    PLAN.queries().filter(move |q| q.planted.as_deref() == Some(id))
}

fn small(seed: u64) -> SampleCity {
    let settings = CitySettings { citizens: 6_000, cases: 900, ..CitySettings::new(seed, day("2026-01-01")) };
    SampleCity::generate(settings).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_city_and_plan_and_another_seed_another() {
    let settings = PlanSettings { start: day("2026-01-01"), end: day("2026-03-01"), queries: 500 };
    let [a, b, c] = [small(1), small(1), small(2)];
    assert_eq!(a.digest(), b.digest());
    assert_ne!(a.digest(), c.digest());
    let [a, b, c] = [a, b, c].map(|city| YearPlan::build(&city, &calendar(), settings).digest());
    assert_eq!(a, b);
    assert_ne!(a, c);
}

#[test]
fn there_are_38_district_offices_with_every_post_that_the_rules_need() {
    let names: HashSet<&str> = DISTRICTS.iter().map(|d| d.name).collect();
    assert_eq!(names.len(), 38);
    let offices: Vec<_> = CITY.agencies.iter().filter(|a| a.kind == AgencyKind::DistrictOffice).collect();
    assert_eq!(offices.len(), 38);
    for office in offices {
        for role in
            ["agency_head", "unit_supervisor", "responsible_supervisor", "designated_officer", "auditor"]
        {
            assert_eq!(CITY.holders(office.id, role).count(), 1, "{role} in {}", office.code);
        }
        assert!(CITY.holders(office.id, "user").count() >= 6, "{}", office.code);
        let networks: HashSet<_> = CITY.agencies.iter().flat_map(|a| &a.networks).map(|n| n.base).collect();
        assert_eq!(networks.len(), CITY.agencies.iter().map(|a| a.networks.len()).sum::<usize>());
    }
}

#[test]
fn there_are_400_officials_50_000_citizens_and_enough_cases_with_unique_ids() {
    assert_eq!(CITY.officials.len(), 400);
    assert_eq!(CITY.citizens.len(), 50_000);
    assert!(CITY.cases.len() >= 8_500);
    let people: HashSet<_> = CITY.officials.iter().map(|o| o.national_id.expose()).collect();
    assert_eq!(people.len(), 400);
    assert_eq!(CITY.officials.iter().map(|o| &o.card_serial).collect::<HashSet<_>>().len(), 400);
    assert_eq!(CITY.citizens.iter().map(|c| c.national_id.expose()).collect::<HashSet<_>>().len(), 50_000);
    assert_eq!(CITY.cases.iter().map(|c| c.id).collect::<HashSet<_>>().len(), CITY.cases.len());
    let posts: Vec<_> = CITY.officials.iter().flat_map(|o| &o.posts).collect();
    assert_eq!(posts.iter().map(|p| p.id).collect::<HashSet<_>>().len(), posts.len());
    assert!(posts.len() > 400, "some hold several posts");
    let held: HashSet<&str> = posts.iter().flat_map(|p| p.roles).copied().collect();
    assert_eq!(held, ROLES.into_iter().collect());
}

#[test]
fn every_id_is_a_sample_id_and_nothing_else() {
    let ids =
        CITY.officials.iter().map(|o| &o.national_id).chain(CITY.citizens.iter().map(|c| &c.national_id));
    for id in ids {
        assert_eq!(NationalId::parse(id.expose(), true).as_ref(), Ok(id));
        assert!(NationalId::parse(id.expose(), false).is_err());
    }
}

#[test]
fn officials_sit_in_their_agencies_networks_and_units() {
    for official in &CITY.officials {
        for post in &official.posts {
            let agency = CITY.agency(post.agency).unwrap();
            assert!(agency.units.iter().any(|u| u.id == post.unit));
        }
        let agency = CITY.agency(official.posts[0].agency).unwrap();
        assert!(agency.networks.iter().any(|n| n.contains(official.workstation)), "{}", official.login);
        assert!(official.email.ends_with(".example"));
    }
}

#[test]
fn households_hold_together() {
    for (i, household) in CITY.households.iter().enumerate() {
        assert!(household.members.iter().all(|m| CITY.citizens[*m].household == i));
    }
    for (i, citizen) in CITY.citizens.iter().enumerate() {
        assert!(CITY.households[citizen.household].members.contains(&i));
        assert_eq!(CITY.citizen_index(citizen.national_id.expose()), Some(i));
        if let Some(spouse) = citizen.spouse {
            assert_eq!(CITY.citizens[spouse].spouse, Some(i));
        }
    }
    assert!(CITY.citizens.iter().filter(|c| c.foreign_spouse.is_some()).count() > 100);
    assert!(PROGRAMMES.iter().all(|p| CITY.cases.iter().any(|c| c.programme.code == p.code)));
}

#[test]
fn the_year_has_the_asked_number_of_honest_queries_in_office_hours_on_working_days() {
    let honest: Vec<_> = PLAN.queries().filter(|q| q.planted.is_none()).collect();
    assert_eq!(honest.len(), QUERIES);
    let calendar = calendar();
    for query in honest {
        let at = kernel::days::in_taipei(query.at);
        assert!(calendar.is_working_day(at.date_naive()));
        assert!((8..=17).contains(&at.hour()), "{at}");
        let case = &CITY.cases[query.case];
        assert!(case.persons.contains(&query.citizen) && case.is_open(at.date_naive()));
        let official = &CITY.officials[query.official];
        assert!(official.posts.iter().any(|p| p.id == query.post && p.agency == case.agency));
        let known: &[&str] = if query.provider == Provider::Tax { &TAX_ITEMS } else { &HOUSEHOLD_ITEMS };
        assert!(query.items.iter().all(|i| known.contains(i)));
    }
    assert!(PLAN.queries().enumerate().all(|(i, q)| q.number == i));
    assert!(PLAN.queries().zip(PLAN.queries().skip(1)).all(|(a, b)| a.at <= b.at));
    let kept: Vec<_> = PLAN.queries().filter_map(|q| q.retrieval).collect();
    assert!(kept.len() > QUERIES / 20);
    assert!(kept.iter().all(|r| r.filed_on.is_some() != r.destroyed_on.is_some()));
}

#[test]
fn every_honest_household_query_is_followed_by_a_tax_query_within_seven_days() {
    let mut tax: HashMap<(usize, usize, usize), Vec<kernel::Instant>> = HashMap::new();
    for query in PLAN.queries().filter(|q| q.provider == Provider::Tax) {
        tax.entry((query.official, query.case, query.citizen)).or_default().push(query.at);
    }
    let followed = |q: &PlannedQuery| {
        tax.get(&(q.official, q.case, q.citizen))
            .is_some_and(|at| at.iter().any(|t| *t >= q.at && *t <= q.at + chrono::Duration::days(7)))
    };
    let household = |q: &&PlannedQuery| q.provider == Provider::Household;
    assert!(PLAN.queries().filter(household).filter(|q| q.planted.is_none()).all(followed));
    assert_eq!(planted("no-tax").filter(|q| !followed(q)).count(), 3);
}

#[test]
fn nobody_queries_honestly_after_his_duties_changed() {
    assert!(PLAN.changes.len() >= 20);
    let gone: HashMap<usize, NaiveDate> = PLAN.changes.iter().map(|c| (c.official, c.effective)).collect();
    for query in PLAN.queries().filter(|q| q.planted.is_none()) {
        let date = kernel::days::taipei_date(query.at);
        assert!(gone.get(&query.official).is_none_or(|g| date < *g));
    }
    let file = sample_city::personnel_csv(&CITY, &PLAN.changes);
    assert_eq!(file.lines().count(), PLAN.changes.len() + 1);
    let told: usize = PLAN.days.iter().map(|d| d.reported_changes.len()).sum();
    assert_eq!(told, PLAN.changes.len());
}

#[test]
fn no_planted_item_is_missing_from_the_year() {
    let queries: HashMap<&str, usize> =
        PLAN.queries().filter_map(|q| q.planted.as_deref()).fold(HashMap::new(), |mut all, id| {
            *all.entry(id).or_default() += 1;
            all
        });
    let settings = PLAN.settings;
    let log = sample_city::immigration_log(&CITY, &calendar(), settings);
    for item in &CITY.planted {
        let made = queries.get(item.id.as_str()).copied().unwrap_or_default();
        let acts = PLAN.acts().filter(|a| a.planted() == item.id).count();
        let lines = log.iter().filter(|r| r.planted.as_ref() == Some(&item.id)).count();
        let n = |count: &u32| usize::try_from(*count).unwrap();
        match &item.act {
            Misbehaviour::LostCardUsed { attempts, .. } => assert_eq!((made, acts), (n(attempts), 2)),
            Misbehaviour::TransferredStillQuerying { queries, .. }
            | Misbehaviour::NightQueries { queries, .. }
            | Misbehaviour::OwnRelatives { queries }
            | Misbehaviour::SequentialIds { queries }
            | Misbehaviour::CopiedReasons { queries, .. } => assert_eq!(made, 2 * n(queries), "{}", item.id),
            Misbehaviour::MissingTaxFollowup { queries } | Misbehaviour::PersonOutsideCase { queries } => {
                assert_eq!(made, n(queries), "{}", item.id);
            }
            Misbehaviour::ReportEndorsedLate { .. } | Misbehaviour::EditedLogRow => assert_eq!(acts, 1),
            Misbehaviour::ProviderCallPastGate { calls, .. } => assert_eq!(acts, n(calls)),
            Misbehaviour::OpenIntent => assert_eq!(made, 1),
            Misbehaviour::NeverAuthorisedAttempt { attempts } => assert_eq!(made, n(attempts)),
            Misbehaviour::ImmigrationNotApproved { queries }
            | Misbehaviour::ImmigrationItemNotApproved { queries, .. }
            | Misbehaviour::ImmigrationFrequency { queries } => assert_eq!(lines, n(queries), "{}", item.id),
        }
    }
    assert_eq!(CITY.planted.iter().map(|p| &p.id).collect::<HashSet<_>>().len(), CITY.planted.len());
}

#[test]
fn planted_queries_are_what_they_claim_to_be() {
    let serial =
        |q: &PlannedQuery| CITY.citizens[q.citizen].national_id.expose()[1..9].parse::<u32>().unwrap();
    let run: Vec<u32> =
        planted("sequence").filter(|q| q.provider == Provider::Household).map(serial).collect();
    assert!(run.windows(2).all(|w| w[1] == w[0] + 1), "{run:?}");
    for query in planted("own-family") {
        assert!(CITY.relatives(&CITY.officials[query.official]).contains(&query.citizen));
    }
    for query in planted("outside-case") {
        assert!(!CITY.cases[query.case].persons.contains(&query.citizen));
    }
    for query in planted("night") {
        assert!((2..3).contains(&kernel::days::taipei_hour(query.at)));
    }
    assert_eq!(planted("copied").map(|q| q.reason.as_str()).collect::<HashSet<_>>().len(), 1);
    assert!(planted("open-intent").all(|q| q.fault == Some(Fault::DiesAfterIntent)));
    let (lost, who) = PLAN
        .acts()
        .find_map(|a| match a {
            PlannedAct::CardLost(_, who, at) => Some((*at, *who)),
            _ => None,
        })
        .unwrap();
    assert!(planted("lost-card").all(|q| q.at > lost && q.official == who));
    let moved = PLAN.changes.iter().find(|c| c.planted.is_some()).unwrap();
    assert!(planted("transferred").all(|q| kernel::days::taipei_date(q.at) >= moved.effective));
}

#[test]
fn honest_queries_look_like_none_of_the_planted_ones() {
    let officials: HashMap<usize, Vec<usize>> =
        CITY.officials.iter().enumerate().map(|(i, o)| (i, CITY.relatives(o))).collect();
    let mut reasons: HashMap<&str, usize> = HashMap::new();
    let mut last: HashMap<usize, u32> = HashMap::new();
    for query in PLAN.queries().filter(|q| q.planted.is_none()) {
        assert!(!officials[&query.official].contains(&query.citizen));
        *reasons.entry(&query.reason).or_default() += 1;
        let serial = CITY.citizens[query.citizen].national_id.expose()[1..9].parse::<u32>().unwrap();
        let before = last.insert(query.official, serial);
        assert_ne!(before.map(|b| b + 1), Some(serial), "two ids in sequence by chance");
    }
    assert!(reasons.values().all(|n| *n <= 8), "a reason names its case: it repeats within one alone");
}

#[test]
fn exports_have_one_line_per_row_and_a_header() {
    let office = CITY.agency_by_code("fengshan").unwrap();
    let log = sample_city::immigration_log(&CITY, &calendar(), PLAN.settings);
    let rows: Vec<_> = log.iter().filter(|r| r.agency == office.id).collect();
    let csv = sample_city::immigration_csv(&CITY, rows.iter().copied());
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(csv.starts_with("查詢時間,使用機關,帳號"));
    let busy = PLAN.days.iter().max_by_key(|d| d.queries.len()).unwrap();
    let all: usize =
        CITY.agencies.iter().map(|a| sample_city::platform_report(&CITY, busy, a.id).len()).sum();
    assert_eq!(all, busy.queries.len());
    let permitted = sample_city::immigration_permissions(&CITY);
    let logins: HashSet<&str> = permitted.iter().map(|p| CITY.officials[p.official].login.as_str()).collect();
    let strangers: Vec<_> = log.iter().filter(|r| !logins.contains(r.account.as_str())).collect();
    assert!(!strangers.is_empty());
    assert!(strangers.iter().all(|r| r.planted.as_deref() == Some("immigration-stranger")));
}
