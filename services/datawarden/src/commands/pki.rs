//! `datawarden pki`: authorities, one certificate for each service, the agency system's certificate, revocation lists, the
//! register key; and revoking one of the certificates.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use identity::pki::{Revoked, Validity, load_or_issue};
use identity::{Credential, DevPki};
use kernel::{Clock as _, Random as _, SystemClock, SystemRandom};

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Makes what is missing in a folder: `roots/`, `crl/`, `services/NAME.pem` and `.key.pem`, `systems/`, `register.key`.
    Init {
        /// The folder.
        #[arg(long)]
        dir: PathBuf,
        /// A further DNS name or address under which services are reached over TLS; `NAME` in it stands for the service's.
        #[arg(long)]
        also: Vec<String>,
    },
    /// Puts a certificate on its issuer's next revocation list in `crl/`.
    Revoke {
        /// The folder.
        #[arg(long)]
        dir: PathBuf,
        /// The certificate.
        #[command(flatten)]
        which: Which,
    },
}

/// The certificate to revoke.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The card of the official with this login, in `cards/`.
    #[arg(long)]
    card: Option<String>,
    /// A certificate: its issuer's key id, a colon, its serial, both hexadecimal.
    #[arg(long)]
    serial: Option<String>,
}

/// Names of the services that get a certificate.
pub const SERVICES: [&str; 5] = ["account", "query-registry", "audit-sampling", "retention", "console"];

/// Runs the command.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Init { dir, also } => {
            init(&dir, &also)?;
            super::say(format!("development PKI in {}: not for production", dir.display()));
        }
        Command::Revoke { dir, which } => {
            let (issuer, serial) = which.find(&dir)?;
            let pki = DevPki::create_or_open(&dir)?;
            let now = SystemClock.now();
            let revoked = Revoked { serial: serial.clone(), since: now };
            let number = pki.revoke(&dir.join("crl"), &issuer, revoked, now)?;
            super::say(format!("{serial} is on revocation list {number} of {issuer}"));
        }
    }
    Ok(())
}

impl Which {
    /// Issuer key id and serial.
    fn find(&self, dir: &Path) -> anyhow::Result<(String, String)> {
        if let Some(login) = &self.card {
            let cards = dir.join("cards");
            let card = Credential::from_pem_files(
                &cards.join(format!("{login}.pem")),
                &cards.join(format!("{login}.key.pem")),
            )
            .with_context(|| format!("--card: no card of {login}"))?;
            return Ok((card.certificate().issuer_key_id(), card.certificate().serial()));
        }
        let (issuer, serial) = self
            .serial
            .as_deref()
            .and_then(|text| text.split_once(':'))
            .context("--serial: key id of the issuer, a colon, serial")?;
        Ok((issuer.to_uppercase(), serial.to_uppercase()))
    }
}

/// Makes what is missing in `dir`; services' certificates hold the names `also`, too.
pub fn init(dir: &Path, also: &[String]) -> anyhow::Result<()> {
    let pki = DevPki::create_or_open(dir)?;
    pki.write_anchors(&dir.join("roots"))?;
    pki.write_lists(&dir.join("crl"), SystemClock.now())?;
    std::fs::create_dir_all(dir.join("services"))?;
    std::fs::create_dir_all(dir.join("systems"))?;
    let now = SystemClock.now();
    let validity = Validity {
        from: now - chrono::Duration::days(7 * 365),
        until: now + chrono::Duration::days(5 * 365),
    };
    for name in SERVICES {
        let also: Vec<String> = also.iter().map(|other| other.replace("NAME", name)).collect();
        let also: Vec<&str> = also.iter().map(String::as_str).collect();
        load_or_issue(&dir.join("services"), name, || pki.issue_service_with(name, &also, validity))?;
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
