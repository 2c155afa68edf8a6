//! The one trace of an errand, as the trace receiver (`datawarden traces`) has it.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

/// How long spans may take to come in: exporters send every few seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is read of a span.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The step that it is part of.
    pub parent_id: Option<String>,
    /// The service that did it.
    pub service: String,
    /// e.g. `POST /v1/queries`.
    pub name: String,
    /// `server`, `consumer`, …
    pub kind: String,
}

#[derive(Deserialize)]
struct Trace {
    spans: Vec<Span>,
}

/// Waits until the trace holds the way from a root through the registry's request to the consumer of the audit service,
/// each span the child of the one before; gives it, the root first.
pub async fn find(receiver: &str, trace: &str) -> anyhow::Result<Vec<Span>> {
    let client = chassis::http_client(Duration::from_secs(5))?;
    let url = format!("{}/traces/{trace}.json", receiver.trim_end_matches('/'));
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = client.get(&url).send().await?;
        let spans = if answer.status().is_success() { answer.json::<Trace>().await?.spans } else { vec![] };
        if let Some(way) = way(&spans) {
            return Ok(way);
        }
        if tokio::time::Instant::now() > deadline {
            let seen: Vec<_> =
                spans.iter().map(|s| format!("{}: {} {}", s.service, s.kind, s.name)).collect();
            anyhow::bail!("{url} does not lead from the request to the audit service; it has {seen:#?}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn way(spans: &[Span]) -> Option<Vec<Span>> {
    let by_id: HashMap<&str, &Span> = spans.iter().map(|s| (s.span_id.as_str(), s)).collect();
    let ends = spans.iter().filter(|s| s.service == "audit-sampling" && s.kind == "consumer");
    ends.map(|end| up(end, &by_id)).find(|way| is_whole(way))
}

/// From the root down to `end`. A span whose parent is not there begins it; spans in a circle end after a hundred.
fn up(end: &Span, by_id: &HashMap<&str, &Span>) -> Vec<Span> {
    let parent = |span: &&Span| span.parent_id.as_deref().and_then(|id| by_id.get(id)).copied();
    let mut way: Vec<Span> = std::iter::successors(Some(end), parent).take(100).cloned().collect();
    way.reverse();
    way
}

fn is_whole(way: &[Span]) -> bool {
    let asked =
        |s: &Span| s.service == "query-registry" && s.kind == "server" && s.name == "POST /v1/queries";
    way.first().is_some_and(|root| root.parent_id.is_none()) && way.iter().any(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, service: &str, kind: &str) -> Span {
        let name = if kind == "server" { "POST /v1/queries" } else { "x" };
        Span {
            span_id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            service: service.to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
        }
    }

    #[test]
    fn a_way_leads_from_the_root_through_the_registry_to_the_audit_service() {
        let root = span("1", None, "welfare-platform", "client");
        let request = span("2", Some("1"), "query-registry", "server");
        let consumer = span("3", Some("2"), "audit-sampling", "consumer");
        let whole = way(&[consumer.clone(), root.clone(), request.clone()]).unwrap();
        assert_eq!(whole.iter().map(|s| s.span_id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        assert!(way(&[root.clone(), request]).is_none(), "not taken in yet");
        assert!(way(&[root, consumer]).is_none(), "torn");
    }

    #[test]
    fn spans_that_name_each_other_as_parents_are_no_way() {
        let (a, b) =
            (span("1", Some("2"), "audit-sampling", "consumer"), span("2", Some("1"), "x", "server"));
        assert!(way(&[a, b]).is_none());
    }
}
