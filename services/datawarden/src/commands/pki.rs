//! `datawarden pki init`: authorities, one certificate for each service, the agency system's certificate, the register key.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use identity::DevPki;
use identity::pki::{Validity, load_or_issue};
use kernel::{Clock as _, Random as _, SystemClock, SystemRandom};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Makes what is missing in a folder: `roots/`, `services/NAME.pem` and `.key.pem`, `systems/`, `register.key`.
    Init {
        /// The folder.
        #[arg(long)]
        dir: PathBuf,
    },
}

/// Names of the services that get a certificate.
pub const SERVICES: [&str; 5] = ["account", "query-registry", "audit-sampling", "retention", "console"];

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    let Command::Init { dir } = command;
    init(&dir)?;
    super::say(format!("development PKI in {}: not for production", dir.display()));
    Ok(())
}

/// Makes what is missing in `dir`.
pub fn init(dir: &Path) -> anyhow::Result<()> {
    let pki = DevPki::create_or_open(dir)?;
    pki.write_anchors(&dir.join("roots"))?;
    std::fs::create_dir_all(dir.join("services"))?;
    std::fs::create_dir_all(dir.join("systems"))?;
    let now = SystemClock.now();
    let validity = Validity {
        from: now - chrono::Duration::days(7 * 365),
        until: now + chrono::Duration::days(5 * 365),
    };
    for name in SERVICES {
        load_or_issue(&dir.join("services"), name, || pki.issue_service_with(name, &[], validity))?;
    }
    load_or_issue(&dir.join("systems"), "welfare-platform", || {
        pki.issue_agency("高雄市社會福利平台", "2.16.886.101.90001.20001", now)
    })?;
    let key = dir.join("register.key");
    if !key.exists() {
        let mut bytes = [0; 32];
        SystemRandom.fill(&mut bytes);
        std::fs::write(&key, hex::encode(bytes))?;
    }
    Ok(())
}
