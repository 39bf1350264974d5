//! OpenTelemetry's environment variables, as its specification has them, parsed once.

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
};
use percent_encoding::percent_decode_str;
use sluice_config::Properties;
use sluice_engine::Sampler;

/// Where the collector is if nothing says so.
const USUAL: &str = "http://localhost:4318";
/// The port that collectors take gRPC on.
const GRPC_PORT: u16 = 4317;
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A variable that cannot be used. Values are not repeated: they may be secrets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not usable: {reason}")]
pub(crate) struct Unusable {
    name: String,
    reason: String,
}

/// How spans travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Protocol buffers as the body of a POST.
    Http,
    /// Calls of gRPC.
    Grpc,
}

/// The collector: whom to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collector {
    pub(super) url: Uri,
    pub(super) protocol: Protocol,
    pub(super) headers: HeaderMap,
    /// For one attempt.
    pub(super) timeout: Duration,
    /// Trust and identity, as keys for clients of Kafka name them.
    pub(super) tls: Properties,
}

impl fmt::Display for Collector {
    /// Without names and passwords that a URL may have.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.scheme_str().unwrap_or_default();
        let host = self.url.host().unwrap_or_default();
        let port = self.url.port_u16().map(|it| format!(":{it}")).unwrap_or_default();
        write!(out, "{scheme}://{host}{port}{}", self.url.path())
    }
}

/// What the variables say.
#[derive(Debug, PartialEq)]
pub(super) struct Variables {
    pub(super) collector: Collector,
    pub(super) sampler: Sampler,
    /// What spans are said to come from.
    pub(super) resource: BTreeMap<String, String>,
    /// Spans that may wait.
    pub(super) room: usize,
    /// Spans of one export.
    pub(super) batch: usize,
    /// The longest wait of a span for others.
    pub(super) delay: Duration,
}

impl Variables {
    /// None if they switch traces off. `worker_id` tells the worker from others of the service.
    pub(super) fn parse(
        environment: &BTreeMap<String, String>,
        worker_id: &str,
    ) -> Result<Option<Self>, Unusable> {
        let of = Environment(environment);
        let is_disabled =
            of.get("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        let exporter = of.get("OTEL_TRACES_EXPORTER").unwrap_or("otlp");
        if is_disabled || exporter == "none" {
            return Ok(None);
        }
        if exporter != "otlp" {
            return Err(unusable("OTEL_TRACES_EXPORTER", "expected otlp or none"));
        }
        let propagators = of.get("OTEL_PROPAGATORS").unwrap_or("tracecontext");
        if !propagators.split(',').any(|it| it.trim() == "tracecontext") {
            return Err(unusable("OTEL_PROPAGATORS", "expected tracecontext among them"));
        }
        let batch = of.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)?;
        Ok(Some(Self {
            collector: collector(&of)?,
            sampler: sampler(&of)?,
            resource: resource(&of, worker_id)?,
            room: of.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048)?,
            batch,
            delay: Duration::from_millis(of.number("OTEL_BSP_SCHEDULE_DELAY", 5000)?),
        }))
    }
}

/// Variables that are set to something.
struct Environment<'a>(&'a BTreeMap<String, String>);

impl<'a> Environment<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|it| it.trim()).filter(|it| !it.is_empty())
    }

    /// The variable for traces, or else the one for all that is exported, with its name.
    fn either(&self, name: &str) -> Option<(String, &'a str)> {
        let own = format!("OTEL_EXPORTER_OTLP_TRACES_{name}");
        let all = format!("OTEL_EXPORTER_OTLP_{name}");
        [own, all].into_iter().find_map(|it| self.get(&it).map(|value| (it, value)))
    }

    fn number<T: FromStr + PartialOrd + From<u8>>(
        &self,
        name: &str,
        usual: T,
    ) -> Result<T, Unusable> {
        let Some(text) = self.get(name) else { return Ok(usual) };
        let number = text.parse::<T>().ok().filter(|it| *it >= T::from(1));
        number.ok_or_else(|| unusable(name, "expected a number from 1"))
    }
}

fn unusable(name: impl Into<String>, reason: impl Into<String>) -> Unusable {
    Unusable { name: name.into(), reason: reason.into() }
}

fn collector(of: &Environment<'_>) -> Result<Collector, Unusable> {
    let (name, text) = match of.either("ENDPOINT") {
        Some((name, text)) => (name, text),
        None => ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), USUAL),
    };
    let wrong = || unusable(&name, "expected a URL such as http://collector:4318");
    let base: Uri = text.parse().map_err(|_| wrong())?;
    if !matches!(base.scheme_str(), Some("http" | "https")) {
        return Err(wrong());
    }
    let protocol = match of.either("PROTOCOL") {
        // What Strimzi's images take it for.
        None if base.port_u16() == Some(GRPC_PORT) => Protocol::Grpc,
        None | Some((_, "http/protobuf")) => Protocol::Http,
        Some((_, "grpc")) => Protocol::Grpc,
        Some((name, _)) => return Err(unusable(name, "expected http/protobuf or grpc")),
    };
    let is_complete = name.contains("_TRACES_");
    let path = match (protocol, is_complete) {
        (Protocol::Grpc, _) => EXPORT.to_owned(),
        (Protocol::Http, true) => base.path().to_owned(),
        (Protocol::Http, false) => format!("{}/v1/traces", base.path().trim_end_matches('/')),
    };
    let mut parts = base.into_parts();
    parts.path_and_query = Some(path.parse().map_err(|_| wrong())?);
    Ok(Collector {
        url: Uri::from_parts(parts).map_err(|_| wrong())?,
        protocol,
        headers: headers(of)?,
        timeout: timeout(of)?,
        tls: tls(of)?,
    })
}

fn timeout(of: &Environment<'_>) -> Result<Duration, Unusable> {
    let Some((name, _)) = of.either("TIMEOUT") else { return Ok(Duration::from_secs(10)) };
    of.number(&name, 0).map(Duration::from_millis)
}

/// Names and values as `name=value,name=value`.
fn pairs(name: &str, text: &str) -> Result<Vec<(String, String)>, Unusable> {
    let wrong = || unusable(name, "expected NAME=VALUE, with commas between");
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
        let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| wrong())?;
        Ok((key.trim().to_owned(), value.into_owned()))
    };
    text.split(',').filter(|it| !it.trim().is_empty()).map(pair).collect()
}

fn headers(of: &Environment<'_>) -> Result<HeaderMap, Unusable> {
    let Some((variable, text)) = of.either("HEADERS") else { return Ok(HeaderMap::new()) };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(&variable, text)? {
        let wrong = || unusable(&variable, "one of its pairs is no header");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The files that the variables name, under the keys that name such files.
fn tls(of: &Environment<'_>) -> Result<Properties, Unusable> {
    let mut keys = Properties::new();
    let read = |name: &str, path: &str| {
        std::fs::read_to_string(path)
            .map_err(|error| unusable(name, format!("its file cannot be read: {error}")))
    };
    for (variable, store, key) in [
        ("CERTIFICATE", "ssl.truststore.type", "ssl.truststore.certificates"),
        ("CLIENT_CERTIFICATE", "ssl.keystore.type", "ssl.keystore.certificate.chain"),
        ("CLIENT_KEY", "ssl.keystore.type", "ssl.keystore.key"),
    ] {
        if let Some((name, path)) = of.either(variable) {
            keys.insert(store.to_owned(), "PEM".to_owned());
            keys.insert(key.to_owned(), read(&name, path)?);
        }
    }
    Ok(keys)
}

fn sampler(of: &Environment<'_>) -> Result<Sampler, Unusable> {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let ratio = || {
        const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
        let ratio = of.get(NAME).map_or(Ok(1.0), str::parse::<f64>);
        let ratio = ratio.ok().filter(|it| (0.0..=1.0).contains(it));
        ratio.ok_or_else(|| unusable(NAME, "expected a share from 0 to 1"))
    };
    let name = of.get(NAME).unwrap_or("parentbased_always_on");
    let (root, follows_parent) = match name.strip_prefix("parentbased_") {
        Some(root) => (root, true),
        None => (name, false),
    };
    let share = match root {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => ratio()?,
        _ => {
            let known = "expected always_on, always_off or traceidratio, or one of these behind parentbased_";
            return Err(unusable(NAME, known));
        }
    };
    Ok(Sampler::new(share, follows_parent))
}

/// What the specification asks for, what the user adds, and the name.
fn resource(of: &Environment<'_>, worker_id: &str) -> Result<BTreeMap<String, String>, Unusable> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let mut resource: BTreeMap<String, String> = [
        ("service.name", "unknown_service:sluice-worker"),
        ("service.instance.id", worker_id),
        ("telemetry.sdk.name", "sluice"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    resource.extend(of.get(NAME).map_or(Ok(Vec::new()), |it| pairs(NAME, it))?);
    if let Some(name) = of.get("OTEL_SERVICE_NAME") {
        resource.insert("service.name".to_owned(), name.to_owned());
    }
    Ok(resource)
}

#[cfg(test)]
mod tests;
