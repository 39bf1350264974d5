//! What a sink of rows is asked for.

use serde_json::{Value, json};

use super::records::{
    Field, bytes, change, decimal, keyed, named, optional, plain, tombstone, value,
};
use crate::worker::dead_letters::records::Record;

/// Records of one topic, and a sink for them.
#[derive(Clone)]
pub(super) struct Scenario {
    /// Part of the names of topic, connector and tables; no other scenario's name holds it.
    pub(super) name: &'static str,
    /// Statements that come first.
    pub(super) before: &'static [&'static str],
    pub(super) settings: &'static [(&'static str, &'static str)],
    pub(super) records: Vec<Record>,
}

impl Scenario {
    fn of(
        name: &'static str,
        settings: &'static [(&'static str, &'static str)],
        records: Vec<Record>,
    ) -> Self {
        Self { name, before: &[], settings, records }
    }

    pub(super) fn topic(&self) -> String {
        format!("rows_{}", self.name)
    }

    pub(super) fn connector(&self, side: &str) -> String {
        format!("{}-{side}", self.name)
    }
}

const BASIC: (&str, &str) = ("schema.evolution", "basic");
const BY_ID: [(&str, &str); 2] =
    [("primary.key.mode", "record_value"), ("primary.key.fields", "id")];
const BY_KEY: (&str, &str) = ("primary.key.mode", "record_key");
const UPSERT: (&str, &str) = ("insert.mode", "upsert");

fn id(number: i64) -> [Field; 1] {
    [plain("id", "int64", json!(number))]
}

fn order(number: i64, customer: &str, total: i64) -> [Field; 3] {
    [
        plain("id", "int64", json!(number)),
        optional("customer", "string", json!(customer)),
        decimal("total", Some(total)),
    ]
}

/// A row of every type; the numbers decide what it holds.
fn every_type(number: i64, numbers: [i64; 4], real: f64, text: Option<&str>) -> Vec<Field> {
    let [tiny, small, int, big] = numbers;
    let maybe = |value: Value| if text.is_some() { value } else { Value::Null };
    vec![
        plain("id", "int64", json!(number)),
        plain("tiny", "int8", json!(tiny)),
        plain("small", "int16", json!(small)),
        plain("int4", "int32", json!(int)),
        optional("big", "int64", maybe(json!(big))),
        optional("single", "float", maybe(json!(real as f32))),
        optional("twice", "double", maybe(json!(real))),
        optional("yes", "boolean", maybe(json!(number % 2 == 0))),
        optional("words", "string", text.map_or(Value::Null, |it| json!(it))),
        optional("raw", "bytes", maybe(bytes(text.unwrap_or_default().as_bytes()))),
        decimal("price", text.map(|_| big % 10_000_000_000)),
        named("day", "int32", "org.apache.kafka.connect.data.Date", maybe(json!(int % 40_000))),
        named(
            "clock",
            "int32",
            "org.apache.kafka.connect.data.Time",
            maybe(json!(int.rem_euclid(86_400_000))),
        ),
        named(
            "moment",
            "int64",
            "org.apache.kafka.connect.data.Timestamp",
            maybe(json!(big % 4_000_000_000_000)),
        ),
    ]
}

fn every_row() -> Vec<Record> {
    let rows = [
        every_type(1, [0, 0, 0, 0], 0.0, Some("")),
        every_type(
            2,
            [127, 32_767, 2_147_483_647, i64::MAX],
            f64::MAX.sqrt(),
            Some("é 😀 \" ' \\ \t"),
        ),
        every_type(3, [-128, -32_768, -2_147_483_648, i64::MIN + 1], -1.5e-30, Some("a\nb")),
        every_type(4, [1, 2, 3, 4], 0.1, None),
        every_type(5, [5, 6, 7, 1_700_000_000_123], 1e16, Some(r"\N")),
    ];
    rows.iter().map(|it| value(it)).collect()
}

/// Types that Debezium's sources have beside Connect's.
fn debezium_types(number: i64) -> Vec<Field> {
    let micros = 1_700_000_000_123_456_i64 + number;
    vec![
        plain("id", "int64", json!(number)),
        named("day", "int32", "io.debezium.time.Date", json!(19_000 + number)),
        named("clock_ms", "int32", "io.debezium.time.Time", json!(45_296_789)),
        named("clock_us", "int64", "io.debezium.time.MicroTime", json!(45_296_789_012_i64)),
        named("moment_ms", "int64", "io.debezium.time.Timestamp", json!(micros / 1000)),
        named("moment_us", "int64", "io.debezium.time.MicroTimestamp", json!(micros)),
        named(
            "zoned",
            "string",
            "io.debezium.time.ZonedTimestamp",
            json!("2024-02-29T12:34:56.789+02:00"),
        ),
        named(
            "document",
            "string",
            "io.debezium.data.Json",
            json!(r#"{"b": 1, "a": [true, null]}"#),
        ),
        named(
            "ident",
            "string",
            "io.debezium.data.Uuid",
            json!("0d3f0c3a-6f0e-4b52-9f6f-0123456789ab"),
        ),
        named("kind", "string", "io.debezium.data.Enum", json!("red")),
    ]
}

/// All scenarios.
pub(super) fn all() -> Vec<Scenario> {
    [keys(), changes(), tables(), fields()].concat()
}

/// Orders without a key of their own.
fn orders() -> Vec<Record> {
    (1..4).map(|it| value(&order(it, "Ada", it * 100))).collect()
}

/// Where the key comes from, and what is done about rows that have it.
fn keys() -> Vec<Scenario> {
    let again = |it: i64| order(it % 7, "Zoë", it);
    let deleted = |it: i64| {
        let key = id(it % 7);
        if it % 5 == 0 { tombstone(&key) } else { keyed(&key, &again(it)) }
    };
    vec![
        Scenario::of("no_key", &[BASIC], every_row()),
        Scenario::of("kafka_key", &[BASIC, ("primary.key.mode", "kafka")], orders()),
        Scenario::of(
            "upsert_value",
            &[BASIC, UPSERT, BY_ID[0], BY_ID[1]],
            (1..40).map(|it| value(&again(it))).collect(),
        ),
        Scenario::of(
            "upsert_key",
            &[BASIC, UPSERT, BY_KEY],
            (1..40).map(|it| keyed(&id(it % 7), &again(it))).collect(),
        ),
        Scenario::of(
            "deletes",
            &[BASIC, UPSERT, BY_KEY, ("delete.enabled", "true")],
            (1..40).map(deleted).collect(),
        ),
    ]
}

/// Changes of another database's table, as Debezium's sources tell them.
fn changes() -> Vec<Scenario> {
    let eve = order(3, "Eve", 300);
    let records = vec![
        change("r", &id(1), &[], &order(1, "Ada", 100)),
        change("c", &id(2), &[], &order(2, "Zoë", 200)),
        change("c", &id(3), &[], &eve),
        change("u", &id(2), &order(2, "Zoë", 200), &order(2, "Zoë", 250)),
        change("d", &id(3), &eve, &[]),
        tombstone(&id(3)),
        change("c", &id(4), &[], &order(4, "Kim", 400)),
    ];
    vec![Scenario::of("changes", &[BASIC, UPSERT, BY_KEY, ("delete.enabled", "true")], records)]
}

/// Tables that are there already, that have names of their own, or that get more columns.
fn tables() -> Vec<Scenario> {
    let evolving = |it: i64| {
        let mut row = Vec::from(order(it, "Ada", it));
        if it > 3 {
            row.push(optional("note", "string", json!("later")));
        }
        if it > 6 {
            row.push(optional("weight", "double", json!(0.5)));
        }
        value(&row)
    };
    let quoted = |it: i64| {
        value(&[
            plain("Id", "int64", json!(it)),
            optional("Order", "string", json!("select")),
            optional("with space", "string", json!("x")),
        ])
    };
    let own = |before, scenario| Scenario { before, ..scenario };
    vec![
        own(
            &[
                "CREATE TABLE rows_updates (id bigint PRIMARY KEY, customer text, total decimal(12,2), own text)",
                "INSERT INTO rows_updates VALUES (1, 'old', 1, 'kept'), (2, 'old', 2, 'kept')",
            ],
            Scenario::of(
                "updates",
                &[("insert.mode", "update"), BY_KEY],
                (1..4).map(|it| keyed(&id(it), &order(it, "new", it * 1000))).collect(),
            ),
        ),
        own(
            &[
                "CREATE TABLE rows_wider (id numeric(20) PRIMARY KEY, customer varchar(50), total numeric, own int DEFAULT 7)",
            ],
            Scenario::of("wider", &BY_ID, orders()),
        ),
        own(
            &["CREATE SCHEMA shop"],
            Scenario::of(
                "elsewhere",
                &[BASIC, BY_ID[0], BY_ID[1], ("collection.name.format", "shop.elsewhere")],
                orders(),
            ),
        ),
        Scenario::of("evolves", &[BASIC, BY_ID[0], BY_ID[1]], (1..9).map(evolving).collect()),
        Scenario::of(
            "quoted",
            &[
                BASIC,
                UPSERT,
                ("quote.identifiers", "true"),
                ("collection.name.format", "Rows_Quoted"),
                ("primary.key.mode", "record_value"),
                ("primary.key.fields", "Id"),
            ],
            (1..4).map(quoted).collect(),
        ),
    ]
}

/// What fields become columns, and what they hold.
fn fields() -> Vec<Scenario> {
    const SOME: (&str, &str) = ("field.include.list", "rows_some_fields:id,rows_some_fields:total");
    const OTHERS: (&str, &str) = ("field.exclude.list", "rows_without:customer");
    let with_defaults = |it: i64| {
        let size = json!({"type": "int32", "optional": true, "default": 42});
        let word = json!({"type": "string", "optional": true, "default": "it's"});
        let given = |value: Value| if it == 2 { Value::Null } else { value };
        value(&[
            plain("id", "int64", json!(it)),
            Field("size", size, given(json!(it))),
            Field("word", word, given(json!("given"))),
        ])
    };
    vec![
        Scenario::of("every_type", &[BASIC, BY_ID[0], BY_ID[1]], every_row()),
        Scenario::of("some_fields", &[BASIC, BY_ID[0], BY_ID[1], SOME], orders()),
        Scenario::of("without", &[BASIC, BY_ID[0], BY_ID[1], OTHERS], orders()),
        Scenario::of("defaults", &[BASIC, BY_ID[0], BY_ID[1]], (1..4).map(with_defaults).collect()),
        Scenario::of(
            "debeziums",
            &[BASIC, BY_ID[0], BY_ID[1]],
            (1..4).map(|it| value(&debezium_types(it))).collect(),
        ),
    ]
}
