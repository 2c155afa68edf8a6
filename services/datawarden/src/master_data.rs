//! The sample city as master data: what stands on the day the suite is switched on.

use std::collections::{BTreeMap, BTreeSet};

use account_types::governed::CardBinding;
use account_types::master_data::{
    AccountRecord, AgencyKind, AgencyRecord, LinkRecord, MasterData, PersonRecord, PostRecord, SystemRecord,
    UnitRecord,
};
use anyhow::Context as _;
use identity::{CardSigner as _, Credential, SoftCard, TrustAnchors, Usage, verify_chain};
use kernel::configuration::ConfigurationItem;
use kernel::ids::{AccountId, PersonId};
use kernel::{Instant, Personal};
use rule_pack::{PackSet, Regulation, RulePack};
use sample_city::{Official, SampleCity};
use uuid::Uuid;

/// Namespace of ids that are made here.
const NAMESPACE: Uuid = Uuid::NAMESPACE_OID;

/// The id of the account of `person` under `regulation`.
pub fn account_id(person: PersonId, regulation: Regulation) -> AccountId {
    Uuid::new_v5(&NAMESPACE, format!("account/{person}/{}", regulation.as_str()).as_bytes()).into()
}

/// Master data of `city` with these cards, as of `now`; `configuration` is what the services run on.
pub fn master_data(
    city: &SampleCity,
    cards: &BTreeMap<PersonId, SoftCard>,
    platform: &Credential,
    packs: &PackSet,
    anchors: &TrustAnchors,
    configuration: Vec<ConfigurationItem>,
    now: Instant,
) -> anyhow::Result<MasterData> {
    let people = city
        .officials
        .iter()
        .map(|official| person(city, official, cards, anchors, now))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let administrators: Vec<PersonId> = city
        .officials
        .iter()
        .filter(|o| o.posts.iter().any(|p| p.roles.contains(&"administrator")))
        .map(|o| o.id)
        .take(2)
        .collect();
    let administrators = <[PersonId; 2]>::try_from(administrators)
        .map_err(|_| anyhow::anyhow!("the city has too few administrators"))?;
    Ok(MasterData {
        administrators,
        agencies: city.agencies.iter().map(agency).collect(),
        systems: city.systems.iter().filter(|s| s.asks_gate).map(|s| system(s, platform)).collect(),
        people,
        accounts: accounts(city, packs, now)?,
        links: links(city),
        custodians: custodians(city),
        configuration,
    })
}

/// Three heads of agencies, none of them an administrator, may break the glass.
fn custodians(city: &SampleCity) -> BTreeSet<PersonId> {
    let has = |official: &Official, role: &str| official.posts.iter().any(|p| p.roles.contains(&role));
    let heads = city.officials.iter().filter(|o| has(o, "agency_head") && !has(o, "administrator"));
    heads.map(|o| o.id).take(3).collect()
}

fn agency(agency: &sample_city::Agency) -> AgencyRecord {
    use sample_city::AgencyKind as Kind;
    AgencyRecord {
        id: agency.id,
        name: agency.name.clone(),
        kind: match agency.kind {
            Kind::Bureau => AgencyKind::Bureau,
            Kind::Subordinate => AgencyKind::WelfareCentre,
            Kind::DistrictOffice => AgencyKind::DistrictOffice,
            Kind::Provider => AgencyKind::Provider,
            Kind::ItCentre => AgencyKind::ItCentre,
        },
        parent: agency.parent,
        units: agency.units.iter().map(|u| UnitRecord { id: u.id, name: u.name.to_owned() }).collect(),
        networks: agency.networks.iter().map(ToString::to_string).collect(),
        certificates: BTreeSet::new(),
        provides: agency.provides().map(str::to_owned).into_iter().collect(),
    }
}

fn system(system: &sample_city::System, platform: &Credential) -> SystemRecord {
    SystemRecord {
        id: system.id,
        code: system.code.to_owned(),
        name: system.name.to_owned(),
        agency: system.agency,
        thumbprint: Some(platform.thumbprint()),
        attests_place: true,
        origins: BTreeSet::new(),
    }
}

fn person(
    city: &SampleCity,
    official: &Official,
    cards: &BTreeMap<PersonId, SoftCard>,
    anchors: &TrustAnchors,
    now: Instant,
) -> anyhow::Result<PersonRecord> {
    let card = cards.get(&official.id).context("an official without a card")?;
    let relatives = city.relatives(official);
    Ok(PersonRecord {
        id: official.id,
        staff_number: official.login.clone(),
        name: Personal::new(official.name.clone()),
        national_id: Personal::new(official.national_id.expose().to_owned()),
        posts: official
            .posts
            .iter()
            .map(|post| PostRecord {
                id: post.id,
                agency: post.agency,
                unit: post.unit,
                title: post.title.to_owned(),
                roles: post.roles.iter().map(|r| (*r).to_owned()).collect(),
                from: official.appointed,
                until: None,
            })
            .collect(),
        cards: vec![binding(card, anchors, now)?],
        declared_relatives: relatives
            .into_iter()
            .filter_map(|i| city.citizens.get(i))
            .map(|c| Personal::new(c.national_id.expose().to_owned()))
            .collect(),
    })
}

/// How the account service knows a card.
pub fn binding(card: &SoftCard, anchors: &TrustAnchors, now: Instant) -> anyhow::Result<CardBinding> {
    let identity = verify_chain(card.chain_der(), anchors, now, Usage::CitizenSignature)?;
    Ok(CardBinding {
        issuer_key_id: identity.issuer_key_id,
        certificate_serial: identity.certificate_serial,
        thumbprint: identity.thumbprint_sha256,
    })
}

/// The accounts that stand: for each user both kinds of data, for some the immigration agency's system.
pub fn accounts(city: &SampleCity, packs: &PackSet, now: Instant) -> anyhow::Result<Vec<AccountRecord>> {
    let today = kernel::days::taipei_date(now);
    let pack = |regulation| packs.on(regulation, today).with_context(|| format!("no pack for {regulation}"));
    let opened_by = city
        .officials
        .iter()
        .find(|o| o.posts.iter().any(|p| p.roles.contains(&"it_unit")))
        .map(|o| o.id)
        .context("nobody in the IT unit")?;
    let account = |official: &Official, regulation: Regulation, items: BTreeSet<String>| {
        let post = official.posts.first()?;
        Some(AccountRecord {
            id: account_id(official.id, regulation),
            // In the immigration agency's own system an account is called by its login, as its log has it.
            number: match regulation {
                Regulation::Immigration => official.login.clone(),
                _ => format!("{}-{}", regulation.as_str()[..1].to_uppercase(), official.login),
            },
            regulation: regulation.as_str().to_owned(),
            person: official.id,
            post: post.id,
            items,
            valid_from: official.appointed,
            valid_until: None,
            opened_by,
            granted_by: Some("紙本申請表".into()),
        })
    };
    let never: BTreeSet<usize> = city
        .planted
        .iter()
        .filter(|p| matches!(p.act, sample_city::Misbehaviour::NeverAuthorisedAttempt { .. }))
        .filter_map(|p| city.holders(city.agency_by_code(&p.office)?.id, &p.role).nth(p.index))
        .map(|(official, _)| official)
        .collect();
    let users = || {
        let users = city.officials.iter().enumerate().filter(|(n, _)| !never.contains(n)).map(|(_, o)| o);
        users.filter(|o| o.posts.first().is_some_and(|p| p.roles.contains(&"user")))
    };
    let mut accounts = vec![];
    for regulation in [Regulation::Household, Regulation::Tax] {
        let items = all_items(city, pack(regulation)?);
        accounts.extend(users().filter_map(|o| account(o, regulation, items.clone())));
    }
    let immigration = pack(Regulation::Immigration)?;
    for permission in sample_city::immigration_permissions(city) {
        let items = permission
            .items
            .iter()
            .filter_map(|n| immigration.query_items.get(usize::from(*n) - 1))
            .map(|item| item.id.clone())
            .collect();
        let official = city.officials.get(permission.official);
        accounts.extend(official.and_then(|o| account(o, Regulation::Immigration, items)));
    }
    Ok(accounts)
}

/// The permission items of annex 1 behind the city's programmes.
fn all_items(city: &SampleCity, pack: &RulePack) -> BTreeSet<String> {
    let functions: BTreeSet<&str> = city.cases.iter().map(|c| c.programme.function).collect();
    let named = |label: &str| functions.iter().any(|f| f.replace(' ', "") == label.replace(' ', ""));
    pack.permission_items.iter().filter(|i| named(&i.label)).map(|i| i.id.clone()).collect()
}

fn links(city: &SampleCity) -> Vec<LinkRecord> {
    let manager = city.officials.iter().find_map(|o| {
        o.posts.iter().find(|p| p.roles.contains(&"link_manager")).map(|p| (o.id, p.id, p.agency))
    });
    let Some((manager, manager_post, agency)) = manager else { return vec![] };
    [(Regulation::Household, "戶役政資料連結作業"), (Regulation::Tax, "財稅資料連結作業")]
        .into_iter()
        .map(|(regulation, name)| LinkRecord {
            id: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            regulation: regulation.as_str().to_owned(),
            name: name.to_owned(),
            agency,
            manager,
            manager_post,
        })
        .collect()
}
