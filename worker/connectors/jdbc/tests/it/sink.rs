//! The sink: what records leave in tables.

mod conformance;
mod connections;
mod model;
mod records;
mod refusals;
mod rules;

use std::sync::{Arc, Mutex};

use sluice_jdbc::{AivenJdbcSink, ConfluentJdbcSink, DebeziumJdbcSink, Dialect};
use sluice_plugin::{
    AnySinkConnector, ErrantRecordReporter, Error, Properties, Reported, Result, SinkContext,
    SinkTask, model::SinkRecord,
};

use crate::bed::Bed;
use records::{At as _, Row, int, record, row, text, tombstone};

/// Keeps what is reported.
#[derive(Default)]
struct Letters(Mutex<Vec<(i64, String)>>);

impl ErrantRecordReporter for Letters {
    fn report(&self, record: &SinkRecord, error: Error) -> Result<Reported> {
        self.0.lock().expect("letters").push((record.original_offset(), error.to_string()));
        Ok(Box::pin(async { Ok(()) }))
    }
}

impl Letters {
    fn offsets(&self) -> Vec<i64> {
        self.0.lock().expect("letters").iter().map(|it| it.0).collect()
    }

    fn texts(&self) -> String {
        self.0.lock().expect("letters").iter().map(|it| it.1.clone()).collect::<Vec<_>>().join("\n")
    }
}

/// SQLite's files may lie anywhere.
fn worker() -> Arc<Properties> {
    Properties::from([("sluice.file.paths".to_owned(), "/".to_owned())]).into()
}

async fn open(connector: &dyn AnySinkConnector, settings: &Properties) -> Box<dyn SinkTask> {
    connector.open(settings, SinkContext::new(worker(), None)).await.expect("a task")
}

async fn open_with_letters(settings: &Properties) -> (Box<dyn SinkTask>, Arc<Letters>) {
    let letters = Arc::new(Letters::default());
    let reporter = Arc::clone(&letters) as Arc<dyn ErrantRecordReporter>;
    let context = SinkContext::new(worker(), Some(reporter));
    let task = AnySinkConnector::open(&ConfluentJdbcSink, settings, context).await;
    (task.expect("a task"), letters)
}

const UPSERT: [(&str, &str); 5] = [
    ("insert.mode", "upsert"),
    ("pk.mode", "record_key"),
    ("pk.fields", "id"),
    ("auto.create", "true"),
    ("auto.evolve", "true"),
];

#[tokio::test]
async fn the_last_record_of_a_key_is_its_row() {
    for bed in Bed::all().await {
        let settings = bed.settings(&[&UPSERT[..], &[("delete.enabled", "true")]].concat());
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        let narrow = |key: i64, a: &str| record(int(key), row(&[("a", text(a))]));
        let wide = |key: i64, a: &str, b: i64| {
            record(int(key), row(&[("a", text(a)), ("b", int(b).some())]))
        };
        task.put(&[
            narrow(1, "one"),
            wide(2, "two", 2),
            narrow(3, "gone"),
            narrow(2, "two again"),
            tombstone(int(3)),
            wide(1, "first", 1),
            narrow(4, "gone"),
            tombstone(int(4)),
            wide(4, "back", 4),
            tombstone(int(9)),
        ])
        .await
        .expect("rows");
        let told = bed.told("SELECT id, a, b FROM orders ORDER BY id").await;
        assert_eq!(told, "1 first 1, 2 two again 2, 4 back 4", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn names_are_taken_as_they_are() {
    for bed in Bed::all().await {
        let table = "it's \"A\" `B`";
        let settings = bed.settings(&[
            ("insert.mode", "upsert"),
            ("pk.mode", "record_value"),
            ("pk.fields", "Select"),
            ("auto.create", "true"),
            ("topics", "orders"),
            ("table.name.format", &bed.quoted(table)),
        ]);
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        let rows =
            row(&[("Select", int(1)), ("x\"; DROP TABLE t; --", text("'; DROP TABLE t; --"))]);
        task.put(&[record(int(0), rows)]).await.expect("a row");
        let sql = format!(
            "SELECT {}, {} FROM {}",
            bed.quoted("Select"),
            bed.quoted("x\"; DROP TABLE t; --"),
            bed.quoted(table)
        );
        assert_eq!(bed.told(&sql).await, "1 '; DROP TABLE t; --", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn positions_and_plain_text_become_columns() {
    for bed in Bed::all().await {
        let settings = bed.settings(&[("pk.mode", "kafka"), ("auto.create", "true")]);
        let mut task = open(&AivenJdbcSink, &settings).await;
        task.put(&[record(int(0), row(&[("a", text("x"))])).at(7)]).await.expect("a row");
        let told = bed.told("SELECT * FROM orders").await;
        assert_eq!(told, "orders 0 7 x", "{}", bed.dialect);
        let settings = bed.settings(&[("auto.create", "true"), ("table.name.format", "texts")]);
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        task.put(&[record(int(0), text("plain"))]).await.expect("a row");
        assert_eq!(bed.told("SELECT record_value FROM texts").await, "plain", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn envelopes_are_what_they_say_was_done() {
    for bed in Bed::all().await {
        let mut settings = bed.settings(&[
            ("insert.mode", "upsert"),
            ("primary.key.mode", "record_key"),
            ("schema.evolution", "basic"),
            ("delete.enabled", "true"),
            ("truncate.enabled", "true"),
        ]);
        if let Some(user) = settings.remove("connection.user") {
            settings.insert("connection.username".to_owned(), user);
        }
        let mut task = open(&DebeziumJdbcSink, &settings).await;
        let key = |id| row(&[("id", int(id))]);
        let state = |id, a: &str| row(&[("id", int(id)), ("a", text(a))]);
        let event =
            |op: &str, id: i64, a: &str| record(key(id), records::envelope(op, &state(id, a)));
        task.put(&[
            event("r", 1, "cleared"),
            event("t", 0, ""),
            event("c", 2, "new"),
            event("c", 3, "gone"),
            event("u", 2, "changed"),
            event("d", 3, "gone"),
            tombstone(key(3)),
            event("m", 0, ""),
        ])
        .await
        .expect("rows");
        assert_eq!(bed.told("SELECT id, a FROM orders").await, "2 changed", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn a_table_may_change_while_the_task_runs() {
    for bed in Bed::all().await {
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&UPSERT)).await;
        let one = |a: &str| record(int(1), row(&[("a", text(a))]));
        task.put(&[one("a")]).await.expect("a row");
        bed.run("ALTER TABLE orders ADD COLUMN b INTEGER").await;
        task.put(&[one("b")]).await.expect("the table is as good");
        bed.run("DROP TABLE orders").await;
        task.put(&[one("c")]).await.expect("the table is made again");
        assert_eq!(bed.told("SELECT id, a FROM orders").await, "1 c", "{}", bed.dialect);
        if bed.dialect == Dialect::Sqlite {
            // It takes text in any column.
            continue;
        }
        bed.run("DROP TABLE orders").await;
        bed.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, a INTEGER)").await;
        let error = task.put(&[one("d")]).await.expect_err("text is no number").to_string();
        assert!(error.contains("table orders: the column a is"), "{}: {error}", bed.dialect);
    }
}

/// Every column type that the sink makes, read back by the database's own text of it.
#[tokio::test]
async fn values_of_all_types_arrive_whole() {
    for bed in Bed::all().await {
        let settings = bed.settings(&[
            ("auto.create", "true"),
            ("db.timezone", "Europe/Berlin"),
            ("date.timezone", "UTC"),
        ]);
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        task.put(&[record(int(0), records::all_types())]).await.expect("a row");
        let told = bed.told(records::all_types_as_text(bed.dialect)).await;
        assert_eq!(told, records::all_types_expected(bed.dialect), "{}", bed.dialect);
    }
}

/// A row whose schema was told to be optional.
impl Row {
    fn some(mut self) -> Self {
        self.schema.optional = true;
        self
    }
}
