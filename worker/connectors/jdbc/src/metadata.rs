//! What a database knows of its tables: which there are, and their columns and keys.

mod mysql;
mod postgres;
mod sqlite;

use crate::{Cell, Class, DbError, Dialect, Session, TableId};

/// Which tables are looked for; patterns are those of SQL's LIKE, and a database without catalogs or schemas has none to
/// compare with.
#[derive(Debug, Clone, Default)]
pub struct TableFilter {
    /// Pattern of the catalog (`catalog.pattern`).
    pub catalog: Option<String>,
    /// Pattern of the schema (`schema.pattern`).
    pub schema: Option<String>,
    /// Kinds of tables, in the words of JDBC (`table.types`), such as TABLE and VIEW.
    pub types: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Name.
    pub name: String,
    /// The database's name of the type, with its length where it has one.
    pub type_name: String,
    /// Whether NULL may be in it.
    pub nullable: bool,
    /// The database's expression for rows that leave it out.
    pub default: Option<String>,
    /// Whether the database numbers its rows.
    pub auto_increment: bool,
    /// Whether the database calculates it, so that nobody may write it.
    pub generated: bool,
    /// Its place in the primary key, from 1.
    pub key: Option<u32>,
}

impl Session {
    /// The tables that fit, sorted.
    pub async fn tables(&mut self, filter: &TableFilter) -> Result<Vec<TableId>, DbError> {
        let mut tables = match self.dialect() {
            Dialect::Postgres => postgres::tables(self, filter).await,
            Dialect::MySql => mysql::tables(self, filter).await,
            Dialect::Sqlite => sqlite::tables(self, filter).await,
        }?;
        tables.sort();
        Ok(tables)
    }

    /// The columns of a table in their order; none if there is no such table, or it may not be seen. A table without
    /// schema is the one that the session's own statements would find.
    pub async fn columns(&mut self, table: &TableId) -> Result<Vec<TableColumn>, DbError> {
        match self.dialect() {
            Dialect::Postgres => postgres::columns(self, table).await,
            Dialect::MySql => mysql::columns(self, table).await,
            Dialect::Sqlite => sqlite::columns(self, table).await,
        }
    }
}

fn text(row: &mut [Cell], index: usize) -> Option<String> {
    match row.get_mut(index).map(|it| std::mem::replace(it, Cell::Null)) {
        Some(Cell::Text(text)) => Some(text.to_string()),
        Some(Cell::Bytes(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}

fn truth(row: &[Cell], index: usize) -> bool {
    match row.get(index) {
        Some(Cell::Boolean(it)) => *it,
        Some(Cell::Int(it)) => *it != 0,
        Some(Cell::Unsigned(it)) => *it != 0,
        _ => false,
    }
}

fn number(row: &[Cell], index: usize) -> Option<u32> {
    match row.get(index) {
        Some(Cell::Int(it)) => u32::try_from(*it).ok(),
        Some(Cell::Unsigned(it)) => u32::try_from(*it).ok(),
        _ => None,
    }
    .filter(|it| *it > 0)
}

/// A column out of `name, type, nullable, default, auto increment, generated, place in the key`.
fn column(mut row: Vec<Cell>) -> Result<TableColumn, DbError> {
    let named = |it: Option<String>| {
        it.ok_or_else(|| DbError::new(Class::Other, "the catalog of the database names no column"))
    };
    Ok(TableColumn {
        nullable: truth(&row, 2),
        auto_increment: truth(&row, 4),
        generated: truth(&row, 5),
        key: number(&row, 6),
        name: named(text(&mut row, 0))?,
        type_name: text(&mut row, 1).unwrap_or_default(),
        default: text(&mut row, 3),
    })
}

fn columns(rows: Vec<Vec<Cell>>) -> Result<Vec<TableColumn>, DbError> {
    rows.into_iter().map(column).collect()
}

/// A parameter that may be absent.
fn optional(text: Option<&str>) -> Cell {
    text.map_or(Cell::Null, |it| Cell::Text(it.into()))
}
