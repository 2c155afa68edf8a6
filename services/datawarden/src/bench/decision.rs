//! The gate's decision in memory: a query that is granted, after every precondition was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Instant;

use account_types::events::{AccountSnapshot, AccountStatus, AgencyChanged, PersonChanged, SystemChanged};
use identity::{Endorsement, SignatureAlgorithm, SignatureForm};
use kernel::ids::{AccountId, AgencyId, CaseId, PersonId, PostId, QueryApplicationId, SystemId, UnitId};
use query_log::{Month, SealedValue};
use query_registry::domain::application::QueryApplication;
use query_registry::domain::authorization::{Asker, Request, decide};
use query_registry::domain::case::Case;
use query_registry::domain::directory::{Index, Record};
use query_registry::domain::rules::RuleBook;
use query_registry_types::applications::ApplicationState;
use rule_pack::PackSet;
use uuid::Uuid;

use super::{Figure, quantile};

const ACCOUNTS: u128 = 100_000;
const ROUNDS: usize = 100_000;

fn day() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 5, 4).unwrap_or_default()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn uuid(kind: u128, n: u128) -> Uuid {
    Uuid::from_u128((kind << 64) | n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & u128::from(u64::MAX))
}

fn index() -> anyhow::Result<Index> {
    let mut index = Index::new(RuleBook::new(PackSet::embedded()?.iter()));
    index.apply(Record::Agency(AgencyChanged {
        agency: AgencyId(uuid(3, 0)),
        name: String::new(),
        kind: "district_office".into(),
        units: vec![],
        networks: vec!["10.2.0.0/16".into()],
        revision: 1,
    }));
    let system = SystemId(uuid(7, 0));
    let (code, agency) = ("welfare-platform".to_owned(), AgencyId(uuid(3, 0)));
    index.apply(Record::System(SystemChanged { system, code, agency, active: true, revision: 1 }));
    for n in 0..ACCOUNTS {
        index.apply(Record::Account(AccountSnapshot {
            id: AccountId(uuid(5, n)),
            number: n.to_string(),
            regulation: "household".into(),
            person: PersonId(uuid(1, n)),
            post: PostId(uuid(2, n)),
            agency,
            unit: UnitId(uuid(4, 0)),
            status: AccountStatus::Active,
            permission_items: set(&["emergency-relief-management", "low-income-management", "single-window"]),
            valid_from: chrono::NaiveDate::default(),
            valid_until: None,
            opened_by: PersonId(uuid(9, 0)),
            revision: 1,
        }));
        let person = PersonChanged {
            person: PersonId(uuid(1, n)),
            in_service: true,
            posts: vec![],
            declared_subjects: BTreeSet::new(),
            cards: BTreeSet::new(),
            revision: 1,
        };
        index.apply(Record::Person(person));
    }
    Ok(index)
}

fn case() -> Case {
    Case {
        id: CaseId(uuid(6, 0)),
        number: "1".into(),
        programme: "low-income".into(),
        agency_id: AgencyId(uuid(3, 0)),
        unit_id: UnitId(uuid(4, 0)),
        opened_on: chrono::NaiveDate::default(),
        ends_on: None,
        closed_on: None,
        subjects: set(&["citizen"]),
        registered_by: String::new(),
    }
}

fn application(n: u128) -> QueryApplication {
    let now = kernel::days::at(day(), 9, 0);
    QueryApplication {
        id: QueryApplicationId(uuid(8, n)),
        register_number: String::new(),
        regulation: "household".into(),
        date: day(),
        user: PersonId(uuid(1, n)),
        post: PostId(uuid(2, n)),
        agency_id: AgencyId(uuid(3, 0)),
        unit_id: UnitId(uuid(4, 0)),
        account_id: AccountId(uuid(5, n)),
        account_number: "1".into(),
        case_id: CaseId(uuid(6, 0)),
        programme: "low-income".into(),
        legal_basis: "social-assistance-44-3".into(),
        items: set(&["basic", "household"]),
        subjects: set(&["citizen"]),
        has_reason: true,
        content: SealedValue {
            register: String::new(),
            month: Month::containing(day()),
            leaf: 0,
            value: String::new(),
        },
        digest: String::new(),
        user_endorsement: Endorsement {
            content_digest: String::new(),
            certificate: vec![],
            algorithm: SignatureAlgorithm::Es256,
            form: SignatureForm::Raw,
            signature: "seal".into(),
            signed_at: now,
        },
        state: ApplicationState::Endorsed,
        supervisor: None,
        returned: None,
        valid_until: now + chrono::Duration::days(1),
        expiry_told: false,
        marks: BTreeMap::new(),
        rule_pack: String::new(),
        created_at: now,
    }
}

/// Decisions for a thousand accounts all over the index, so that its maps are not read from a warm cache line.
pub fn measure() -> anyhow::Result<Vec<Figure>> {
    let (index, case, now) = (index()?, case(), kernel::days::at(day(), 10, 0));
    let applications: Vec<QueryApplication> = (0..1_000).map(|n| application(n * 100)).collect();
    let mut times = vec![];
    for application in applications.iter().cycle().take(ROUNDS) {
        let asker = Asker {
            person: application.user,
            post: application.post,
            agency: application.agency_id,
            system: Some(SystemId(uuid(7, 0))),
            place: Some(std::net::IpAddr::from([10, 2, 3, 4])),
            revoked: false,
        };
        let request = Request {
            asker,
            application: Some(application),
            case: Some(&case),
            subject: "citizen",
            items: None,
            delivered: &[],
            delivery_of: None,
        };
        let begun = Instant::now();
        let decided = black_box(decide(&index, black_box(&request), now));
        times.push(begun.elapsed().as_secs_f64() * 1e6);
        anyhow::ensure!(decided.is_ok(), "what is in order is granted: {decided:?}");
    }
    let p99 = quantile(&mut times, 0.99);
    Ok(vec![Figure::lower("authorisation decision, granted, 100,000 accounts, p99", p99, "µs", 5.0)])
}
