//! The thin `main` of every service: `serve`, `worker`, `migrate`, `replay`, `openapi`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::context::Platform;
use crate::service::{Part, Service};
use crate::settings::Settings;
use crate::telemetry;

#[derive(Parser)]
#[command(version, about = "A service of the Datawarden suite")]
struct Arguments {
    /// Settings file (TOML); the environment (`DATAWARDEN__SECTION__KEY`) goes over it.
    #[arg(long, global = true)]
    settings: Option<PathBuf>,
    /// Log filter, e.g. `info` or `debug,hyper=warn`.
    #[arg(long, global = true, default_value = "info")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers HTTP and works through events, schedules and jobs.
    Serve {
        /// Leave events, schedules and jobs to `worker` processes.
        #[arg(long)]
        no_worker: bool,
        /// Bring the database to the newest schema first.
        #[arg(long)]
        migrate: bool,
    },
    /// Works through events, schedules and jobs without HTTP.
    Worker,
    /// Brings the database to the newest schema and ends.
    Migrate,
    /// Publishes the present state of aggregates again, so that a projection can be rebuilt, and ends; a running
    /// `serve` or `worker` sends it.
    Replay {
        /// Which kind, e.g. `accounts`; every kind unless told.
        aggregate: Option<String>,
        /// One aggregate alone.
        #[arg(long, requires = "aggregate")]
        id: Option<uuid::Uuid>,
    },
    /// Prints the OpenAPI document and ends.
    Openapi,
}

/// Runs `service` as this process is told on its command line.
pub fn run(service: &Service) -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Openapi) {
        serde_json::to_writer_pretty(std::io::stdout(), &service.document()?)?;
        return Ok(());
    }
    let settings = Settings::load(arguments.settings.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let _telemetry = telemetry::init(service.name, &settings.otlp, &arguments.log)?;
        let (part, migrate) = match arguments.command {
            Command::Migrate => {
                let count = service.migrate(&settings).await?;
                tracing::info!(count, "migrations done");
                return Ok(());
            }
            Command::Replay { aggregate, id } => {
                let platform = Platform::open(&settings)?;
                let context = service.context(settings, platform).await?;
                let replays = (service.replays)();
                let count = crate::replay::run(&context, &replays, aggregate.as_deref(), id).await?;
                tracing::info!(count, "published again");
                return Ok(());
            }
            Command::Serve { no_worker, migrate } => {
                (if no_worker { Part::Serve } else { Part::All }, migrate)
            }
            Command::Worker | Command::Openapi => (Part::Worker, false),
        };
        if migrate {
            service.migrate(&settings).await?;
        }
        let platform = Platform::open(&settings)?;
        let running = service.start(settings, platform, part, false).await?;
        tracing::info!(service = service.name, address = ?running.address, "ready");
        stop_signal().await?;
        tracing::info!("stopping");
        running.stop().await;
        Ok(())
    })
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
