//! MySQL's catalog, which calls a database a schema and has no catalogs; to JDBC a database is a catalog.

use super::{TableColumn, TableFilter, columns as read, optional, text};
use crate::{Cell, DbError, Session, TableId};

pub(super) async fn tables(
    session: &mut Session,
    filter: &TableFilter,
) -> Result<Vec<TableId>, DbError> {
    const SQL: &str = "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE (? IS NULL OR \
                       TABLE_SCHEMA LIKE ?)";
    const SYSTEM: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];
    let catalog = optional(filter.catalog.as_deref());
    let rows = session.rows(SQL, vec![catalog.clone(), catalog]).await?;
    let table = |mut row: Vec<Cell>| {
        let catalog = text(&mut row, 0)?;
        let is_system = SYSTEM.contains(&&*catalog.to_ascii_lowercase());
        let kind = match (text(&mut row, 2)?.as_str(), is_system) {
            ("BASE TABLE" | "SYSTEM VERSIONED", false) => "TABLE",
            ("VIEW", false) => "VIEW",
            (kind, _) if kind.contains("VIEW") => "SYSTEM VIEW",
            _ => "SYSTEM TABLE",
        };
        let is_wanted = filter.types.iter().any(|it| it.eq_ignore_ascii_case(kind));
        let table = text(&mut row, 1)?;
        is_wanted.then_some(TableId { catalog: Some(catalog), schema: None, table })
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

pub(super) async fn columns(
    session: &mut Session,
    table: &TableId,
) -> Result<Vec<TableColumn>, DbError> {
    const SQL: &str = "SELECT c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE = 'YES', c.COLUMN_DEFAULT, c.EXTRA LIKE \
                       '%auto_increment%', c.EXTRA LIKE '%GENERATED%' AND c.EXTRA NOT LIKE 'DEFAULT_GENERATED%', \
                       k.ORDINAL_POSITION FROM information_schema.COLUMNS c LEFT JOIN \
                       information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = \
                       c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY' WHERE \
                       c.TABLE_SCHEMA = COALESCE(?, DATABASE()) AND c.TABLE_NAME = ? ORDER BY c.ORDINAL_POSITION";
    let name = Cell::Text(table.table.as_str().into());
    read(session.rows(SQL, vec![optional(table.catalog.as_deref()), name]).await?)
}
