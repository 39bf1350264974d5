//! A collector that listens: what arrives, over both protocols, and what is counted.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::Incoming,
    header::HeaderValue,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use sluice_engine::{RecordPlace, Side, SpanContext, TracedClient};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use super::{super::otlp::ExportTraceServiceRequest, *};

/// Header and body of a request.
type Seen = (HeaderMap, Bytes);

/// A collector's address, and what has arrived there.
struct Collector {
    url: String,
    arrived: mpsc::UnboundedReceiver<Seen>,
    _serving: JoinSet<()>,
}

async fn read(request: Request<Incoming>, seen: mpsc::UnboundedSender<Seen>) {
    let (head, body) = request.into_parts();
    seen.send((head.headers, body.collect().await.unwrap().to_bytes())).unwrap();
}

impl Collector {
    /// Answers each request with a status: that of HTTP/1.1, or that of a call.
    async fn start(status: u16, is_grpc: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, arrived) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let stream = TokioIo::new(listener.accept().await.unwrap().0);
                // The client may go at any time.
                if is_grpc {
                    let call = service_fn(|request| answer_call(request, seen.clone(), status));
                    let server = http2::Builder::new(TokioExecutor::new());
                    drop(server.serve_connection(stream, call).await);
                } else {
                    let plain = service_fn(|request| answer(request, seen.clone(), status));
                    drop(http1::Builder::new().serve_connection(stream, plain).await);
                }
            }
        });
        Self { url, arrived, _serving: serving }
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: mpsc::UnboundedSender<Seen>,
    status: u16,
) -> Result<Response<Full<Bytes>>, Infallible> {
    read(request, seen).await;
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}

async fn answer_call(
    request: Request<Incoming>,
    seen: mpsc::UnboundedSender<Seen>,
    status: u16,
) -> Result<Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>>, Infallible> {
    read(request, seen).await;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(status));
    let body = Full::new(Bytes::from_static(&[0; 5]));
    Ok(Response::new(body.with_trailers(std::future::ready(Some(Ok(trailers))))))
}

fn span(topic: &str) -> Span {
    let client = TracedClient { side: Side::Consumer, id: "c".into(), group: Some("g".into()) };
    Span {
        context: SpanContext { trace: 1, span: 2, sampled: true },
        parent: Some(3),
        state: None,
        start: 10,
        end: 20,
        failed: true,
        client: Arc::new(client),
        topic: topic.into(),
        place: Some(RecordPlace { partition: 4, offset: 5, size: Some(6) }),
    }
}

/// What an exporter has made of two spans by the time it has stopped: exported and dropped.
async fn export(collector: &Collector, protocol: &str) -> (u64, u64) {
    let environment = BTreeMap::from(
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hush"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let [exported, dropped] = ["a", "b"].map(|name| IntCounter::new(name, "Spans.").unwrap());
    let queue = Arc::new(SpanQueue::new(10, 10, dropped.clone()));
    let variables = Variables::parse(&environment, "w").unwrap().unwrap();
    let exporter = Exporter::new(variables, Arc::clone(&queue), exported.clone()).unwrap();
    queue.put(&mut vec![span("t"), span("u")]);
    let stop = CancellationToken::new();
    stop.cancel();
    exporter.run(stop).await;
    (exported.get(), dropped.get())
}

#[tokio::test]
async fn spans_arrive_over_both_protocols() {
    for (protocol, status, prefix) in [("http/protobuf", 200, 0), ("grpc", 0, 5)] {
        let mut collector = Collector::start(status, protocol == "grpc").await;
        assert_eq!(export(&collector, protocol).await, (2, 0), "{protocol}");
        let (headers, body) = collector.arrived.recv().await.unwrap();
        assert_eq!(headers["x-key"], "hush");
        let got = ExportTraceServiceRequest::decode(&body[prefix..]).unwrap();
        let usual = Variables::parse(&BTreeMap::new(), "w").unwrap().unwrap();
        assert_eq!(got, request(&usual.resource, vec![span("t"), span("u")]), "{protocol}");
    }
}

#[tokio::test]
async fn what_the_collector_does_not_take_is_counted() {
    for (protocol, status) in [("http/protobuf", 400), ("http/protobuf", 503), ("grpc", 16)] {
        let collector = Collector::start(status, protocol == "grpc").await;
        assert_eq!(export(&collector, protocol).await, (0, 2), "{protocol} {status}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    let gone =
        Collector { url: "http://127.0.0.1:1".to_owned(), ..Collector::start(200, false).await };
    assert_eq!(export(&gone, "http/protobuf").await, (0, 2));
}
