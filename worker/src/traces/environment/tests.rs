//! What variables mean, and what is said of those that mean nothing.

use super::*;

fn parse(variables: &[(&str, &str)]) -> Result<Option<Variables>, Unusable> {
    let environment =
        variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Variables::parse(&environment, "w:8083")
}

#[test]
fn without_variables_the_collector_is_on_this_machine() {
    let all = parse(&[]).unwrap().unwrap();
    assert_eq!(all.collector.url, "http://localhost:4318/v1/traces");
    assert_eq!(all.collector.timeout, Duration::from_secs(10));
    assert_eq!(all.sampler, Sampler::new(1.0, true));
    assert_eq!((all.room, all.batch, all.delay), (2048, 512, Duration::from_secs(5)));
    assert_eq!(all.resource["service.name"], "unknown_service:sluice-worker");
    assert_eq!(all.resource["service.instance.id"], "w:8083");
}

#[test]
fn the_endpoint_says_where_and_how() {
    const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
    let grpc = |base: &str| (format!("{base}{EXPORT}"), Protocol::Grpc);
    let http = |url: &str| (url.to_owned(), Protocol::Http);
    for (variables, expected) in [
        (&[(ALL, "http://c:4318")][..], http("http://c:4318/v1/traces")),
        (&[(ALL, "https://c/otlp/")][..], http("https://c/otlp/v1/traces")),
        (&[(ALL, "http://c:1"), (TRACES, "http://t:2/x")][..], http("http://t:2/x")),
        (&[(TRACES, "http://t:2")][..], http("http://t:2/")),
        // Strimzi's documentation writes it so.
        (&[(ALL, "http://c:4317")][..], grpc("http://c:4317")),
        (
            &[(ALL, "http://c:4317"), (PROTOCOL, "http/protobuf")][..],
            http("http://c:4317/v1/traces"),
        ),
        (&[(ALL, "http://c:99"), (PROTOCOL, "grpc")][..], grpc("http://c:99")),
        (
            &[(ALL, "http://c:99"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")][..],
            grpc("http://c:99"),
        ),
    ] {
        let collector = parse(variables).unwrap().unwrap().collector;
        assert_eq!((collector.url.to_string(), collector.protocol), expected, "{variables:?}");
    }
}

#[test]
fn attributes_and_headers_are_pairs() {
    let all = parse(&[
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,team=a%2Cb, zone = 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20eA==,x=y"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
    ])
    .unwrap()
    .unwrap();
    assert_eq!(all.resource["service.name"], "shop");
    assert_eq!((&*all.resource["team"], &*all.resource["zone"]), ("a,b", "1"));
    assert_eq!(all.collector.headers["authorization"], "Basic eA==");
    assert_eq!(all.collector.timeout, Duration::from_millis(250));
    assert!(!format!("{all:?}").contains("eA=="));
}

#[test]
fn samplers_have_names() {
    let ratio = ("OTEL_TRACES_SAMPLER_ARG", "0.25");
    for (name, expected) in [
        ("always_on", Sampler::new(1.0, false)),
        ("always_off", Sampler::new(0.0, false)),
        ("traceidratio", Sampler::new(0.25, false)),
        ("parentbased_always_off", Sampler::new(0.0, true)),
        ("parentbased_traceidratio", Sampler::new(0.25, true)),
    ] {
        let all = parse(&[("OTEL_TRACES_SAMPLER", name), ratio]).unwrap().unwrap();
        assert_eq!(all.sampler, expected, "{name}");
    }
}

#[test]
fn traces_can_be_switched_off() {
    for variable in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        assert_eq!(parse(&[variable]), Ok(None));
    }
}

#[test]
fn what_cannot_be_used_is_named_and_not_repeated() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:hush"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://hush"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/hush"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hush"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=hush%0A"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "hush"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/hush"),
        ("OTEL_TRACES_EXPORTER", "hush"),
        ("OTEL_PROPAGATORS", "hush"),
        ("OTEL_TRACES_SAMPLER", "hush"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "hush"),
    ] {
        let error = parse(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("hush"), "{error}");
    }
    let ratio = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
    let error = parse(&ratio).unwrap_err().to_string();
    assert!(error.contains("OTEL_TRACES_SAMPLER_ARG"), "{error}");
}
