//! The framework's keys over plugins of a fake worker.

use super::*;
use crate::{ConfigKey, Default, Importance, Report, Type, Validator};

/// Knows one transformation with a key, an abstract one, one predicate and one converter.
#[derive(Debug)]
struct Fake;

const RENAME: &str = "x.Rename";

impl Classes for Fake {
    fn find(&self, name: &str) -> Option<String> {
        let full = if name.contains('.') { name.to_owned() } else { format!("x.{name}") };
        ["x.Rename", "x.Cast", "x.Cast$Key", "x.IsOdd", "x.Json"]
            .contains(&full.as_str())
            .then_some(full)
    }
}

impl Plugins for Fake {
    fn classes(&self, kind: Kind) -> Vec<String> {
        let classes: &[&str] = match kind {
            Kind::Transformation => &["x.Cast$Key", RENAME],
            Kind::Predicate => &["x.IsOdd"],
            Kind::Converter | Kind::HeaderConverter => &["x.Json"],
            Kind::Connector => &[],
        };
        classes.iter().map(|it| (*it).to_owned()).collect()
    }

    fn version(&self, kind: Kind, class: &str) -> Option<String> {
        self.classes(kind).iter().any(|it| it == class).then(|| "1.0".to_owned())
    }

    fn definition(&self, kind: Kind, class: &str) -> Option<ConfigDef> {
        self.version(kind, class)?;
        let key = |name, default| {
            ConfigKey::new(name, Type::String, default, Importance::Low, "")
                .valid(Validator::NonEmpty)
        };
        Some(ConfigDef { keys: vec![key("to", Default::Required), key("negate", Default::Null)] })
    }
}

fn nullable(pairs: &[(&str, &str)]) -> Nullable {
    let all = [("name", "a"), ("connector.class", "Sink"), ("topics", "t")];
    let is_set = |key: &str| !pairs.contains(&(key, "UNSET"));
    all.iter()
        .chain(pairs)
        .filter(|(key, _)| is_set(key))
        .map(|(key, value)| ((*key).to_owned(), (*value != "NULL").then(|| (*value).to_owned())))
        .collect()
}

fn report(pairs: &[(&str, &str)]) -> Report {
    let settings = nullable(pairs);
    let worker = Properties::from([("value.converter".to_owned(), "Json".to_owned())]);
    let around = Surroundings { plugins: Arc::new(Fake), worker: &worker, settings: &settings };
    let definition = sink_definition(&around);
    let mut report = Report::with_classes(&definition, &settings, &Fake);
    check_topics(&settings, &mut report).unwrap();
    report
}

fn errors(pairs: &[(&str, &str)]) -> Vec<String> {
    report(pairs).errors().map(str::to_owned).collect()
}

#[test]
fn a_sink_reads_a_list_or_a_pattern() {
    const DEAD: &str = "errors.deadletterqueue.topic.name";
    let neither = "Must configure one of topics or topics.regex";
    let both = "topics and topics.regex are mutually exclusive options, but both are set.";
    for (pairs, expected) in [
        (vec![], vec![]),
        (vec![("topics", "UNSET"), ("topics.regex", "a.*")], vec![]),
        (vec![("topics", " ")], vec![neither, neither]),
        (vec![("topics.regex", "b")], vec![both, both]),
        (vec![("topics", "a,,b")], vec!["Configuration 'topics' values must not be empty."]),
        (
            vec![("topics", "a, b"), (DEAD, " b ")],
            vec![
                "The DLQ topic 'b' may not be included in the list of topics ('topics=[a, b]') consumed by the connector",
            ],
        ),
        (
            vec![("topics", "UNSET"), ("topics.regex", "d"), (DEAD, "d")],
            vec![
                "The DLQ topic 'd' may not be matched by the regex for the topics ('topics.regex=d') consumed by the connector",
            ],
        ),
    ] {
        assert_eq!(errors(&pairs), expected, "{pairs:?}");
    }
}

#[test]
fn values_are_checked_with_javas_words() {
    for (key, value, expected) in [
        (
            "tasks.max",
            "0",
            vec!["Invalid value 0 for configuration tasks.max: Value must be at least 1"],
        ),
        (
            "tasks.max",
            "x",
            vec![
                "Invalid value x for configuration tasks.max: Not a number of type INT",
                "Invalid value null for configuration tasks.max: Value must be non-null",
            ],
        ),
        ("name", "", vec!["Invalid value  for configuration name: String may not be empty"]),
        ("connector.plugin.version", "[x", vec!["Unbounded range: [x"]),
        (
            "key.converter",
            "y",
            vec!["Invalid value y for configuration key.converter: Class y could not be found."],
        ),
        (
            "key.converter",
            "Rename",
            vec!["Class class x.Rename does not implement the Converter interface"],
        ),
        (
            "errors.tolerance",
            "ALL",
            vec![
                "Invalid value ALL for configuration errors.tolerance: String must be one of: none, all",
            ],
        ),
        (
            "transforms",
            "NULL",
            vec!["Invalid value null for configuration transforms: entry must be non null"],
        ),
        (
            "predicates",
            "NULL",
            vec!["Invalid value null for configuration predicates: entry must be non null"],
        ),
    ] {
        assert_eq!(errors(&[(key, value)]), expected, "{key}={value}");
    }
}

#[test]
fn aliases_bring_keys_of_their_own() {
    let report = report(&[
        ("transforms", "a"),
        ("transforms.a.type", "Rename"),
        ("transforms.a.to", ""),
        ("transforms.a.predicate", "p"),
        ("transforms.a.negate", "x"),
        ("predicates", "p"),
        ("predicates.p.type", "x.IsOdd"),
    ]);
    let own: Vec<&str> = report
        .values
        .iter()
        .map(|it| it.name.as_str())
        .filter(|it| it.starts_with("transforms.") || it.starts_with("predicates."))
        .collect();
    assert_eq!(
        own,
        [
            "transforms.a.type",
            "transforms.a.plugin.version",
            "transforms.a.to",
            "transforms.a.negate",
            "transforms.a.predicate",
            "predicates.p.type",
            "predicates.p.plugin.version",
            "predicates.p.to",
            "predicates.p.negate",
        ]
    );
    let errors: Vec<&str> = report.errors().collect();
    assert_eq!(
        errors,
        [
            "Invalid value  for configuration to: String must be non-empty",
            "Invalid value x for configuration transforms.a.negate: Expected value to be either true or false",
            "Missing required configuration \"predicates.p.to\" which has no default value.",
        ]
    );
    let value = report.value("transforms.a.type").unwrap();
    assert_eq!(value.value.as_deref(), Some(RENAME));
    assert_eq!(value.recommended, ["x.Cast$Key", RENAME]);
    assert_eq!(report.value("transforms.a.plugin.version").unwrap().recommended, ["1.0"]);
}

#[test]
fn aliases_that_cannot_be_used_are_told_at_their_type() {
    let negated = "Config 'transforms.a.negate' was provided but there is no config 'transforms.a.predicate' defining a \
                   predicate to be negated.";
    for (more, expected) in [
        (
            vec![],
            vec![
                "Missing required configuration \"transforms.a.type\" which has no default value.",
            ],
        ),
        (
            vec![("transforms.a.type", "y")],
            vec![
                "Invalid value y for configuration transforms.a.type: Class y could not be found.",
            ],
        ),
        (
            vec![("transforms.a.type", "IsOdd")],
            vec!["Class class x.IsOdd does not implement the Transformation interface"],
        ),
        (
            vec![("transforms.a.type", "Cast")],
            vec!["This class is abstract and cannot be created. Did you mean x.Cast$Key?"],
        ),
        (
            vec![
                ("transforms.a.type", "Rename"),
                ("transforms.a.negate", "true"),
                ("transforms.a.to", "b"),
            ],
            vec![negated],
        ),
        (
            vec![("transforms.a.type", "Rename"), ("transforms.a.plugin.version", "2")],
            vec![
                "Plugin x.Rename not found that matches the version range [2,2], available versions: [1.0]";
                2
            ],
        ),
        (
            vec![("transforms", "a,a"), ("transforms.a.type", "Rename"), ("transforms.a.to", "b")],
            vec!["Invalid value [a, a] for configuration transforms: Duplicate alias provided."],
        ),
    ] {
        let pairs = [vec![("transforms", "a")], more].concat();
        assert_eq!(errors(&pairs), expected, "{pairs:?}");
    }
}

#[test]
fn predicates_that_cannot_be_used_are_told_at_their_type() {
    for (more, expected) in [
        (
            vec![],
            vec![
                "Missing required configuration \"predicates.p.type\" which has no default value.",
            ],
        ),
        (
            vec![("predicates.p.type", "y")],
            vec![
                "Invalid value y for configuration predicates.p.type: Class y could not be found.",
            ],
        ),
        (
            vec![("predicates.p.type", "Rename")],
            vec!["Class class x.Rename does not implement the Predicate interface"],
        ),
        (
            vec![("predicates.p.type", "IsOdd"), ("predicates.p.to", "")],
            vec!["Invalid value  for configuration to: String must be non-empty"],
        ),
        (vec![("predicates.p.type", "IsOdd"), ("predicates.p.to", "b")], vec![]),
        // A predicate may be used that `predicates` does not name.
        (
            vec![
                ("predicates", "UNSET"),
                ("predicates.p.type", "IsOdd"),
                ("transforms", "a"),
                ("transforms.a.type", "Rename"),
                ("transforms.a.to", "b"),
                ("transforms.a.predicate", "p"),
            ],
            vec![],
        ),
    ] {
        let pairs = [vec![("predicates", "p")], more].concat();
        assert_eq!(errors(&pairs), expected, "{pairs:?}");
    }
}

#[test]
fn a_worker_s_converter_is_the_default() {
    let report = report(&[]);
    let value = report.value("value.converter").unwrap();
    assert_eq!(value.value.as_deref(), Some("x.Json"));
    assert_eq!(
        report.value("value.converter.plugin.version").unwrap().value.as_deref(),
        Some("1.0")
    );
    let key = report.value("key.converter.plugin.version").unwrap();
    assert!(!key.is_visible && key.value.is_none());
}

#[test]
fn sources_have_keys_of_their_own() {
    let settings = nullable(&[
        ("topic.creation.groups", "a,a"),
        ("exactly.once.support", "x"),
        ("transaction.boundary", "INTERVAL"),
        ("transaction.boundary.interval.ms", "-1"),
        ("offsets.storage.topic", ""),
    ]);
    let worker = Properties::new();
    let around = Surroundings { plugins: Arc::new(Fake), worker: &worker, settings: &settings };
    let report = Report::with_classes(&source_definition(&around), &settings, &Fake);
    let errors: Vec<&str> = report.errors().collect();
    assert_eq!(
        errors,
        [
            "Invalid value [a, a] for configuration topic.creation.groups: Duplicate alias provided.",
            "Invalid value x for configuration exactly.once.support: String must be one of (case insensitive): REQUIRED, \
             REQUESTED",
            "Invalid value -1 for configuration transaction.boundary.interval.ms: Value must be at least 0",
            "Invalid value  for configuration offsets.storage.topic: String must be non-empty",
        ]
    );
}
