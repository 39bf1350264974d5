//! The source keeps what connectors owe, with each database and mode.

use sluice_jdbc::JdbcSource;
use sluice_plugin::conformance::{Broken, SourceCase, source};

use crate::databases::{Database, KINDS, PATIENCE, missing};

const ROWS: usize = 8;

/// Two tables with rows of one second each.
async fn filled(database: &mut Database) {
    for table in ["orders", "users"] {
        let create = format!(
            "CREATE TABLE {table} (id INTEGER NOT NULL PRIMARY KEY, changed TIMESTAMP NOT NULL, note VARCHAR(20))"
        );
        database.run(&[&create]).await;
        let row = |id: usize| format!("({id}, '2024-01-31 12:00:{id:02}.125', 'row {id} €')");
        let rows: Vec<String> = (1..=ROWS).map(row).collect();
        // MariaDB would keep whole seconds.
        if database.kind == crate::databases::Kind::MariaDb {
            database
                .run(&[&format!("ALTER TABLE {table} MODIFY changed TIMESTAMP(6) NOT NULL")])
                .await;
        }
        database.run(&[&format!("INSERT INTO {table} VALUES {}", rows.join(","))]).await;
    }
}

#[tokio::test]
async fn the_source_does() -> Result<(), Broken> {
    sluice_kit::require!(missing());
    for kind in KINDS {
        let mut database = Database::new(kind, "conformance").await;
        filled(&mut database).await;
        for mode in ["incrementing", "timestamp", "timestamp+incrementing"] {
            let settings = database.with(&[
                ("mode", mode),
                ("incrementing.column.name", "id"),
                ("timestamp.column.name", "changed"),
                ("batch.max.rows", "3"),
            ]);
            let case = SourceCase::new(&JdbcSource, settings).worker(database.worker.clone());
            let case = case.tasks(2).records(ROWS).ends().patience(PATIENCE);
            source(&case).await.inspect_err(|_| eprintln!("{kind:?} in mode {mode}"))?;
        }
    }
    Ok(())
}
