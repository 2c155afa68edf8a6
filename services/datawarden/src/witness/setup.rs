//! How a witness is set up: its name, its folder, the logs that it knows.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use kernel::{Clock, Random as _, SystemRandom};
use serde::Deserialize;
use transparency::note::{Algorithm, Signer, Verifier};

/// A log's key; its name is the log's origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LogKey(pub Verifier);

impl LogKey {
    /// The log's origin.
    pub fn origin(&self) -> String {
        self.0.name().to_owned()
    }
}

impl TryFrom<String> for LogKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let key = Verifier::parse(&text).map_err(|error| format!("{text}: {error}"))?;
        let is_log = key.algorithm() == Algorithm::Ed25519;
        if is_log { Ok(Self(key)) } else { Err(format!("{text}: not the key of a log")) }
    }
}

/// What a witness is told.
#[expect(missing_debug_implementations, reason = "holds a clock")]
pub struct Setup {
    /// Its key's name: a URL without scheme.
    pub name: String,
    /// Where its key and what it has seen are kept.
    pub data: PathBuf,
    /// Keys of the logs that it cosigns.
    pub logs: Vec<LogKey>,
    /// The time that its cosignatures name.
    pub clock: Arc<dyn Clock>,
}

impl Setup {
    /// The key, made at the first start and readable by its owner alone.
    pub(super) fn signer(&self) -> anyhow::Result<Signer> {
        std::fs::create_dir_all(&self.data).with_context(|| self.data.display().to_string())?;
        let path = self.data.join("witness.key");
        if !path.exists() {
            // Whole or not at all: a key file that was begun would stop every later start.
            let begun = path.with_extension("new");
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&begun)?;
            let mut seed = [0; 32];
            SystemRandom.fill(&mut seed);
            file.write_all(hex::encode(seed).as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&begun, &path)?;
        }
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed).with_context(|| path.display().to_string())?;
        Signer::witness(&self.name, &seed).context("the witness's name")
    }
}
