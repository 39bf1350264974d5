//! One request to the collector and its answer, as OTLP/HTTP or as a call of gRPC.

use anyhow::{Context as _, Result};
use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, TE},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use prost::Message as _;

use super::{
    environment::{Collector, Protocol},
    otlp::{ExportTraceServiceRequest, ExportTraceServiceResponse},
};

/// Answers are a few bytes; errors of proxies are pages.
const LONGEST_ANSWER: usize = 64 << 10;
/// Whether a message of gRPC is compressed, and its length.
const PREFIX: usize = 5;

/// Why spans were not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They may be later.
    Passing(String),
    /// They will not.
    Final(String),
}

/// Sends requests to one collector, over connections that it keeps.
pub(super) struct Wire {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    collector: Collector,
}

impl Wire {
    pub(super) fn new(collector: Collector) -> Result<Self> {
        let tls = sluice_kafka::tls::client(&collector.tls).context(
            "a file of OTEL_EXPORTER_OTLP_CERTIFICATE, CLIENT_CERTIFICATE or CLIENT_KEY",
        )?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let is_grpc = collector.protocol == Protocol::Grpc;
        let connector = if is_grpc {
            connector.enable_http2().build()
        } else {
            connector.enable_http1().build()
        };
        let http = Client::builder(TokioExecutor::new()).http2_only(is_grpc).build(connector);
        Ok(Self { http, collector })
    }

    /// Sends a request; returns how many of its spans were not taken all the same.
    pub(super) async fn send(&self, request: &ExportTraceServiceRequest) -> Result<u64, Refusal> {
        let exchange = self.exchange(self.request(request)?);
        let limit = self.collector.timeout;
        let in_time = tokio::time::timeout(limit, exchange).await;
        in_time.unwrap_or_else(|_| {
            Err(Refusal::Passing(format!("no answer within {} ms", limit.as_millis())))
        })
    }

    fn request(
        &self,
        request: &ExportTraceServiceRequest,
    ) -> Result<Request<Full<Bytes>>, Refusal> {
        let impossible = |error: hyper::http::Error| Refusal::Final(error.to_string());
        let body = Full::new(self.body(request));
        let url = self.collector.url.clone();
        let made = Request::builder().method(Method::POST).uri(url).body(body);
        let mut made = made.map_err(impossible)?;
        let headers = made.headers_mut();
        headers.extend(self.collector.headers.clone());
        match self.collector.protocol {
            Protocol::Http => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
            }
            Protocol::Grpc => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                headers.insert(TE, HeaderValue::from_static("trailers"));
            }
        }
        Ok(made)
    }

    fn body(&self, request: &ExportTraceServiceRequest) -> Bytes {
        if self.collector.protocol == Protocol::Http {
            return request.encode_to_vec().into();
        }
        let length = request.encoded_len();
        let mut body = BytesMut::with_capacity(PREFIX + length);
        body.put_u8(0);
        body.put_u32(length as u32);
        body.extend_from_slice(&request.encode_to_vec());
        body.freeze()
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<u64, Refusal> {
        let lost = |error: anyhow::Error| Refusal::Passing(format!("{error:#}"));
        let answer = self.http.request(request).await.map_err(|error| lost(error.into()))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let body = body.map_err(|error| lost(anyhow::Error::from_boxed(error)))?;
        let trailers = body.trailers().cloned();
        let body = body.to_bytes();
        judge_status(head.status)?;
        let message = match self.collector.protocol {
            Protocol::Http => body,
            Protocol::Grpc => {
                judge_call(trailers.as_ref().unwrap_or(&head.headers))?;
                body.get(PREFIX..).map(Bytes::copy_from_slice).unwrap_or_default()
            }
        };
        Ok(rejected(&message))
    }
}

/// How many spans an answer says were not taken. One that is no message says nothing.
fn rejected(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let Some(partial) = answer.partial_success else { return 0 };
    if !partial.error_message.is_empty() {
        tracing::warn!(collector = partial.error_message, "the collector of traces says");
    }
    u64::try_from(partial.rejected_spans).unwrap_or_default()
}

/// What OTLP says of status codes.
fn judge_status(status: StatusCode) -> Result<(), Refusal> {
    match status.as_u16() {
        200..=299 => Ok(()),
        429 | 502..=504 => Err(Refusal::Passing(format!("it answers {status}"))),
        _ => Err(Refusal::Final(format!("it answers {status}"))),
    }
}

/// What OTLP says of the status of a call.
fn judge_call(trailers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| trailers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let told =
        || format!("it answers grpc-status {}: {}", text("grpc-status"), text("grpc-message"));
    match text("grpc-status") {
        "0" => Ok(()),
        // Cancelled, deadline exceeded, aborted, out of range, unavailable, data loss; or the answer was cut off.
        "1" | "4" | "10" | "11" | "14" | "15" | "" => Err(Refusal::Passing(told())),
        _ => Err(Refusal::Final(told())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_not() {
        for (status, passes) in [(429, true), (503, true), (500, false), (404, false), (401, false)]
        {
            let refusal = judge_status(StatusCode::from_u16(status).unwrap()).unwrap_err();
            assert_eq!(matches!(refusal, Refusal::Passing(_)), passes, "{status}");
        }
        assert_eq!(judge_status(StatusCode::OK), Ok(()));
        for (status, passes) in [("14", true), ("8", false), ("16", false), ("", true)] {
            let trailers = [("grpc-status", status)];
            let pair = |(name, value): (&'static str, &str)| {
                (
                    hyper::header::HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            };
            let refusal = judge_call(&trailers.into_iter().map(pair).collect()).unwrap_err();
            assert_eq!(matches!(refusal, Refusal::Passing(_)), passes, "{status}");
        }
    }

    #[test]
    fn what_a_collector_rejects_is_counted() {
        assert_eq!((rejected(b""), rejected(b"no message")), (0, 0));
        let partial =
            super::super::otlp::PartialSuccess { rejected_spans: 3, error_message: String::new() };
        let answer = ExportTraceServiceResponse { partial_success: Some(partial) };
        assert_eq!(rejected(&answer.encode_to_vec()), 3);
    }
}
