//! `datawarden smoke`: are these services ready? The exit code is the answer.

use std::time::Duration;

/// Asks `/readyz` of each `NAME=URL`.
pub async fn run(services: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(!services.is_empty(), "name at least one service: NAME=URL");
    let client = chassis::http_client(Duration::from_secs(5))?;
    let mut failed = 0;
    for service in services {
        let (name, url) =
            service.split_once('=').ok_or_else(|| anyhow::anyhow!("{service}: write NAME=URL"))?;
        let answer = client.get(format!("{}/readyz", url.trim_end_matches('/'))).send().await;
        let verdict = match answer {
            Ok(answer) if answer.status().is_success() => "ready".to_owned(),
            Ok(answer) => format!("not ready: {}", answer.text().await.unwrap_or_default()),
            Err(error) => format!("no answer: {error}"),
        };
        failed += u32::from(verdict != "ready");
        super::say(format!("{name}: {verdict}"));
    }
    anyhow::ensure!(failed == 0, "{failed} of {} are not ready", services.len());
    Ok(())
}
