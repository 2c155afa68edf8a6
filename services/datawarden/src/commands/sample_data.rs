//! `datawarden sample-data`: the sample city's master data for services that run apart. Their events go out with the
//! account service's own relay, as those of any other act.

use std::path::PathBuf;

use anyhow::Context as _;
use chassis::context::Platform;
use chassis::{Settings, settings};
use clap::Args;

use crate::errand::Errand;
use crate::sample::{self, Keys, Sample};
use crate::stack::{AUDIENCE, ISSUER};

/// Options.
#[derive(Args)]
pub struct Options {
    /// Data folder: `pki/` as `datawarden pki init` makes it; the officials' cards are put there, in `pki/cards/`.
    #[arg(long, default_value_os_t = super::default_data())]
    data: PathBuf,
    /// The account service's database, migrated: `postgres://account:…@host/account`.
    #[arg(long)]
    database: String,
    /// Puts the keys that `datawarden smoke --keys` needs into this folder.
    #[arg(long)]
    keys: Option<PathBuf>,
}

/// Loads what is not there yet and says what it was; a second run changes nothing.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let _telemetry = chassis::telemetry::init("datawarden", &settings::Otlp::default(), "warn")?;
    let sample = Sample::open(&options.data)?;
    if let Some(to) = &options.keys {
        let now = kernel::Clock::now(&kernel::SystemClock);
        let errand = Errand::choose(&sample.city, &rule_pack::PackSet::embedded()?, now)?;
        Keys::write(&options.data, &sample.city, &errand.officials(), to)?;
    }
    let settings = settings(options);
    let platform = Platform::open(&settings)?;
    let context = account::service()
        .context(settings, platform)
        .await
        .context("the account service's database: start the service, or run `account migrate`, first")?;
    let data = crate::master_data::master_data(
        &sample.city,
        &sample.cards,
        &sample.platform,
        context.packs(),
        &sample.anchors,
        context.now(),
    )?;
    super::say(match sample::load(&context, data).await? {
        Some(loaded) => format!(
            "loaded {} agencies, {} systems, {} people, {} accounts, {} data links",
            loaded.agencies, loaded.systems, loaded.people, loaded.accounts, loaded.links
        ),
        None => "master data are there already: nothing was changed".to_owned(),
    });
    Ok(())
}

/// The account service's settings, as far as loading needs them.
fn settings(options: Options) -> Settings {
    let pki = options.data.join("pki");
    Settings {
        http: settings::Http::default(),
        database: settings::Database { url: options.database.into(), pool_size: 2 },
        kafka: settings::Kafka::default(),
        redis: settings::Redis::default(),
        otlp: settings::Otlp::default(),
        identity: settings::Identity {
            console_origins: std::collections::BTreeSet::new(),
            issuer: ISSUER.into(),
            audience: AUDIENCE.into(),
            roots: pki.join("roots"),
            certificate: pki.join("services/account.pem"),
            key: pki.join("services/account.key.pem"),
            bound_tokens: settings::BoundTokens::default(),
            revocation: settings::Revocation::default(),
        },
        secrets: settings::Secrets { register_key_file: pki.join("register.key"), log_keys: None },
        rules: settings::Rules::default(),
        services: std::collections::BTreeMap::new(),
        providers: std::collections::BTreeMap::new(),
        sample_ids: true,
    }
}
