//! A span as it is kept and shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One step of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The step that it is part of; absent for a root, or when a caller outside began the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The service that did it.
    pub service: String,
    /// e.g. `POST /v1/queries`, `process registry.queries.v1`.
    pub name: String,
    /// `internal`, `server`, `client`, `producer` or `consumer`.
    pub kind: String,
    /// Nanoseconds since 1970 (UTC).
    pub start_ns: u64,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// Whether it ended with an error.
    pub error: bool,
    /// Its attributes as text.
    pub attributes: BTreeMap<String, String>,
}

/// One trace in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Name of its first span.
    pub name: String,
    /// Services that took part.
    pub services: BTreeSet<String>,
    /// Spans so far.
    pub spans: usize,
    /// Start of the first span, nanoseconds since 1970.
    pub start_ns: u64,
    /// From the first start to the last end, in nanoseconds.
    pub duration_ns: u64,
    /// Whether a span ended with an error.
    pub error: bool,
}

impl Span {
    /// Its end, in nanoseconds since 1970.
    pub fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

impl Summary {
    /// Of the spans of one trace; `None` when there are none.
    pub fn of(spans: &[Span]) -> Option<Self> {
        let first = spans.iter().min_by_key(|s| s.start_ns)?;
        let end = spans.iter().map(Span::end_ns).max().unwrap_or(first.start_ns);
        Some(Self {
            trace_id: first.trace_id.clone(),
            name: first.name.clone(),
            services: spans.iter().map(|s| s.service.clone()).collect(),
            spans: spans.len(),
            start_ns: first.start_ns,
            duration_ns: end.saturating_sub(first.start_ns),
            error: spans.iter().any(|s| s.error),
        })
    }
}
