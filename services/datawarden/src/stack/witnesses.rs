//! Two witnesses of the sample city's logs, in this process but each with a key and a memory of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use chassis::settings;
use kernel::SimulatedClock;
use query_log::{FileKeyStore, KeyStore as _};
use query_registry::state::LOGS;
use transparency::note::Signer;

use crate::witness::{LogKey, Setup, WitnessServer};

/// Their keys' names.
const NAMES: [&str; 2] = ["ethics.example/witness", "examiner.example/witness"];

/// Starts both. They are told the logs' keys, which are made now if this is the first start.
pub async fn start(data: &Path, clock: &SimulatedClock) -> anyhow::Result<Vec<WitnessServer>> {
    let keys = data.join("log-keys");
    let store = FileKeyStore::open(&keys.join("months"), &keys.join("kek"))?;
    let origin = settings::Log::default().origin;
    let mut logs = vec![];
    for log in LOGS {
        let signer = Signer::new(&format!("{origin}/{log}"), &*store.signing_seed(log).await?)?;
        logs.push(LogKey(signer.verifier().clone()));
    }
    let start = |name: &&str| {
        let folder = name.split('.').next().unwrap_or_default();
        let setup = Setup {
            name: (*name).to_owned(),
            data: data.join("witnesses").join(folder),
            logs: logs.clone(),
            clock: Arc::new(clock.clone()),
        };
        WitnessServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), setup)
    };
    NAMES.iter().map(start).collect()
}

/// The settings by which the registry knows them.
pub fn settings(witnesses: &[WitnessServer]) -> settings::Log {
    let witness =
        |server: &WitnessServer| settings::Witness { url: server.url.clone(), key: server.key.clone() };
    settings::Log { witnesses: witnesses.iter().map(witness).collect(), ..settings::Log::default() }
}
