//! The pages: a list of traces, and one trace as a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::span::{Span, Summary};

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#222}table{border-collapse:collapse}\
    td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top;white-space:nowrap}.bar{background:#4a7;height:.7em;\
    display:inline-block;min-width:2px}.error{color:#b00}.error .bar{background:#b00}.track{width:24rem;display:inline-block}\
    code{font-size:12px}details{color:#555;white-space:normal}";

/// The list.
pub fn list(traces: &[Summary]) -> String {
    let mut rows = String::new();
    for trace in traces {
        let services: Vec<&str> = trace.services.iter().map(String::as_str).collect();
        let _ = write!(
            rows,
            "<tr{}><td>{}</td><td><a href=\"/traces/{id}\"><code>{id}</code></a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            class(trace.error),
            moment(trace.start_ns),
            escape(&trace.name),
            escape(&services.join(", ")),
            trace.spans,
            milliseconds(trace.duration_ns),
            id = escape(&trace.trace_id),
        );
    }
    page(
        "Traces",
        &format!(
            "<p>The last {} traces, newest first. <a href=\"/traces.json\">JSON</a></p><table><tr><th>began (UTC)</th>\
             <th>trace</th><th>first step</th><th>services</th><th>steps</th><th>took</th></tr>{rows}</table>",
            traces.len()
        ),
    )
}

/// One trace, in the order of its starts.
pub fn trace(spans: &[Span]) -> String {
    let Some(whole) = Summary::of(spans) else { return page("Trace", "") };
    let known: BTreeSet<&str> = spans.iter().map(|s| s.span_id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    let mut roots = vec![];
    for span in spans {
        match span.parent_id.as_deref().filter(|parent| known.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(span),
            None => roots.push(span),
        }
    }
    let mut rows = String::new();
    // Depth first without recursion: a trace from outside may be as deep as it likes, or go in a circle.
    let mut next: Vec<(usize, &Span)> = roots.into_iter().rev().map(|s| (0, s)).collect();
    while let Some((depth, span)) = next.pop() {
        row(&mut rows, depth, span, &whole);
        let under = children.remove(span.span_id.as_str()).unwrap_or_default();
        next.extend(under.into_iter().rev().map(|s| (depth + 1, s)));
    }
    let id = escape(&whole.trace_id);
    page(
        &format!("Trace {id}"),
        &format!(
            "<p>{} · {} steps · {} · <a href=\"/traces/{id}.json\">JSON</a> · <a href=\"/traces\">all traces</a></p>\
             <table><tr><th>step</th><th>service</th><th>kind</th><th>took</th><th></th></tr>{rows}</table>",
            moment(whole.start_ns),
            whole.spans,
            milliseconds(whole.duration_ns),
        ),
    )
}

fn row(rows: &mut String, depth: usize, span: &Span, whole: &Summary) {
    let share = |ns: u64| percent(ns, whole.duration_ns);
    let mut attributes = String::new();
    for (name, value) in &span.attributes {
        let _ = write!(attributes, "{}={}<br>", escape(name), escape(value));
    }
    let _ = write!(
        rows,
        "<tr{}><td style=\"padding-left:{}em\">{}<details><summary>{}</summary>{attributes}</details></td><td>{}</td><td>{}</td><td>{}</td>\
         <td><span class=\"track\"><span class=\"bar\" style=\"margin-left:{}%;width:{}%\"></span></span></td></tr>",
        class(span.error),
        depth.min(40) * 2,
        escape(&span.name),
        escape(&span.span_id),
        escape(&span.service),
        escape(&span.kind),
        milliseconds(span.duration_ns),
        share(span.start_ns.saturating_sub(whole.start_ns)),
        share(span.duration_ns),
    );
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>{body}</html>"
    )
}

fn class(error: bool) -> &'static str {
    if error { " class=\"error\"" } else { "" }
}

fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 100 / u128::from(whole.max(1))).try_into().unwrap_or(100)
}

fn milliseconds(ns: u64) -> String {
    let tenths = ns / 100_000;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

fn moment(ns: u64) -> String {
    let moment = chrono::DateTime::from_timestamp_nanos(i64::try_from(ns).unwrap_or_default());
    moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Names and attributes come from whoever may send spans.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, name: &str) -> Span {
        Span {
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            service: "account".to_owned(),
            name: name.to_owned(),
            kind: "server".to_owned(),
            start_ns: 1_000_000,
            duration_ns: 2_500_000,
            error: false,
            attributes: [].into(),
        }
    }

    #[test]
    fn a_tree_shows_children_under_their_parents_and_escapes_what_came_from_outside() {
        let page = trace(&[span("1", Some("outside"), "root"), span("2", Some("1"), "<script>child")]);
        assert!(page.find("root").unwrap() < page.find("&lt;script&gt;child").unwrap());
        assert!(page.contains("padding-left:2em") && page.contains("2.5 ms"), "{page}");
        assert!(!page.contains("<script>"));
    }

    #[test]
    fn spans_that_name_each_other_as_parent_do_not_hang_the_page() {
        assert!(trace(&[span("1", Some("2"), "a"), span("2", Some("1"), "b")]).contains("2 steps"));
    }
}
