//! The table that rows are for: found by its name, and made or changed where that is asked for.

use super::super::{
    ddl::{self, Need},
    failure::Failure,
    settings::Settings,
    shape::Shape,
};
use crate::{Class, Dialect, Names, Session, TableColumn, TableId};

/// The longest name of a table or column that PostgreSQL keeps; longer ones it cuts.
const POSTGRES_NAME: usize = 63;
/// Attempts to make or change a table that somebody else changes at the same time.
const RACES: usize = 5;

/// The table that a name means.
pub(super) fn named(names: Names, name: &str) -> Result<TableId, String> {
    let dialect = names.dialect;
    let mut table = TableId::parse(dialect, name)?;
    if dialect == Dialect::Postgres {
        let TableId { catalog, schema, table } = &mut table;
        for part in [catalog.as_mut(), schema.as_mut(), Some(table)].into_iter().flatten() {
            // PostgreSQL folds what is not quoted.
            if names.identifier(part) == *part {
                *part = part.to_lowercase();
            }
        }
    }
    if table.parts().any(|it| it.contains('\0')) {
        return Err("a name of a table holds the character NUL".to_owned());
    }
    if dialect == Dialect::Postgres && table.table.len() > POSTGRES_NAME {
        // As the server does, at the end of a character.
        let end = table.table.floor_char_boundary(POSTGRES_NAME);
        table.table.truncate(end);
    }
    Ok(table)
}

/// Says which name of a column the database would not keep.
pub(super) fn check_names(dialect: Dialect, shape: &Shape) -> Result<(), String> {
    for column in &shape.columns {
        let start: String = column.name.chars().take(20).collect();
        if column.name.is_empty() || column.name.contains('\0') {
            return Err(format!(
                "no column can have the name of the field {}",
                start.escape_debug()
            ));
        }
        if dialect == Dialect::Postgres && column.name.len() > POSTGRES_NAME {
            return Err(format!(
                "the name of the field {start}… has {} bytes, and PostgreSQL keeps {POSTGRES_NAME} of a column's name: \
                 rename the field",
                column.name.len()
            ));
        }
    }
    Ok(())
}

/// Whether there is no such table.
pub(super) async fn is_missing(session: &mut Session, table: &TableId) -> Result<bool, Failure> {
    looked_at(session, table).await.map(|it| it.is_empty())
}

async fn looked_at(session: &mut Session, table: &TableId) -> Result<Vec<TableColumn>, Failure> {
    let looked = session.columns(table).await;
    looked.map_err(|it| Failure::during(&format!("look at table {table}"), &it))
}

/// The columns of the table, once it has all that the shape needs.
pub(super) async fn prepared(
    session: &mut Session,
    names: Names,
    settings: &Settings,
    table: &TableId,
    shape: &Shape,
) -> Result<Vec<TableColumn>, Failure> {
    let mut last = None;
    for _ in 0..RACES {
        let columns = looked_at(session, table).await?;
        let statements = match ddl::need(&columns, shape) {
            Need::Nothing => return Ok(columns),
            Need::Table if settings.create => vec![ddl::create(names, table, shape)],
            Need::Table => {
                return Err(Failure::fatal(format!(
                    "table {table} is not there, or may not be seen: make it, or let the connector do so \
                     (auto.create=true; schema.evolution=basic of Debezium's)"
                )));
            }
            Need::Columns(missing) if settings.evolve => match ddl::add(names, table, &missing) {
                Ok(statements) => statements.into_iter().map(Ok).collect(),
                Err(text) => vec![Err(text)],
            },
            Need::Columns(missing) => {
                let missing: Vec<&str> = missing.iter().map(|it| &*it.name).collect();
                return Err(Failure::fatal(format!(
                    "table {table} has no column for {}: add it, leave the field out, or let the connector add it \
                     (auto.evolve=true; schema.evolution=basic of Debezium's)",
                    missing.join(", ")
                )));
            }
        };
        for statement in statements {
            let statement =
                statement.map_err(|it| Failure::fatal(format!("table {table}: {it}")))?;
            tracing::info!(%table, sql = statement, "changing the database for the records");
            if let Err(error) = session.execute(&statement, Vec::new()).await {
                let failure = Failure::during(&format!("make or change table {table}"), &error);
                if matches!(error.class, Class::Connection | Class::Denied) {
                    return Err(failure);
                }
                // Another task may have been faster: look again.
                last = Some(failure);
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        Failure::fatal(format!("table {table} changes faster than it can be looked at"))
    }))
}
