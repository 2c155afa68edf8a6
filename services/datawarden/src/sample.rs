//! The sample city with the keys of everyone in it, as a data folder holds them: for the suite in one process and for
//! services that run apart. Not for production.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use account_types::master_data::{BootstrapContent, MasterData, Summary};
use anyhow::Context as _;
use chassis::Context;
use identity::pki::{Generation, KeyKind, Validity, load_or_issue};
use identity::{CardHolder, Credential, DevPki, Endorsement, Role, SoftCard, TrustAnchors};
use kernel::Instant;
use kernel::ids::PersonId;
use sample_city::{CitySettings, Official, Post, SampleCity};

use crate::client::PLATFORM;
use crate::commands::pki;
use crate::stack::Memory;

/// The sample city and its keys.
pub struct Sample {
    /// What the data folder remembers.
    pub memory: Memory,
    /// Makes cards and certificates.
    pub pki: DevPki,
    /// Trusted authorities.
    pub anchors: TrustAnchors,
    /// The sample city.
    pub city: Arc<SampleCity>,
    /// Each official's card.
    pub cards: BTreeMap<PersonId, SoftCard>,
    /// The welfare platform's certificate and key.
    pub platform: Credential,
}

/// Names of the files in a folder of [`Keys`].
const MEMORY: &str = "memory.json";

/// What a test from outside needs of a sample: the city, the platform's key and the cards of a few officials, in one
/// flat folder, as a Kubernetes Secret is mounted.
pub struct Keys {
    /// The sample city.
    pub city: SampleCity,
    /// The cards that are there.
    pub cards: BTreeMap<PersonId, SoftCard>,
    /// The welfare platform's certificate and key.
    pub platform: Credential,
}

impl Keys {
    /// Copies the keys of `officials` (places in the city's list) out of the data folder `data`.
    pub fn write(data: &Path, city: &SampleCity, officials: &[usize], to: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(to)?;
        fs::copy(data.join(MEMORY), to.join(MEMORY))?;
        let logins =
            officials.iter().filter_map(|o| city.officials.get(*o)).map(|o| ("cards", o.login.as_str()));
        for (folder, name) in logins.chain([("systems", PLATFORM)]) {
            for file in [format!("{name}.pem"), format!("{name}.key.pem")] {
                fs::copy(data.join("pki").join(folder).join(&file), to.join(&file))?;
            }
        }
        Ok(())
    }

    /// Reads such a folder.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            Credential::from_pem_files(
                &folder.join(format!("{name}.pem")),
                &folder.join(format!("{name}.key.pem")),
            )
        };
        let text = fs::read_to_string(folder.join(MEMORY))
            .with_context(|| format!("{}: make it with `datawarden sample-data --keys`", folder.display()))?;
        let city = city(&serde_json::from_str(&text)?)?;
        let there = |login: &str| folder.join(format!("{login}.pem")).exists();
        let cards = city
            .officials
            .iter()
            .filter(|o| there(&o.login))
            .map(|o| Ok((o.id, SoftCard::new(read(&o.login)?))))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { cards, platform: read(PLATFORM)?, city })
    }
}

impl Sample {
    /// Opens what `data` holds and makes what it lacks: `memory.json`, the development PKI in `pki/`, a card for each
    /// official in `pki/cards/`.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(data)?;
        let memory = Memory::open(data)?;
        let dir = data.join("pki");
        pki::init(&dir, &[])?;
        let pki = DevPki::create_or_open(&dir)?;
        let city = Arc::new(city(&memory)?);
        let cards = cards(&pki, &dir.join("cards"), &city, memory.end)?;
        let platform = Credential::from_pem_files(
            &dir.join("systems/welfare-platform.pem"),
            &dir.join("systems/welfare-platform.key.pem"),
        )?;
        Ok(Self { anchors: TrustAnchors::from_dir(&dir.join("roots"))?, memory, pki, city, cards, platform })
    }
}

/// The city that a data folder's memory belongs to.
pub fn city(memory: &Memory) -> anyhow::Result<SampleCity> {
    let year_start = kernel::days::sub_months(kernel::days::taipei_date(memory.end), 12);
    Ok(SampleCity::generate(CitySettings::new(memory.seed, year_start))?)
}

/// Somebody in the city who has this role, with the post that carries it.
pub fn somebody(city: &SampleCity, role: Role) -> anyhow::Result<(&Official, &Post)> {
    city.officials
        .iter()
        .find_map(|o| o.posts.iter().find(|p| p.roles.contains(&role.code())).map(|p| (o, p)))
        .with_context(|| format!("nobody in the sample city is {role}"))
}

/// The first start with the sample city's master data, signed by its two administrators' soft cards; nothing when it was
/// before.
pub async fn load(
    context: &Context,
    data: &MasterData,
    cards: &BTreeMap<PersonId, SoftCard>,
) -> anyhow::Result<Option<Summary>> {
    let content = BootstrapContent::new(data.digest()?);
    let sign = |id: &PersonId| -> anyhow::Result<Endorsement> {
        let card = cards.get(id).context("an administrator without a card")?;
        Ok(Endorsement::sign(card, &content, context.now())?)
    };
    let [first, second] = &data.administrators;
    match account::bootstrap::load(context, data, &[sign(first)?, sign(second)?]).await {
        Ok(summary) => Ok(Some(summary)),
        Err(chassis::Error::Problem(problem)) if *problem.kind == account::problems::LOADED_BEFORE => {
            Ok(None)
        }
        Err(error) => Err(anyhow::anyhow!("master data: {error:?}")),
    }
}

/// Cards of both generations; nearly all with elliptic keys, which are made at once, a few with the RSA keys of today's
/// cards and with those of the next generation.
fn kind(number: usize) -> (Generation, KeyKind) {
    let generation = if number % 4 == 1 { Generation::G2 } else { Generation::G3 };
    let key = match number % 97 {
        0 | 1 => KeyKind::Rsa2048,
        2 => KeyKind::P384,
        _ => KeyKind::P256,
    };
    (generation, key)
}

fn cards(
    pki: &DevPki,
    dir: &Path,
    city: &SampleCity,
    now: Instant,
) -> anyhow::Result<BTreeMap<PersonId, SoftCard>> {
    fs::create_dir_all(dir)?;
    let validity = Validity {
        from: now - chrono::Duration::days(6 * 365),
        until: now + chrono::Duration::days(3 * 365),
    };
    city.officials
        .iter()
        .enumerate()
        .map(|(number, official)| {
            let holder = CardHolder {
                name: &official.name,
                serial_number: &official.card_serial,
                last_four: official.national_id.last_four(),
            };
            let (generation, key) = kind(number);
            let card =
                load_or_issue(dir, &official.login, || pki.issue_card_of(generation, holder, key, validity))?;
            Ok((official.id, SoftCard::new(card)))
        })
        .collect()
}
