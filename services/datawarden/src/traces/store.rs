//! The last spans, by trace; when there are too many, the oldest traces go.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::span::{Span, Summary};

/// Spans of one trace that are kept at most: one runaway trace must not push out all others.
const PER_TRACE: usize = 2_000;

/// What is kept.
pub struct Store {
    kept: Mutex<Kept>,
    limit: usize,
}

#[derive(Default)]
struct Kept {
    traces: HashMap<String, Vec<Span>>,
    /// Trace ids in the order in which their first span came.
    order: VecDeque<String>,
    spans: usize,
}

impl Store {
    /// Keeps `limit` spans.
    pub fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what an exporter sent; a span that is there already (an export that was sent again) stays once.
    pub fn add(&self, spans: impl IntoIterator<Item = Span>) {
        let mut kept = self.kept();
        for span in spans {
            kept.add(span);
        }
        while kept.spans > self.limit {
            kept.drop_oldest();
        }
    }

    /// The last `limit` traces in which `service` took part (any, when not told), newest first.
    pub fn list(&self, service: Option<&str>, limit: usize) -> Vec<Summary> {
        let kept = self.kept();
        let traces = kept.order.iter().rev().filter_map(|id| kept.traces.get(id));
        let wanted = traces.filter(|spans| service.is_none_or(|s| spans.iter().any(|x| x.service == s)));
        wanted.filter_map(|spans| Summary::of(spans)).take(limit).collect()
    }

    /// The spans of a trace in the order of their starts; empty for an unknown one.
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let mut spans = self.kept().traces.get(id).cloned().unwrap_or_default();
        spans.sort_by_key(|s| s.start_ns);
        spans
    }
}

impl Kept {
    fn add(&mut self, span: Span) {
        let trace = self.traces.entry(span.trace_id.clone()).or_default();
        if trace.len() >= PER_TRACE || trace.iter().any(|s| s.span_id == span.span_id) {
            return;
        }
        if trace.is_empty() {
            self.order.push_back(span.trace_id.clone());
        }
        trace.push(span);
        self.spans += 1;
    }

    fn drop_oldest(&mut self) {
        match self.order.pop_front().and_then(|id| self.traces.remove(&id)) {
            Some(trace) => self.spans -= trace.len(),
            None => self.spans = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(trace: &str, id: &str, service: &str) -> Span {
        Span {
            trace_id: trace.to_owned(),
            span_id: id.to_owned(),
            parent_id: None,
            service: service.to_owned(),
            name: "x".to_owned(),
            kind: "server".to_owned(),
            start_ns: 1,
            duration_ns: 2,
            error: false,
            attributes: [].into(),
        }
    }

    #[test]
    fn the_oldest_traces_go_when_there_are_too_many_spans() {
        let store = Store::new(3);
        store.add([span("a", "1", "s"), span("a", "2", "s"), span("b", "3", "s"), span("c", "4", "s")]);
        let ids: Vec<String> = store.list(None, 10).into_iter().map(|t| t.trace_id).collect();
        assert_eq!(ids, ["c", "b"], "newest first, `a` gone");
        assert!(store.trace("a").is_empty());
    }

    #[test]
    fn an_export_that_is_sent_again_counts_once() {
        let store = Store::new(10);
        store.add([span("a", "1", "s")]);
        store.add([span("a", "1", "s"), span("a", "2", "t")]);
        assert_eq!(store.trace("a").len(), 2);
        assert_eq!(store.list(Some("t"), 10).len(), 1);
        assert!(store.list(Some("u"), 10).is_empty());
    }
}
