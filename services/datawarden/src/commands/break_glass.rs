//! `datawarden break-glass`: on the spot, when nobody can sign in: terms, two custodians' card signatures, effect. The
//! same rules and the same record as over HTTP (docs/OPERATIONS.md).

use std::fs;
use std::path::{Path, PathBuf};

use account_types::{EmergencyContent, EmergencyTerms};
use anyhow::Context as _;
use clap::Subcommand;
use kernel::ids::{PersonId, PostId};
use kernel::{Clock as _, Random, SystemClock, SystemRandom};

use super::bootstrap::{account_context, told};
use super::signing::{self, Signing};

/// The steps.
#[derive(Subcommand)]
pub enum Command {
    /// Writes the terms, and the bytes that both cards sign. Terms hold for eight hours.
    Prepare {
        /// Who gets the roles.
        #[arg(long)]
        receiver: PersonId,
        /// In which own post.
        #[arg(long)]
        post: PostId,
        /// A role: administrator, it_unit, it_centre or designated_officer. Once for each.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Hours, 1 to 24; the setting unless told.
        #[arg(long)]
        hours: Option<u32>,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Where the terms go (JSON); the bytes to sign stand beside them as FILE.bytes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Signs the terms with a custodian's card.
    Sign {
        /// The terms.
        #[arg(long)]
        terms: PathBuf,
        /// The card, and where the endorsement goes.
        #[command(flatten)]
        signing: Signing,
    },
    /// Gives the roles: at once, logged, until their end; a review is owed.
    Grant {
        /// The terms.
        #[arg(long)]
        terms: PathBuf,
        /// One endorsement; name both.
        #[arg(long = "endorsement")]
        endorsements: Vec<PathBuf>,
        /// The account service's settings.
        #[arg(long)]
        settings: PathBuf,
    },
}

/// Runs a step.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Prepare { receiver, post, roles, hours, reason, out } => {
            let now = SystemClock.now();
            let terms = EmergencyTerms {
                grant: (&SystemRandom as &dyn Random).id(now),
                written_at: now,
                receiver,
                post,
                roles: roles.into_iter().collect(),
                hours,
                reason,
            };
            fs::write(&out, serde_json::to_string_pretty(&terms)?)
                .with_context(|| out.display().to_string())?;
            signing::prepare(&EmergencyContent::new(&terms), &out.with_extension("bytes"))
        }
        Command::Sign { terms, signing } => signing::sign(&signing, &EmergencyContent::new(&read(&terms)?)),
        Command::Grant { terms, endorsements, settings } => {
            let (terms, endorsements) = (read(&terms)?, signing::read_both(&endorsements)?);
            let _telemetry =
                chassis::telemetry::init("datawarden", &chassis::settings::Otlp::default(), "warn")?;
            let context = account_context(&settings).await?;
            let grant =
                account::emergencies::break_glass(&context, &terms, &endorsements).await.map_err(told)?;
            let until = grant.until.map(|until| until.to_rfc3339()).unwrap_or_default();
            super::say(format!("grant {} until {until}; sign in anew to have the roles", grant.id));
            Ok(())
        }
    }
}

fn read(path: &Path) -> anyhow::Result<EmergencyTerms> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{}: no terms", path.display()))
}
