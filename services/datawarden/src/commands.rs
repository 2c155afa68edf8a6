//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub mod back_test;
pub mod bootstrap;
pub mod break_glass;
pub mod configuration;
pub mod get;
pub mod openapi;
pub mod pki;
pub mod provider;
pub mod run;
pub mod sample_data;
pub mod signing;
pub mod smoke;
pub mod soft_card;
pub mod traces;
pub mod verify_endorsement;
pub mod verify_log;
pub mod witness;

#[derive(Parser)]
#[command(version, about = "Datawarden: a government that answers for every look at a citizen's record")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything in this process with the sample city and lives through a simulated year.
    Run(run::Options),
    /// Opens a URL of a running `datawarden run` with a role's token and prints the answer.
    Get(get::Options),
    /// Makes a development PKI.
    Pki {
        #[command(subcommand)]
        command: pki::Command,
    },
    /// Prints, writes or checks the OpenAPI documents of all services.
    Openapi(openapi::Options),
    /// Tries a changed rule pack on last year's records and prints what would have come out otherwise.
    BackTest(back_test::Options),
    /// Verifies an exported bundle of the query log, offline, or a database.
    VerifyLog(verify_log::Options),
    /// Verifies one endorsement offline, years later: signature, chain, revocation evidence, the log that dates it.
    VerifyEndorsement(verify_endorsement::Options),
    /// Measures what the suite costs on this machine, goals beside the figures.
    Bench {
        /// Where the figures go as JSON.
        #[arg(long, default_value = "target/bench.json")]
        out: PathBuf,
        /// Honest queries of the simulated year.
        #[arg(long, default_value_t = crate::year::QUERIES)]
        queries: usize,
    },
    /// Measures the query log beside plain PostgreSQL and the bare disk, goals beside the figures.
    BenchLog {
        /// Where the figures go as JSON.
        #[arg(long, default_value = "target/bench.json")]
        out: PathBuf,
        /// Entries of the log from which samples are drawn: a million take about 2.5 GB.
        #[arg(long, default_value_t = 1_000_000)]
        rows: u64,
        /// One part alone.
        #[arg(long)]
        only: Option<crate::bench::log::Part>,
    },
    /// Runs the provider simulator alone.
    Provider(provider::Options),
    /// The first start of a real installation: two administrators sign the master data, once.
    Bootstrap {
        #[command(subcommand)]
        command: bootstrap::Command,
    },
    /// The emergency when nobody can sign in: two custodians sign roles for somebody, for hours.
    BreakGlass {
        #[command(subcommand)]
        command: break_glass::Command,
    },
    /// Prints what a service with these settings runs on, as two administrators approve it.
    Configuration(configuration::Options),
    /// Loads the sample city's master data into the account service's database, for services that run apart.
    SampleData(sample_data::Options),
    /// Speaks the protocol of the citizen card's component with keys of the development PKI.
    SoftCard(soft_card::Options),
    /// Cosigns the checkpoints of logs: for an outside party, on its own machine.
    Witness(witness::Options),
    /// Takes in traces (OTLP) and shows them.
    Traces(traces::Options),
    /// Asks running services whether they are ready; with keys, sends them a query.
    Smoke(smoke::Options),
}

/// Where `datawarden run` keeps its data unless told otherwise.
fn default_data() -> PathBuf {
    PathBuf::from(".data")
}

/// Runs the command line.
pub fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Run(options) => run::run(options).await,
            Command::Get(options) => get::run(options).await,
            Command::Pki { command } => pki::run(command),
            Command::Openapi(options) => openapi::run(&options),
            Command::BackTest(options) => back_test::run(options).await,
            Command::VerifyLog(options) => verify_log::run(options).await,
            Command::VerifyEndorsement(options) => verify_endorsement::run(&options),
            Command::Bench { out, queries } => crate::bench::run(&out, queries).await,
            Command::BenchLog { out, rows, only } => crate::bench::log::run(&out, rows, only).await,
            Command::Provider(options) => provider::run(options).await,
            Command::Bootstrap { command } => bootstrap::run(command).await,
            Command::BreakGlass { command } => break_glass::run(command).await,
            Command::Configuration(options) => configuration::run(&options),
            Command::SampleData(options) => sample_data::run(options).await,
            Command::SoftCard(options) => soft_card::run(options).await,
            Command::Witness(options) => witness::run(options).await,
            Command::Traces(options) => traces::run(options).await,
            Command::Smoke(options) => smoke::run(options).await,
        }
    })
}

/// Prints a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "the command line's own output")]
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("{line}");
}
