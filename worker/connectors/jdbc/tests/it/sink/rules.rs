//! What the database alone decides: who may write, what is one key, how much fits.

use sluice_jdbc::{ConfluentJdbcSink, Dialect};
use sluice_plugin::{
    Kind,
    model::{Schema, Type, Value},
};

use super::{
    UPSERT, open, open_with_letters,
    records::{At as _, Row, int, record, row, text, tombstone},
};
use crate::bed::Bed;

#[tokio::test]
async fn who_may_not_write_fails_the_task_and_no_record_is_blamed() {
    for bed in Bed::all().await {
        let rights: &[&str] = match bed.dialect {
            // Whoever may open the file may write to it.
            Dialect::Sqlite => continue,
            Dialect::Postgres => {
                &["CREATE ROLE clerk LOGIN PASSWORD 'r'", "GRANT SELECT ON orders TO clerk"]
            }
            Dialect::MySql => &[
                "CREATE USER clerk@'127.0.0.1' IDENTIFIED BY 'r'",
                "GRANT SELECT ON orders TO clerk@'127.0.0.1'",
            ],
        };
        bed.run("CREATE TABLE orders (id BIGINT PRIMARY KEY, a TEXT)").await;
        for statement in rights {
            bed.run(statement).await;
        }
        let reader = [("connection.user", "clerk"), ("connection.password", "r")];
        let (mut task, letters) =
            open_with_letters(&bed.settings(&[&UPSERT[..], &reader].concat())).await;
        let error = task.put(&[record(int(1), row(&[("a", text("x"))]))]).await;
        let error = error.expect_err("no right to write");
        assert_eq!(error.kind(), Kind::Fatal, "{error}");
        assert!(error.to_string().contains("write to table orders"), "{error}");
        assert!(letters.offsets().is_empty(), "{}", letters.texts());
    }
}

#[tokio::test]
async fn keys_that_are_one_to_the_database_are_written_in_order() {
    for bed in Bed::all().await {
        let key = match bed.dialect {
            Dialect::Sqlite => "TEXT COLLATE RTRIM",
            Dialect::Postgres => "CHAR(5)",
            Dialect::MySql => "VARCHAR(5) COLLATE utf8mb4_general_ci",
        };
        bed.run(&format!("CREATE TABLE orders (id {key} PRIMARY KEY, a VARCHAR(5))")).await;
        let settings = [&UPSERT[..], &[("delete.enabled", "true")]].concat();
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&settings)).await;
        let one = |key: &str, a: &str| record(text(key), row(&[("a", text(a))]));
        task.put(&[one("b", "1"), one("a", "1"), one("a ", "2"), one("a", "3"), one("a ", "4")])
            .await
            .expect("rows of one key");
        assert_eq!(bed.told("SELECT a FROM orders ORDER BY id").await, "4, 1", "{}", bed.dialect);
        task.put(&[one("c", "5"), tombstone(text("b ")), one("b", "6")]).await.expect("rows");
        let told = bed.told("SELECT a FROM orders ORDER BY id").await;
        assert_eq!(told, "4, 6, 5", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn nothing_has_to_go_from_a_table_that_is_still_to_be_made() {
    for bed in Bed::all().await {
        let settings = [&UPSERT[..], &[("delete.enabled", "true"), ("auto.evolve", "false")]];
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&settings.concat())).await;
        task.put(&[tombstone(int(1))]).await.expect("nothing to do");
        let one = record(int(1), row(&[("a", text("x"))]));
        task.put(&[tombstone(int(1)), one, tombstone(int(2))]).await.expect("a row");
        assert_eq!(bed.told("SELECT id, a FROM orders").await, "1 x", "{}", bed.dialect);
    }
}

#[tokio::test]
async fn what_is_too_large_costs_no_other_record() {
    for bed in Bed::all().await {
        let kind = if bed.dialect == Dialect::MySql { "LONGTEXT" } else { "TEXT" };
        bed.run(&format!("CREATE TABLE orders (id BIGINT PRIMARY KEY, a {kind})")).await;
        let (mut task, letters) = open_with_letters(&bed.settings(&UPSERT)).await;
        let of = |size: usize| row(&[("a", text(&"\u{1F600}".repeat(size / 4)))]);
        // The second one is more than MariaDB takes at once.
        let sizes = [4_000_000, 20_000_000, 4];
        let batch: Vec<_> =
            (0..).zip(sizes).map(|(id, size)| record(int(id), of(size)).at(id)).collect();
        let mut written = task.put(&batch).await;
        while written.as_ref().is_err_and(|it| it.kind() == Kind::Retriable) {
            written = task.put(&batch).await;
        }
        written.expect("the others");
        let (left_out, expected): (&[i64], _) = match bed.dialect {
            Dialect::MySql => (&[1], "0 1000000, 2 1"),
            _ => (&[], "0 1000000, 1 5000000, 2 1"),
        };
        assert_eq!(letters.offsets(), left_out, "{}: {}", bed.dialect, letters.texts());
        let length = if bed.dialect == Dialect::MySql { "char_length" } else { "length" };
        let told = bed.told(&format!("SELECT id, {length}(a) FROM orders ORDER BY id")).await;
        assert_eq!(told, expected, "{}", bed.dialect);
    }
}

#[tokio::test]
async fn elements_that_are_too_long_for_an_array_are_not_cut() {
    let Some(bed) = Bed::postgres().await else { return };
    bed.run("CREATE TABLE orders (id BIGINT PRIMARY KEY, a VARCHAR(3)[])").await;
    let (mut task, letters) = open_with_letters(&bed.settings(&UPSERT)).await;
    let array = |element: &str| Row {
        schema: Schema::required(Type::Array(Schema::required(Type::String).into())),
        value: Value::Array(vec![Value::from(element)]),
    };
    let one = |id: i64, element: &str| record(int(id), row(&[("a", array(element))])).at(id);
    task.put(&[one(0, "abc"), one(1, "abcd"), one(2, "\"\\")]).await.expect("the others");
    assert_eq!(letters.offsets(), [1], "{}", letters.texts());
    assert_eq!(bed.told("SELECT id, a[1] FROM orders ORDER BY id").await, "0 abc, 2 \"\\");
}

#[tokio::test]
async fn what_a_trigger_forbids_is_reported() {
    for bed in Bed::all().await {
        bed.run("CREATE TABLE orders (id BIGINT PRIMARY KEY, a VARCHAR(9))").await;
        let statements: &[&str] = match bed.dialect {
            Dialect::Sqlite => {
                &["CREATE TRIGGER guard BEFORE INSERT ON orders WHEN NEW.a = 'bad' BEGIN \
                                  SELECT RAISE(ABORT, 'no'); END"]
            }
            Dialect::MySql => &[
                "CREATE TRIGGER guard BEFORE INSERT ON orders FOR EACH ROW IF NEW.a = 'bad' THEN \
                                 SIGNAL SQLSTATE '45000'; END IF",
            ],
            Dialect::Postgres => &[
                "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.a = 'bad' THEN RAISE \
                 EXCEPTION 'no'; END IF; RETURN NEW; END $$",
                "CREATE TRIGGER guard BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION guard()",
            ],
        };
        for statement in statements {
            bed.run(statement).await;
        }
        let (mut task, letters) = open_with_letters(&bed.settings(&UPSERT)).await;
        let one = |id: i64, a: &str| record(int(id), row(&[("a", text(a))])).at(id);
        task.put(&[one(0, "good"), one(1, "bad"), one(2, "good")]).await.expect("the others");
        assert_eq!(letters.offsets(), [1], "{}: {}", bed.dialect, letters.texts());
        assert_eq!(bed.told("SELECT count(*) FROM orders").await, "2", "{}", bed.dialect);
    }
}
