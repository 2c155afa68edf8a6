//! OTLP/HTTP in protobuf as our spans.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span as Sent};
use prost::Message as _;

use super::span::Span;

/// What an exporter sent.
pub fn spans(body: &[u8]) -> Result<Vec<Span>, prost::DecodeError> {
    let request = ExportTraceServiceRequest::decode(body)?;
    Ok(request.resource_spans.into_iter().flat_map(of_resource).collect())
}

fn of_resource(sent: ResourceSpans) -> Vec<Span> {
    let resource = sent.resource.map(|r| attributes(r.attributes)).unwrap_or_default();
    let process = resource.get("service.name").cloned().unwrap_or_else(|| "unknown".to_owned());
    let spans = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans.map(|span| convert(span, &process)).collect()
}

/// Several services may share a process: a span's own `service` goes before the process's `service.name`.
fn convert(span: Sent, process: &str) -> Span {
    let attributes = attributes(span.attributes);
    Span {
        trace_id: hex::encode(&span.trace_id),
        span_id: hex::encode(&span.span_id),
        parent_id: Some(hex::encode(&span.parent_span_id)).filter(|id| !id.is_empty()),
        service: attributes.get("service").cloned().unwrap_or_else(|| process.to_owned()),
        name: span.name,
        kind: kind(span.kind).to_owned(),
        start_ns: span.start_time_unix_nano,
        duration_ns: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano),
        error: span.status.is_some_and(|s| s.code() == StatusCode::Error),
        attributes,
    }
}

fn kind(kind: i32) -> &'static str {
    match SpanKind::try_from(kind) {
        Ok(SpanKind::Server) => "server",
        Ok(SpanKind::Client) => "client",
        Ok(SpanKind::Producer) => "producer",
        Ok(SpanKind::Consumer) => "consumer",
        Ok(SpanKind::Internal | SpanKind::Unspecified) | Err(_) => "internal",
    }
}

fn attributes(sent: Vec<KeyValue>) -> BTreeMap<String, String> {
    sent.into_iter().map(|pair| (pair.key, pair.value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_protobuf_is_refused() {
        assert!(spans(b"{\"resourceSpans\":[]}").is_err());
    }
}
