//! `datawarden traces`: the trace receiver and its pages as a process of its own.

use std::net::SocketAddr;

use clap::Args;

use crate::traces::Traces;

/// Options.
#[derive(Args)]
pub struct Options {
    /// Address and port; services send to it when their `otlp.endpoint` is `http://ADDRESS`.
    #[arg(long, default_value = "127.0.0.1:4318")]
    bind: SocketAddr,
}

/// Runs until it is stopped.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let traces = Traces::start(options.bind)?;
    super::say(format!("traces: {0}/traces   OTLP: {0}", traces.url));
    chassis::command_line::stop_signal().await?;
    traces.stop().await;
    Ok(())
}
