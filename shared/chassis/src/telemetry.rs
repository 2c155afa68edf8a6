//! Traces and metrics through OpenTelemetry, logs as JSON lines. Personal values never get here (docs/LOGGING.md).

use std::collections::HashMap;
use std::sync::OnceLock;

use opentelemetry::metrics::Histogram;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::settings::Otlp;

/// Keeps the exporters alive; flushes them when dropped.
pub struct Guard {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            let _ = traces.shutdown();
        }
        if let Some(metrics) = &self.metrics {
            let _ = metrics.shutdown();
        }
    }
}

/// Sets up telemetry for this process. `level` is a level such as `info`, or levels by target such as
/// `info,chassis=debug`; it is for the logs alone: trace ids are made and spans exported whatever is logged. A second
/// call changes nothing.
pub fn init(name: &'static str, settings: &Otlp, level: &str) -> anyhow::Result<Guard> {
    let quiet = ["librdkafka", "rdkafka"].map(|target| (target, LevelFilter::OFF));
    let filter = level.parse::<Targets>()?.with_targets(quiet);
    let logs = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(logs.with_filter(filter));
    // The exporter's own requests must not make spans that are exported in turn.
    let spans_of = Targets::new().with_default(LevelFilter::INFO).with_targets(
        ["h2", "hyper", "hyper_util", "reqwest", "rdkafka", "librdkafka"].map(|t| (t, LevelFilter::OFF)),
    );
    let Some(endpoint) = &settings.endpoint else {
        // Trace ids are made all the same: outbox rows and logs carry them.
        let traces = SdkTracerProvider::builder().build();
        let layer = span_layer(&traces);
        let _ = registry.with(layer.with_filter(spans_of)).try_init();
        return Ok(Guard { traces: Some(traces), metrics: None });
    };
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.namespace", "datawarden"))
        .with_attribute(KeyValue::new("service.instance.id", format!("{name}-{}", std::process::id())))
        .build();
    let spans = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    let traces =
        SdkTracerProvider::builder().with_resource(resource.clone()).with_batch_exporter(spans).build();
    let exporter = opentelemetry_otlp::MetricExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .build()?;
    let metrics =
        SdkMeterProvider::builder().with_resource(resource).with_periodic_exporter(exporter).build();
    global::set_meter_provider(metrics.clone());
    let layer = span_layer(&traces);
    let _ = registry.with(layer.with_filter(spans_of)).try_init();
    Ok(Guard { traces: Some(traces), metrics: Some(metrics) })
}

/// Spans without what every span has alike: threads and places in the source.
fn span_layer<S>(
    traces: &SdkTracerProvider,
) -> tracing_opentelemetry::OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("datawarden"))
        .with_threads(false)
        .with_location(false)
        .with_tracked_inactivity(false)
}

/// `traceparent` and `tracestate` of the current span, for outbox rows and outgoing calls.
pub fn current_trace() -> (Option<String>, Option<String>) {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    (carrier.remove("traceparent"), carrier.remove("tracestate").filter(|s| !s.is_empty()))
}

/// The current trace goes on in an outgoing call.
pub fn traced(mut call: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    let (traceparent, tracestate) = current_trace();
    for (name, value) in [("traceparent", traceparent), ("tracestate", tracestate)] {
        if let Some(value) = value {
            call = call.header(name, value);
        }
    }
    call
}

/// Makes `span` a child of the trace that came with a request.
pub fn continue_trace(span: &Span, traceparent: Option<String>, tracestate: Option<String>) {
    let carrier: HashMap<String, String> = [("traceparent", traceparent), ("tracestate", tracestate)]
        .into_iter()
        .filter_map(|(name, value)| value.map(|v| (name.to_owned(), v)))
        .collect();
    if !carrier.is_empty() {
        let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
    }
}

/// The span in which an event is taken in: child of its creation, and linked to it.
pub fn consumer_span(service: &str, topic: &str, traceparent: Option<&str>) -> Span {
    use opentelemetry::trace::TraceContextExt as _;
    let span = tracing::info_span!(
        "process",
        otel.name = format!("process {topic}"),
        otel.kind = "consumer",
        service,
        messaging.system = "kafka",
        messaging.destination.name = topic,
    );
    if let Some(traceparent) = traceparent {
        let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        let parent = TraceContextPropagator::new().extract(&carrier);
        span.add_link(parent.span().span_context().clone());
        let _ = span.set_parent(parent);
    }
    span
}

/// Counts one of what `name` counts; alerts watch it.
pub fn count(name: &'static str) {
    global::meter("datawarden").u64_counter(name).build().add(1, &[]);
}

/// `http.server.request.duration`, seconds.
pub fn request_duration() -> &'static Histogram<f64> {
    static HISTOGRAM: OnceLock<Histogram<f64>> = OnceLock::new();
    HISTOGRAM.get_or_init(|| {
        global::meter("datawarden").f64_histogram("http.server.request.duration").with_unit("s").build()
    })
}
