//! What is measured: workloads, and the forms in which each is run.

use crate::{
    part::Part,
    payload::{JSON, Payload},
    progress::Window,
};

/// One form of a workload.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) workload: Workload,
    pub(crate) name: &'static str,
    pub(crate) payload: Payload,
    pub(crate) partitions: u32,
    /// Cores of worker and broker.
    pub(crate) cores: Option<(&'static str, &'static str)>,
    /// Settings of the connector beyond the defaults.
    pub(crate) overrides: &'static [(&'static str, &'static str)],
}

/// What a connector does with the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Hands bytes to a sink that keeps nothing.
    W1,
    /// Reads JSON, applies transforms, and hands the outcome to a sink that keeps nothing.
    W2,
    /// Reads records whose schemas a registry holds, and hands them to a sink that keeps nothing.
    W3,
    /// Makes records and writes them to a topic.
    W4,
    /// Copies the lines of a file to a topic and from there to another file.
    W5,
    /// Writes records to a table of PostgreSQL.
    W7,
}

impl Workload {
    /// All, in the order of the report.
    pub(crate) const ALL: [Self; 6] = [Self::W1, Self::W2, Self::W3, Self::W4, Self::W5, Self::W7];

    /// Its heading in the report.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::W1 => "W1: null sink, bytes",
            Self::W2 => "W2: null sink, JSON and transforms",
            Self::W3 => "W3: null sink, Avro and Protobuf",
            Self::W4 => "W4: generating source",
            Self::W5 => "W5: file to topic to file",
            Self::W7 => "W7: rows of PostgreSQL",
        }
    }

    /// The part of a run that its figures are of.
    pub(crate) const fn window(self) -> Window {
        match self {
            Self::W1 | Self::W2 | Self::W3 | Self::W7 => Window::Tail,
            Self::W4 => Window::Middle,
            Self::W5 => Window::All,
        }
    }

    /// The workers' `offset.flush.interval.ms`: often where commits show the progress, else the default.
    pub(crate) const fn flush_interval(self) -> &'static str {
        match self {
            Self::W1 | Self::W2 | Self::W3 | Self::W7 => "200",
            Self::W4 | Self::W5 => "60000",
        }
    }
}

const PINNED: Option<(&str, &str)> = Some(("0", "1"));

/// Larger fetches and polls, as Kafka's documentation advises for throughput.
const TUNED: &[(&str, &str)] = &[
    ("consumer.override.max.poll.records", "5000"),
    ("consumer.override.max.partition.fetch.bytes", "4194304"),
    ("consumer.override.fetch.min.bytes", "1048576"),
    ("consumer.override.receive.buffer.bytes", "1048576"),
];

/// As a producer on its own is by default; Connect turns this off.
const IDEMPOTENT: &[(&str, &str)] = &[
    ("producer.override.enable.idempotence", "true"),
    ("producer.override.max.in.flight.requests.per.connection", "5"),
];

/// Adds a field, takes one away, masks one.
const THREE: &[(&str, &str)] = &[
    ("transforms", "add,remove,mask"),
    ("transforms.add.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.add.static.field", "origin"),
    ("transforms.add.static.value", "bench"),
    ("transforms.remove.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
    ("transforms.remove.exclude", "phone"),
    ("transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value"),
    ("transforms.mask.fields", "email"),
];

/// The three, and a key, a cast, new names and a topic, one of them under a predicate.
const EIGHT: &[(&str, &str)] = &[
    ("transforms", "add,remove,mask,key,id,cast,rename,route"),
    ("transforms.add.type", "org.apache.kafka.connect.transforms.InsertField$Value"),
    ("transforms.add.static.field", "origin"),
    ("transforms.add.static.value", "bench"),
    ("transforms.remove.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
    ("transforms.remove.exclude", "phone"),
    ("transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value"),
    ("transforms.mask.fields", "email"),
    ("transforms.key.type", "org.apache.kafka.connect.transforms.ValueToKey"),
    ("transforms.key.fields", "id"),
    ("transforms.id.type", "org.apache.kafka.connect.transforms.ExtractField$Key"),
    ("transforms.id.field", "id"),
    ("transforms.cast.type", "org.apache.kafka.connect.transforms.Cast$Value"),
    ("transforms.cast.spec", "total:float32"),
    ("transforms.rename.type", "org.apache.kafka.connect.transforms.ReplaceField$Value"),
    ("transforms.rename.renames", "total:amount,paid:is_paid"),
    ("transforms.route.type", "org.apache.kafka.connect.transforms.RegexRouter"),
    ("transforms.route.regex", "json-(.*)"),
    ("transforms.route.replacement", "orders-$1"),
    ("transforms.route.predicate", "is-json"),
    ("predicates", "is-json"),
    ("predicates.is-json.type", "org.apache.kafka.connect.transforms.predicates.TopicNameMatches"),
    ("predicates.is-json.pattern", "json-.*"),
];

/// Debezium's sink with its defaults.
const INSERT: &[(&str, &str)] = &[("insert.mode", "insert")];
const UPSERT: &[(&str, &str)] = &[("insert.mode", "upsert")];
/// Four tasks for four partitions.
const INSERT_BY_FOUR: &[(&str, &str)] = &[("insert.mode", "insert"), ("tasks.max", "4")];
const UPSERT_BY_FOUR: &[(&str, &str)] = &[("insert.mode", "upsert"), ("tasks.max", "4")];
/// Larger batches, and what Debezium and the driver of Java have to write them in fewer statements.
const INSERT_TUNED: &[(&str, &str)] = &[
    ("insert.mode", "insert"),
    ("batch.size", "5000"),
    ("consumer.override.max.poll.records", "5000"),
    ("dialect.postgres.unnest.insert.enabled", "true"),
];
const UPSERT_TUNED: &[(&str, &str)] = &[
    ("insert.mode", "upsert"),
    ("batch.size", "5000"),
    ("consumer.override.max.poll.records", "5000"),
    ("dialect.postgres.unnest.insert.enabled", "true"),
];

impl Scenario {
    /// The part of the measurement that it belongs to.
    pub(crate) const fn part(&self) -> Part {
        match (self.workload, self.payload) {
            (Workload::W7, _) => Part::Rows,
            (_, Payload::Avro | Payload::Protobuf) => Part::Registry,
            _ => Part::Throughput,
        }
    }

    /// Whether rows that are there already are written again.
    pub(crate) fn upserts(&self) -> bool {
        self.overrides.contains(&("insert.mode", "upsert"))
    }
}

/// All that is measured, in order.
pub(crate) fn all() -> Vec<Scenario> {
    [read(), made(), copied(), rows()].concat()
}

const fn pinned(workload: Workload, name: &'static str, payload: Payload) -> Scenario {
    Scenario { workload, name, payload, partitions: 1, cores: PINNED, overrides: &[] }
}

/// W1 to W3.
fn read() -> Vec<Scenario> {
    let bytes = |name, size| pinned(Workload::W1, name, Payload::Bytes(size));
    let json =
        |name, payload, overrides| Scenario { overrides, ..pinned(Workload::W2, name, payload) };
    let registered =
        |name, payload, overrides| Scenario { overrides, ..pinned(Workload::W3, name, payload) };
    vec![
        bytes("1 partition, pinned", 100),
        Scenario { partitions: 8, ..bytes("8 partitions, pinned", 100) },
        Scenario { overrides: TUNED, ..bytes("1 partition, tuned, pinned", 100) },
        Scenario { cores: None, ..bytes("1 partition, unpinned", 100) },
        bytes("1 KiB, 1 partition, pinned", 1024),
        json("with schema", Payload::JsonWithSchema, &[]),
        json("with schema, 3 transforms", Payload::JsonWithSchema, THREE),
        json("with schema, 8 transforms and a predicate", Payload::JsonWithSchema, EIGHT),
        json("schemaless", Payload::Json, &[]),
        json("schemaless, 3 transforms", Payload::Json, THREE),
        json("schemaless, 8 transforms and a predicate", Payload::Json, EIGHT),
        registered("Avro", Payload::Avro, &[]),
        registered("Avro, 3 transforms", Payload::Avro, THREE),
        registered("Protobuf", Payload::Protobuf, &[]),
        registered("Protobuf, 3 transforms", Payload::Protobuf, THREE),
    ]
}

/// W4.
fn made() -> Vec<Scenario> {
    let source = |name, payload| pinned(Workload::W4, name, payload);
    vec![
        source("100 bytes", Payload::Bytes(100)),
        Scenario { overrides: IDEMPOTENT, ..source("100 bytes, idempotent", Payload::Bytes(100)) },
        source("1 KiB", Payload::Bytes(1024)),
        source("JSON with schema", Payload::JsonWithSchema),
        source("Avro", Payload::Avro),
        source("Protobuf", Payload::Protobuf),
    ]
}

/// W5.
fn copied() -> Vec<Scenario> {
    let files = |name| pinned(Workload::W5, name, Payload::Line);
    let json = &[("value.converter", JSON)];
    vec![files("lines as text"), Scenario { overrides: json, ..files("lines as JSON with schema") }]
}

/// W7.
fn rows() -> Vec<Scenario> {
    let rows = |name, columns, partitions, overrides| Scenario {
        partitions,
        cores: None,
        overrides,
        ..pinned(Workload::W7, name, Payload::Row(columns))
    };
    vec![
        rows("insert, 4 columns", 4, 1, INSERT),
        rows("insert, 4 columns, 4 tasks", 4, 4, INSERT_BY_FOUR),
        rows("insert, 4 columns, tuned", 4, 1, INSERT_TUNED),
        rows("insert, 40 columns", 40, 1, INSERT),
        rows("insert, 40 columns, 4 tasks", 40, 4, INSERT_BY_FOUR),
        rows("upsert, 4 columns", 4, 1, UPSERT),
        rows("upsert, 4 columns, 4 tasks", 4, 4, UPSERT_BY_FOUR),
        rows("upsert, 4 columns, tuned", 4, 1, UPSERT_TUNED),
        rows("upsert, 40 columns", 40, 1, UPSERT),
        rows("upsert, 40 columns, 4 tasks", 40, 4, UPSERT_BY_FOUR),
    ]
}
