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
    /// A provider that query-registry is set to ask, as `NAME=URL` with the internal root: approved with the rest. Once for
    /// each.
    #[arg(long = "provider", value_name = "NAME=URL", value_parser = named)]
    providers: Vec<(String, String)>,
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
    let today = kernel::days::taipei_date(context.now());
    let data = crate::master_data::master_data(
        &sample.city,
        &sample.cards,
        &sample.platform,
        context.packs(),
        &sample.anchors,
        chassis::configuration::items(context.settings(), context.packs(), today)?,
        context.now(),
    )?;
    super::say(match sample::load(&context, &data, &sample.cards).await? {
        Some(loaded) => format!(
            "loaded {} agencies, {} systems, {} people, {} accounts, {} data links",
            loaded.agencies, loaded.systems, loaded.people, loaded.accounts, loaded.links
        ),
        None => "master data are there already: nothing was changed".to_owned(),
    });
    Ok(())
}

fn named(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("NAME=URL")?;
    Ok((name.to_owned(), url.to_owned()))
}

/// The account service's settings, as far as loading needs them.
fn settings(options: Options) -> Settings {
    let pki = options.data.join("pki");
    let provider =
        |(name, url)| (name, settings::Provider { url, roots: Some(pki.join("roots/internal.pem")) });
    let providers = options.providers.into_iter().map(provider).collect();
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
        governance: settings::Governance::default(),
        services: std::collections::BTreeMap::new(),
        providers,
        log: settings::Log::default(),
        sample_ids: true,
    }
}
