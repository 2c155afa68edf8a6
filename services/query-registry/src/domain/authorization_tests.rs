//! One broken precondition, one refusal, each code once; and never a grant with any of them broken.

use std::collections::{BTreeSet, HashSet};

use account_types::events::{AccountSnapshot, AgencyChanged, PersonChanged, SystemChanged};
use identity::{Endorsement, SignatureAlgorithm, SignatureForm};
use kernel::ids::{CaseId, QueryApplicationId, UnitId};
use proptest::prelude::*;
use query_log::SealedValue;
use rule_pack::PackSet;
use uuid::Uuid;

use super::*;
use crate::domain::directory::Record;
use crate::domain::rules::{RuleBook, THREE_YEARS};

const NOW: &str = "2026-05-04T02:00:00Z";

fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// Everything in order.
struct World {
    packs: PackSet,
    account: AccountSnapshot,
    person: PersonChanged,
    agency: AgencyChanged,
    system: SystemChanged,
    application: Option<QueryApplication>,
    case: Option<Case>,
    asker: Asker,
    subject: String,
    items: Option<BTreeSet<String>>,
    delivered: Vec<Delivered>,
    delivery_of: Option<QueryId>,
    now: Instant,
}

impl World {
    fn in_order() -> Self {
        let application = application();
        let case = Case {
            id: id(6),
            number: "115-1".into(),
            programme: "low-income".into(),
            agency_id: id(3),
            unit_id: id(4),
            opened_on: day("2026-05-01"),
            ends_on: None,
            closed_on: None,
            subjects: set(&["citizen"]),
            registered_by: "platform".into(),
        };
        Self {
            packs: PackSet::embedded().unwrap(),
            account: AccountSnapshot {
                id: id(5),
                number: "A-1".into(),
                regulation: "household".into(),
                person: id(1),
                post: id(2),
                agency: id(3),
                unit: id(4),
                status: AccountStatus::Active,
                permission_items: set(&["low-income-management"]),
                valid_from: day("2026-01-01"),
                valid_until: None,
                opened_by: id(99),
                revision: 1,
            },
            person: PersonChanged {
                person: id(1),
                in_service: true,
                posts: vec![],
                declared_subjects: BTreeSet::new(),
                cards: BTreeSet::new(),
                revision: 1,
            },
            agency: AgencyChanged {
                agency: id(3),
                name: "範例區公所".into(),
                kind: "district_office".into(),
                units: vec![(id::<UnitId>(4), "社會課".into())],
                networks: vec!["10.2.0.0/16".into()],
                revision: 1,
            },
            system: SystemChanged {
                system: id(7),
                code: "welfare-platform".into(),
                agency: id(8),
                active: true,
                revision: 1,
            },
            asker: Asker {
                person: id(1),
                post: id(2),
                agency: id(3),
                system: Some(id(7)),
                place: Some("10.2.3.4".parse().unwrap()),
                revoked: false,
            },
            application: Some(application),
            case: Some(case),
            subject: "citizen".into(),
            items: None,
            delivered: vec![],
            delivery_of: None,
            now: NOW.parse().unwrap(),
        }
    }

    fn decide(&self) -> Result<Grant, Refusal> {
        let mut index = Index::new(RuleBook::new(self.packs.iter()));
        index.apply(Record::Account(self.account.clone()));
        index.apply(Record::Person(self.person.clone()));
        index.apply(Record::Agency(self.agency.clone()));
        index.apply(Record::System(self.system.clone()));
        let request = Request {
            asker: self.asker,
            application: self.application.as_ref(),
            case: self.case.as_ref(),
            subject: &self.subject,
            items: self.items.as_ref(),
            delivered: &self.delivered,
            delivery_of: self.delivery_of,
        };
        decide(&index, &request, self.now)
    }

    fn application(&mut self) -> &mut QueryApplication {
        self.application.as_mut().unwrap()
    }

    fn case(&mut self) -> &mut Case {
        self.case.as_mut().unwrap()
    }

    fn change_pack(&mut self, change: impl Fn(&mut rule_pack::RulePack)) {
        // A changed pack has to pass through text: a set takes nothing else.
        let texts = self.packs.iter().map(|pack| {
            let mut pack = (**pack).clone();
            if pack.id == "household-2017" {
                change(&mut pack);
            }
            (pack.id.clone(), toml::to_string(&pack).unwrap())
        });
        self.packs = PackSet::from_texts(texts.collect::<Vec<_>>()).unwrap();
    }
}

pub(crate) fn application() -> QueryApplication {
    QueryApplication {
        id: id::<QueryApplicationId>(9),
        register_number: "H115-0000001".into(),
        regulation: "household".into(),
        date: day("2026-05-04"),
        user: id(1),
        post: id(2),
        agency_id: id(3),
        unit_id: id(4),
        account_id: id(5),
        account_number: "A-1".into(),
        case_id: id::<CaseId>(6),
        programme: "low-income".into(),
        legal_basis: "social-assistance-44-3".into(),
        items: set(&["basic", "household"]),
        subjects: set(&["citizen"]),
        has_reason: true,
        content: SealedValue {
            register: String::new(),
            month: "2026-05".parse().unwrap(),
            leaf: 0,
            value: String::new(),
        },
        digest: String::new(),
        user_endorsement: Endorsement {
            content_digest: String::new(),
            certificate: vec![],
            algorithm: SignatureAlgorithm::Es256,
            form: SignatureForm::Raw,
            signature: "c2VhbA==".into(),
            signed_at: NOW.parse().unwrap(),
        },
        state: ApplicationState::Endorsed,
        supervisor: None,
        returned: None,
        valid_until: "2026-05-05T16:00:00Z".parse().unwrap(),
        expiry_told: false,
        marks: BTreeMap::new(),
        rule_pack: String::new(),
        created_at: NOW.parse().unwrap(),
    }
}

fn settled(query: u128, delivery: i16) -> Delivered {
    Delivered { query: id(query), delivery, settled: true }
}

type Breaker = fn(&mut World);

/// Each rule, broken alone. Several may break in one way; every refusal stands here at least once.
const BROKEN: &[(Refusal, Breaker)] = &[
    (Refusal::SystemNotRegistered, |w| w.asker.system = None),
    (Refusal::SystemNotRegistered, |w| w.system.active = false),
    (Refusal::SystemNotRegistered, |w| w.system.code = "some-console".into()),
    (Refusal::OutsideOfficeNetwork, |w| w.asker.place = Some("10.3.0.1".parse().unwrap())),
    (Refusal::OutsideOfficeNetwork, |w| w.asker.place = None),
    (Refusal::ApplicationUnknown, |w| w.application = None),
    (Refusal::ApplicationUnknown, |w| w.application().user = id(77)),
    (Refusal::ApplicationUnknown, |w| w.delivery_of = Some(id(55))),
    (Refusal::NotAtGate, |w| w.application().regulation = "immigration".into()),
    (Refusal::NoAccount, |w| w.account.person = id(77)),
    (Refusal::NoAccount, |w| w.account.post = id(77)),
    (Refusal::NoAccount, |w| w.account.regulation = "tax".into()),
    (Refusal::AccountNotActive, |w| w.account.status = AccountStatus::Suspended),
    (Refusal::AccountNotActive, |w| w.account.status = AccountStatus::Stopped),
    (Refusal::AccountNotActive, |w| w.account.valid_from = day("2026-05-05")),
    (Refusal::AccountNotActive, |w| w.account.valid_until = Some(day("2026-05-03"))),
    (Refusal::AccountNotActive, |w| w.person.in_service = false),
    (Refusal::RightRevoked, |w| w.asker.revoked = true),
    (Refusal::PermissionMissing, |w| w.account.permission_items = set(&["calendar"])),
    (Refusal::PermissionMissing, |w| w.case().programme = "childcare".into()),
    (Refusal::ApplicationIncomplete, |w| w.application().items.clear()),
    (Refusal::ApplicationIncomplete, |w| w.application().user_endorsement.signature.clear()),
    (Refusal::ReasonMissing, |w| w.application().has_reason = false),
    (Refusal::ApplicationNotEndorsed, |w| w.application().state = ApplicationState::Submitted),
    (Refusal::ApplicationNotEndorsed, |w| w.application().state = ApplicationState::Returned),
    (Refusal::ApplicationExpired, |w| w.now = "2026-05-05T16:00:00Z".parse().unwrap()),
    (Refusal::ApplicationExpired, |w| w.now = "2026-05-03T02:00:00Z".parse().unwrap()),
    (Refusal::LegalBasisNotInForce, |w| w.application().legal_basis = "household-data-rules-9".into()),
    (Refusal::LegalBasisNotInForce, |w| w.application().legal_basis = "children-youth-70".into()),
    (Refusal::CaseClosed, |w| w.case().closed_on = Some(day("2026-05-04"))),
    (Refusal::CaseClosed, |w| w.case().ends_on = Some(day("2026-05-03"))),
    (Refusal::OutsideCase, |w| w.case = None),
    (Refusal::OutsideCase, |w| w.case().agency_id = id(77)),
    (Refusal::OutsideCase, |w| w.case().subjects = set(&["somebody"])),
    (Refusal::PersonNotCovered, |w| w.subject = "somebody".into()),
    (Refusal::ItemsNotCovered, |w| w.items = Some(set(&["basic", "kinship"]))),
    (Refusal::ItemsNotCovered, |w| w.items = Some(BTreeSet::new())),
    (Refusal::AlreadyAnswered, |w| w.delivered = vec![settled(50, 1)]),
    (Refusal::AlreadyAnswered, |w| {
        w.delivered = vec![settled(50, 1)];
        w.delivery_of = Some(id(51));
    }),
    (Refusal::AlreadyAnswered, |w| {
        w.delivered = vec![Delivered { settled: false, ..settled(50, 1) }];
        w.delivery_of = Some(id(50));
    }),
    (Refusal::DeliveriesUsedUp, |w| {
        w.delivered = vec![settled(50, 1), settled(51, 2)];
        w.delivery_of = Some(id(51));
    }),
];

#[test]
fn what_is_in_order_is_granted_with_the_approved_fields_alone() {
    let grant = World::in_order().decide().unwrap();
    assert_eq!(grant.account_number, "A-1");
    assert_eq!((grant.delivery, grant.log), (1, THREE_YEARS));
    assert!(
        grant.fields.contains(&"name".to_owned()) && grant.fields.contains(&"household_number".to_owned())
    );
    assert!(!grant.fields.contains(&"father".to_owned()), "kinship was not asked");
    assert!(grant.marks.is_empty());
    let mut fewer = World::in_order();
    fewer.items = Some(set(&["basic"]));
    assert!(!fewer.decide().unwrap().fields.contains(&"household_number".to_owned()));
}

#[test]
fn each_broken_rule_has_its_refusal_and_each_refusal_its_rule() {
    for (number, (refusal, broken)) in BROKEN.iter().enumerate() {
        let mut world = World::in_order();
        broken(&mut world);
        assert_eq!(world.decide().err(), Some(*refusal), "row {number}");
    }
    let seen: HashSet<Refusal> = BROKEN.iter().map(|(refusal, _)| *refusal).collect();
    // What two persons approve is looked at after the decision, where digests are known: `Registry::check_approved`.
    assert_eq!(seen.len(), Refusal::ALL.len() - 1);
}

#[test]
fn after_a_broken_connection_it_is_delivered_once_more_and_marked() {
    let mut world = World::in_order();
    world.delivered = vec![settled(50, 1)];
    world.delivery_of = Some(id(50));
    let grant = world.decide().unwrap();
    assert_eq!((grant.delivery, grant.marks["second-delivery"]), (2, 2));
}

#[test]
fn another_pack_may_mark_what_this_one_refuses() {
    let mut world = World::in_order();
    world.case().subjects = set(&["somebody"]);
    world.account.permission_items = set(&["calendar"]);
    world.change_pack(|pack| {
        pack.query.person_outside_case = rule_pack::OutsideCase::Flag;
        pack.query.programme_not_permitted = rule_pack::OutsideCase::Flag;
    });
    let marks = world.decide().unwrap().marks;
    assert_eq!(marks.keys().collect::<Vec<_>>(), ["other-programme", "outside-case"]);
}

proptest! {
    #[test]
    fn nothing_is_granted_while_any_precondition_is_broken(
        rows in proptest::collection::btree_set(0..BROKEN.len(), 1..6)
    ) {
        let mut world = World::in_order();
        // Rows that need a value which an earlier row took away are no further breach.
        for (_, broken) in rows.iter().filter_map(|row| BROKEN.get(*row)) {
            let intact = world.application.is_some() && world.case.is_some();
            if intact {
                broken(&mut world);
            }
        }
        // A later row may repair what an earlier one of the same field broke only into another breach.
        prop_assert!(world.decide().is_err());
    }
}
