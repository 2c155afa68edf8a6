//! Who is there: an office with a user and his supervisor, the bureau, the IT centre; and what stands about them in the
//! account service on its first day.

use std::collections::BTreeSet;

use account_types::governed::CardBinding;
use account_types::master_data::{
    AccountRecord, AgencyKind, AgencyRecord, BootstrapContent, MasterData, PersonRecord, PostRecord,
    SystemRecord, UnitRecord,
};
use identity::{
    AccessGrant, CardHolder, CardSigner as _, Credential, DevPki, Endorsement, PrincipalKind, Role, SoftCard,
    TokenIssuer, TrustAnchors,
};
use kernel::ids::{AccountId, AgencyId, PersonId, PostId, SystemId, UnitId};
use kernel::{Clock as _, NationalId, Personal, Random, SystemClock, SystemRandom};
use uuid::Uuid;

pub const OFFICE: &str = "10.2.3.4";
pub const AUDIENCE: &str = "datawarden";
pub const ISSUER: &str = "https://account.test";

pub fn id<T: From<Uuid>>(name: &str) -> T {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).into()
}

/// Never the same twice.
pub fn nonce() -> String {
    let random: &dyn Random = &SystemRandom;
    random.id::<Uuid>(SystemClock.now()).to_string()
}

/// An official.
pub struct Person {
    pub id: PersonId,
    pub post: PostId,
    pub agency: AgencyId,
    pub unit: UnitId,
    pub card: SoftCard,
    name: &'static str,
    roles: BTreeSet<Role>,
}

/// Everybody.
pub struct People {
    pub user: Person,
    pub supervisor: Person,
    pub operator: Person,
    pub auditor: Person,
    administrators: [Person; 2],
    pub platform: Credential,
    issuer: TokenIssuer,
}

impl People {
    pub fn of(pki: &DevPki, account: Credential) -> Self {
        let person = |name, agency: &str, roles: &[Role]| Person {
            id: id(&format!("person/{name}")),
            post: id(&format!("post/{name}")),
            agency: id(&format!("agency/{agency}")),
            unit: id(&format!("unit/{agency}")),
            card: card(pki, name),
            name,
            roles: roles.iter().copied().collect(),
        };
        Self {
            user: person("user", "office", &[Role::User]),
            supervisor: person("supervisor", "office", &[Role::ResponsibleSupervisor]),
            operator: person("operator", "centre", &[Role::ItCentre]),
            auditor: person("auditor", "bureau", &[Role::Auditor]),
            administrators: [
                person("administrator-1", "bureau", &[Role::Administrator, Role::ItUnit]),
                person("administrator-2", "bureau", &[Role::Administrator]),
            ],
            platform: pki.issue_agency("社福平台", "2.16.886.101.90001.20001", SystemClock.now()).unwrap(),
            issuer: TokenIssuer::new(account, ISSUER).unwrap(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Person> {
        [&self.user, &self.supervisor, &self.operator, &self.auditor].into_iter().chain(&self.administrators)
    }

    /// An official of the IT unit.
    pub fn it(&self) -> &Person {
        &self.administrators[0]
    }

    pub fn account() -> AccountId {
        id("account/user")
    }

    pub fn system() -> SystemId {
        id("system/platform")
    }

    /// An access token of `person`, working in his office through the platform.
    pub fn token(&self, person: &Person) -> String {
        let grant = AccessGrant {
            kind: PrincipalKind::Person { person: person.id, post: person.post },
            subject: person.id.to_string(),
            client_id: "test".into(),
            token_id: nonce(),
            as_of: 0,
            name: None,
            agency: Some(person.agency),
            oversees: person.agency == id("agency/bureau"),
            provides: BTreeSet::new(),
            unit: Some(person.unit),
            roles: person.roles.clone(),
            system: Some(Self::system()),
            place: OFFICE.parse().ok(),
            acting_for: None,
            emergency: None,
            cnf: None,
            session: None,
        };
        self.issuer.issue(&grant, &[AUDIENCE], SystemClock.now(), chrono::Duration::minutes(10)).unwrap()
    }

    pub fn master_data(&self, anchors: &TrustAnchors) -> MasterData {
        let agency = |name: &str, kind, networks: &[&str]| AgencyRecord {
            id: id(&format!("agency/{name}")),
            name: name.to_owned(),
            kind,
            parent: None,
            units: vec![UnitRecord { id: id(&format!("unit/{name}")), name: "課".into() }],
            networks: networks.iter().map(|n| (*n).to_owned()).collect(),
            certificates: BTreeSet::new(),
            provides: BTreeSet::new(),
        };
        MasterData {
            administrators: [self.administrators[0].id, self.administrators[1].id],
            agencies: vec![
                agency("bureau", AgencyKind::Bureau, &[]),
                agency("office", AgencyKind::DistrictOffice, &["10.2.0.0/16"]),
                agency("centre", AgencyKind::ItCentre, &[]),
            ],
            systems: vec![SystemRecord {
                id: Self::system(),
                code: "welfare-platform".into(),
                name: "社福平台".into(),
                agency: self.user.agency,
                thumbprint: Some(self.platform.thumbprint()),
                attests_place: true,
                origins: BTreeSet::new(),
            }],
            people: self.all().enumerate().map(|(n, person)| record(n, person, anchors)).collect(),
            accounts: vec![AccountRecord {
                id: Self::account(),
                number: "H-0001".into(),
                regulation: "household".into(),
                person: self.user.id,
                post: self.user.post,
                items: ["low-income-management".to_owned()].into(),
                valid_from: "2026-01-01".parse().unwrap(),
                valid_until: None,
                opened_by: self.administrators[0].id,
                granted_by: None,
            }],
            links: vec![],
            custodians: BTreeSet::new(),
            configuration: vec![],
        }
    }

    /// Both administrators' signatures for the first start.
    pub fn sign_start(&self, data: &MasterData) -> [Endorsement; 2] {
        let content = BootstrapContent::new(data.digest().unwrap());
        [0, 1].map(|n| Endorsement::sign(&self.administrators[n].card, &content, SystemClock.now()).unwrap())
    }
}

fn card(pki: &DevPki, name: &str) -> SoftCard {
    let serial = format!("{:016}", id::<Uuid>(name).as_u128() % 10_000_000_000_000_000);
    let holder = CardHolder { name, serial_number: &serial, last_four: "0001" };
    SoftCard::new(pki.issue_card(holder, SystemClock.now()).unwrap())
}

fn record(number: usize, person: &Person, anchors: &TrustAnchors) -> PersonRecord {
    let now = SystemClock.now();
    let card =
        identity::verify_chain(person.card.chain_der(), anchors, now, identity::Usage::CitizenSignature)
            .unwrap();
    let national_id = NationalId::sample('A', 9_000_000 + u32::try_from(number).unwrap()).unwrap();
    PersonRecord {
        id: person.id,
        staff_number: format!("S{number:04}"),
        name: Personal::new(person.name.to_owned()),
        national_id: Personal::new(national_id.expose().to_owned()),
        posts: vec![PostRecord {
            id: person.post,
            agency: person.agency,
            unit: person.unit,
            title: "科員".into(),
            roles: person.roles.iter().map(ToString::to_string).collect(),
            from: "2026-01-01".parse().unwrap(),
            until: None,
        }],
        cards: vec![CardBinding {
            issuer_key_id: card.issuer_key_id,
            certificate_serial: card.certificate_serial,
            thumbprint: card.thumbprint_sha256,
        }],
        declared_relatives: vec![],
    }
}
