//! SQLite's catalog.

use super::{TableColumn, TableFilter, columns as read, optional, text};
use crate::{Cell, DbError, Session, TableId};

pub(super) async fn tables(
    session: &mut Session,
    filter: &TableFilter,
) -> Result<Vec<TableId>, DbError> {
    const SQL: &str = "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' \
                       ESCAPE '!'";
    let rows = session.rows(SQL, Vec::new()).await?;
    let table = |mut row: Vec<Cell>| {
        let kind = text(&mut row, 1)?;
        let is_wanted = filter.types.iter().any(|it| it.eq_ignore_ascii_case(&kind));
        text(&mut row, 0).filter(|_| is_wanted).map(TableId::unqualified)
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

pub(super) async fn columns(
    session: &mut Session,
    table: &TableId,
) -> Result<Vec<TableColumn>, DbError> {
    // Only a key of one INTEGER is the number of the row.
    const SQL: &str = "SELECT name, type, \"notnull\" = 0 AND NOT (pk > 0 AND upper(type) = 'INTEGER' AND keys = 1), \
                       dflt_value, pk > 0 AND upper(type) = 'INTEGER' AND keys = 1, hidden IN (2, 3), pk FROM \
                       pragma_table_xinfo(?1, ?2), (SELECT count(*) AS keys FROM pragma_table_info(?1, ?2) WHERE pk > 0) \
                       WHERE hidden <> 1 ORDER BY cid";
    let name = Cell::Text(table.table.as_str().into());
    read(session.rows(SQL, vec![name, optional(table.schema.as_deref())]).await?)
}
