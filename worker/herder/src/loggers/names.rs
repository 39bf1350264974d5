//! Names of loggers: modules of this program, and what Kafka Connect calls the same places.

/// The logger above all others; Log4j also names it by nothing.
pub(super) const ROOT: &str = "root";

/// What Kafka Connect calls a module and all below it. Each name stands for one module.
const PLACES: [(&str, &str); 19] = [
    ("sluice_connector_file", "org.apache.kafka.connect.file"),
    ("sluice_connector_tools", "org.apache.kafka.connect.tools"),
    ("sluice_converters", "org.apache.kafka.connect.json"),
    ("sluice_engine", "org.apache.kafka.connect.runtime.Worker"),
    ("sluice_engine::offsets", "org.apache.kafka.connect.storage.KafkaOffsetBackingStore"),
    ("sluice_engine::reporters", "org.apache.kafka.connect.runtime.errors.LogReporter"),
    ("sluice_engine::sink", "org.apache.kafka.connect.runtime.WorkerSinkTask"),
    ("sluice_engine::source", "org.apache.kafka.connect.runtime.WorkerSourceTask"),
    ("sluice_group", "org.apache.kafka.connect.runtime.distributed.WorkerCoordinator"),
    ("sluice_herder", "org.apache.kafka.connect.runtime.distributed.DistributedHerder"),
    ("sluice_herder::store", "org.apache.kafka.connect.storage.KafkaConfigBackingStore"),
    ("sluice_kafka", "org.apache.kafka.clients.NetworkClient"),
    ("sluice_kafka::consumer", "org.apache.kafka.clients.consumer.KafkaConsumer"),
    ("sluice_kafka::log", "org.apache.kafka.connect.util.KafkaBasedLog"),
    ("sluice_kafka::producer", "org.apache.kafka.clients.producer.KafkaProducer"),
    ("sluice_providers", "org.apache.kafka.common.config.provider"),
    ("sluice_rest", "org.apache.kafka.connect.runtime.rest.RestServer"),
    ("sluice_transforms", "org.apache.kafka.connect.transforms"),
    ("sluice_worker", "org.apache.kafka.connect.cli.ConnectDistributed"),
];

/// Names that are there from the beginning.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|(_, java)| *java)
}

/// One spelling for the root.
pub(super) fn canonical(name: &str) -> &str {
    if name.is_empty() || name.eq_ignore_ascii_case(ROOT) { ROOT } else { name }
}

/// Whether a level that is set for `namespace` replaces that of `name`. Like Log4j, takes any beginning of a name.
pub(super) fn is_below(name: &str, namespace: &str) -> bool {
    namespace == ROOT || name.starts_with(namespace) || ancestors(name).contains(&namespace)
}

/// A logger and those above it, nearest first, without the root. A module is below what Kafka Connect calls its place, and
/// that below the modules around the place.
pub(super) fn ancestors(name: &str) -> Vec<&str> {
    let Some((module, java)) = place(name) else {
        return prefixes(name, if name.contains("::") { "::" } else { "." }).collect();
    };
    let inside = prefixes(name, "::").filter(|it| name != java && it.len() >= module.len());
    let around = prefixes(module, "::").skip(1);
    inside.chain([java]).chain(around).chain(prefixes(java, ".").skip(1)).collect()
}

/// The place that a name means or is in.
fn place(name: &str) -> Option<(&'static str, &'static str)> {
    let is_inside = |module: &str| {
        name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let places = PLACES.iter().filter(|(module, java)| *java == name || is_inside(module));
    places.max_by_key(|(module, _)| module.len()).copied()
}

/// A name and what is left of it without its last parts.
fn prefixes<'a>(name: &'a str, separator: &'static str) -> impl Iterator<Item = &'a str> {
    std::iter::successors(Some(name), move |it| it.rsplit_once(separator).map(|(rest, _)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_below_what_kafka_connect_calls_its_place() {
        const RUNTIME: [&str; 5] = [
            "org.apache.kafka.connect.runtime",
            "org.apache.kafka.connect",
            "org.apache.kafka",
            "org.apache",
            "org",
        ];
        let sink = "org.apache.kafka.connect.runtime.WorkerSinkTask";
        let worker = "org.apache.kafka.connect.runtime.Worker";
        for (name, expected) in [
            ("hyper::proto", vec!["hyper::proto", "hyper"]),
            ("com.example", vec!["com.example", "com"]),
            (
                "sluice_engine::sink::commit",
                vec!["sluice_engine::sink::commit", "sluice_engine::sink", sink, "sluice_engine"],
            ),
            ("sluice_engine::sinking", vec!["sluice_engine::sinking", "sluice_engine", worker]),
            (sink, vec![sink, "sluice_engine"]),
        ] {
            let is_ours = name.contains("sluice") || name == sink;
            let above = if is_ours { RUNTIME.to_vec() } else { Vec::new() };
            assert_eq!(ancestors(name), [expected, above].concat(), "{name}");
        }
    }

    #[test]
    fn each_name_stands_for_one_module() {
        let names: std::collections::BTreeSet<_> = known().collect();
        assert_eq!(names.len(), PLACES.len());
    }

    #[test]
    fn the_page_about_logging_has_each_name() {
        let page = include_str!("../../../../docs/logging.md");
        for (module, java) in PLACES {
            assert!(page.contains(&format!("| `{java}` | `{module}` |")), "{java}");
        }
    }
}
