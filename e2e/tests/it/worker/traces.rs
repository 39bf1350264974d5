//! Traces of records: what a collector gets of a worker at work, and what becomes of records without one.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use sluice_kit::connect::{ConnectWorker, Launch, WorkerFile};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{binaries, java, wait};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::lines::line;
use super::pipeline::{PATIENCE, Pipeline};

const LINES: usize = 20;

/// Requests that have arrived, as OpenTelemetry's own messages read them.
type Arrived = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector that takes whatever comes.
struct Collector {
    url: String,
    arrived: Arrived,
    _serving: JoinSet<()>,
}

impl Collector {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let arrived = Arrived::default();
        let seen = Arc::clone(&arrived);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                connections.spawn(async move {
                    let service = service_fn(|request| take(request, Arc::clone(&seen)));
                    let server = hyper::server::conn::http1::Builder::new();
                    // The worker may go at any time.
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Ok(Self { url, arrived, _serving: serving })
    }

    /// The spans of a kind that are about a topic.
    fn spans(&self, kind: SpanKind, topic: &str) -> Vec<Span> {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = arrived.iter().flat_map(|it| &it.resource_spans);
        let spans = resources.flat_map(|it| &it.scope_spans).flat_map(|it| &it.spans);
        let is_meant = |span: &&Span| {
            span.kind() == kind && text(&span.attributes, "messaging.destination.name") == topic
        };
        spans.filter(is_meant).cloned().collect()
    }

    /// The names that the spans come under.
    fn services(&self) -> Vec<String> {
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = arrived.iter().flat_map(|it| &it.resource_spans);
        let resources = resources.filter_map(|it| it.resource.as_ref());
        resources.map(|it| text(&it.attributes, "service.name")).collect()
    }
}

async fn take(
    request: Request<Incoming>,
    seen: Arrived,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_for_traces = request.uri().path() == "/v1/traces";
    let is_authorized = request.headers().get("x-key").is_some_and(|it| it == "hush");
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let read = ExportTraceServiceRequest::decode(body);
    let status: u16 = match read {
        Ok(request) if is_for_traces && is_authorized => {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            200
        }
        _ => 400,
    };
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status.try_into().unwrap_or_default();
    Ok(answer)
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|it| it.key == key).and_then(|it| it.value.as_ref());
    match found.and_then(|it| it.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A worker that sends its traces to a collector, quickly.
async fn worker(file: &WorkerFile, collector: &str, room: &str) -> Result<ConnectWorker> {
    let launch = Launch::sluice(&binaries::binary("sluice-worker")?)
        .with_variable("OTEL_SERVICE_NAME", "shop")
        .with_variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .with_variable("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hush")
        .with_variable("OTEL_BSP_SCHEDULE_DELAY", "100")
        .with_variable("OTEL_BSP_MAX_QUEUE_SIZE", room);
    let file = file.clone().with("sluice.tracing", "opentelemetry");
    ConnectWorker::start(&file, &launch).await?.answering().await
}

/// Spans that the collector has taken, as the worker counts them.
fn exported(metrics: &str) -> Result<usize> {
    let name = "sluice_worker_spans_exported_total ";
    let count = metrics.lines().find_map(|it| it.strip_prefix(name));
    Ok(count.context("a count of spans")?.parse()?)
}

#[tokio::test]
async fn what_a_sink_takes_is_below_what_the_source_has_sent() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let collector = Collector::start().await?;
    let pipeline = Pipeline::new("traced")?;
    let worker = worker(&pipeline.file(kafka), &collector.url, "2048").await?;
    pipeline.create(&worker).await?;
    pipeline.append(0..LINES)?;
    pipeline.comes_out(LINES).await?;
    let of = |kind| collector.spans(kind, "traced");
    let pairs = || {
        let sent = of(SpanKind::Producer);
        let by_id: BTreeMap<_, _> = sent.into_iter().map(|it| (it.span_id.clone(), it)).collect();
        let taken = of(SpanKind::Consumer).into_iter();
        let above = |span: Span| Some((by_id.get(&span.parent_span_id)?.clone(), span));
        taken.filter_map(above).collect::<Vec<_>>()
    };
    // A batch of spans may be lost or come twice, and a sink may take records again: there are more to come.
    let mut next = LINES;
    wait::until_ok(PATIENCE, "spans on either side", async || {
        pipeline.append(next..next + 1)?;
        next += 1;
        ensure!(pairs().len() >= LINES, "{} of {LINES}", pairs().len());
        Ok(())
    })
    .await?;

    for (above, span) in pairs() {
        assert_eq!((&above.trace_id, span.trace_id.len()), (&span.trace_id, 16));
        assert_eq!((&*above.name, &*span.name), ("traced publish", "traced process"));
        let group = text(&span.attributes, "messaging.kafka.consumer.group");
        assert_eq!(group, "connect-traced-sink");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(above.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(span.status.is_none() && above.parent_span_id.is_empty());
    }
    assert!(collector.services().iter().all(|it| it == "shop"));
    let metrics = worker.metrics().await?;
    ensure!(exported(&metrics)? >= 2 * LINES, "{metrics}");

    let stranger = "0af7651916cd43dd8448eb211c80319c";
    let record = format!("traceparent:00-{stranger}-b7ad6b7169203331-01\t{}\n", line(LINES));
    let bootstrap = kafka.bootstrap();
    let arguments = [
        "--bootstrap-server",
        &bootstrap,
        "--topic",
        "traced",
        "--reader-property",
        "parse.headers=true",
    ];
    let producer = "org.apache.kafka.tools.ConsoleProducer";
    kafka.tool_with(producer, &arguments, record.as_bytes()).await?;
    let is_of_stranger = |span: &Span| {
        span.trace_id == 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()
            && span.parent_span_id == 0xb7ad_6b71_6920_3331_u64.to_be_bytes()
    };
    wait::until(PATIENCE, "a span of the stranger's trace", async || {
        of(SpanKind::Consumer).iter().any(is_of_stranger)
    })
    .await?;
    worker.stop().await
}

#[tokio::test]
async fn records_do_not_wait_for_a_collector_that_is_away() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let pipeline = Pipeline::new("untraced")?;
    let worker = worker(&pipeline.file(kafka), "http://127.0.0.1:1", "10").await?;
    pipeline.create(&worker).await?;
    pipeline.append(0..LINES)?;
    pipeline.ends_with(LINES - 1).await?;
    pipeline.has_all(LINES)?;
    wait::until_ok(PATIENCE, "spans to be dropped and counted", async || {
        let metrics = worker.metrics().await?;
        let dropped =
            metrics.lines().filter_map(|it| it.strip_prefix("sluice_worker_spans_dropped_total "));
        let dropped = dropped.filter_map(|it| it.parse::<f64>().ok()).sum::<f64>();
        ensure!(dropped >= (2 * LINES - 10) as f64, "{metrics}");
        Ok(())
    })
    .await?;
    let output = worker.output()?;
    ensure!(output.contains("the collector takes no traces"), "{output}");
    ensure!(!output.contains("hush"), "{output}");
    worker.stop().await
}

#[tokio::test]
async fn a_worker_does_not_start_with_variables_that_mean_nothing() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let file =
        WorkerFile::new(&kafka.bootstrap(), "mistraced").with("sluice.tracing", "opentelemetry");
    let launch = Launch::sluice(&binaries::binary("sluice-worker")?)
        .with_variable("OTEL_TRACES_SAMPLER", "sometimes");
    let (status, output) = ConnectWorker::refused_by(&file, &launch).await?;
    ensure!(!status.success() && output.contains("OTEL_TRACES_SAMPLER"), "{status} {output}");
    Ok(())
}
