//! `datawarden run`: everything up, the year lived, the clause table printed, then at your service.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use kernel::days;

use crate::stack::{Memory, Stack, StackOptions, TRACES};
use crate::traces::Traces;
use crate::{clauses, development, planted, year};

/// Options.
#[derive(Args)]
pub struct Options {
    /// End after the clause table; exit code 1 when a clause has no evidence.
    #[arg(long)]
    once: bool,
    /// Throw the data away and start over.
    #[arg(long)]
    reset: bool,
    /// Data folder.
    #[arg(long, default_value_os_t = super::default_data())]
    data: PathBuf,
    /// Honest queries of the simulated year.
    #[arg(long, default_value_t = year::QUERIES)]
    queries: usize,
    /// Where the clause table goes as JSON.
    #[arg(long, default_value = "target/clauses.json")]
    clauses: PathBuf,
    /// Log filter.
    #[arg(long, default_value = "warn,librdkafka=off")]
    log: String,
}

/// Runs the suite.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let traces = Traces::start(TRACES.parse()?)?;
    let otlp = chassis::settings::Otlp { endpoint: Some(traces.url.clone()) };
    let telemetry = chassis::telemetry::init("datawarden", &otlp, &options.log)?;
    let started = Instant::now();
    super::say("Datawarden, everything in one process on sample data. Not for production.");
    if options.reset && options.data.exists() {
        fs::remove_dir_all(&options.data)?;
    }
    fs::create_dir_all(&options.data)?;
    let mut memory = Memory::open(&options.data)?;
    // A year that was cut short is lived anew: half a year is no evidence of anything.
    if !memory.lived && options.data.join("postgres").exists() {
        super::say("The last start was cut short: starting over.");
        fs::remove_dir_all(&options.data)?;
        fs::create_dir_all(&options.data)?;
        memory = Memory::open(&options.data)?;
    }
    let end = days::taipei_date(memory.end);
    let start = (!memory.lived).then(|| year::history_start(end));
    let spinner = indicatif::ProgressBar::new_spinner().with_message("starting the services");
    spinner.enable_steady_tick(Duration::from_millis(120));
    let mut stack = Stack::start(StackOptions { data: options.data.clone(), start, any_port: false }).await?;
    spinner.finish_and_clear();
    super::say(format!("All services are up after {:.1} s.", started.elapsed().as_secs_f64()));
    if !memory.lived {
        stack.wait_for_disk(false).await?;
        year::live(&stack, options.queries).await?;
        stack.wait_for_disk(true).await?;
        stack.memory.lived = true;
        stack.memory.save(&stack.data)?;
        stack.clock.release();
    }
    let verdicts = planted::verdicts(&stack).await?;
    planted::print(&verdicts);
    let table = clauses::table(&stack).await?;
    clauses::print(&table);
    clauses::write(&table, &options.clauses)?;
    let bare = table.iter().filter(|clause| !clause.ok).count();
    if options.once {
        stack.stop().await?;
        tokio::task::spawn_blocking(move || drop(telemetry)).await?;
        traces.stop().await;
        anyhow::ensure!(bare == 0, "{bare} clauses have no evidence");
        return Ok(());
    }
    let origins = stack.services().iter().map(chassis::Running::url).collect();
    let login = development::start(options.data.clone(), origins)?;
    print_urls(&stack, &traces);
    chassis::command_line::stop_signal().await?;
    super::say("Stopping.");
    login.stop(true).await;
    stack.stop().await?;
    // Before its receiver goes: the last spans are sent, not waited for in vain.
    tokio::task::spawn_blocking(move || drop(telemetry)).await?;
    traces.stop().await;
    Ok(())
}

fn print_urls(stack: &Stack, traces: &Traces) {
    super::say("");
    for service in stack.services() {
        super::say(format!("{:<16} {}   API: {}/docs", service.context.name(), service.url(), service.url()));
    }
    super::say(format!("{:<16} {}/traces", "traces", traces.url));
    super::say(
        "Sign in to the console with a role; under /docs with Authorize: a role, such as auditor, as user name, no password.",
    );
    super::say("Open any URL above from the shell: target/debug/datawarden get URL --as auditor");
    super::say("Ctrl-C stops; the data stay. `make run RESET=1` starts over.");
}
