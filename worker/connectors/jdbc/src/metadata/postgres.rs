//! PostgreSQL's catalog.

use super::{TableColumn, TableFilter, columns as read, optional, text};
use crate::{Cell, DbError, Session, TableId};

/// Tables by the kinds of JDBC; what may not be seen is left out.
pub(super) async fn tables(
    session: &mut Session,
    filter: &TableFilter,
) -> Result<Vec<TableId>, DbError> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text, c.relkind::text, n.nspname ~ '^pg_' OR n.nspname = \
                       'information_schema' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE \
                       c.relkind IN ('r', 'p', 'v', 'm', 'f') AND ($1::text IS NULL OR n.nspname LIKE $1) AND \
                       ($2::text IS NULL OR current_database() LIKE $2)";
    let parameters = vec![optional(filter.schema.as_deref()), optional(filter.catalog.as_deref())];
    let rows = session.rows(SQL, parameters).await?;
    let table = |mut row: Vec<Cell>| {
        let is_system = row.get(3) == Some(&Cell::Boolean(true));
        let kind = match (text(&mut row, 2)?.as_str(), is_system) {
            ("r", false) => "TABLE",
            ("r" | "p", true) => "SYSTEM TABLE",
            ("p", false) => "PARTITIONED TABLE",
            ("v", false) => "VIEW",
            ("v", true) => "SYSTEM VIEW",
            ("m", _) => "MATERIALIZED VIEW",
            _ => "FOREIGN TABLE",
        };
        let is_wanted = filter.types.iter().any(|it| it.eq_ignore_ascii_case(kind));
        let schema = text(&mut row, 0);
        let table = text(&mut row, 1)?;
        // The catalog is always the database that the URL names.
        is_wanted.then_some(TableId { catalog: None, schema, table })
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

pub(super) async fn columns(
    session: &mut Session,
    table: &TableId,
) -> Result<Vec<TableColumn>, DbError> {
    const SQL: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, \
                       pg_get_expr(d.adbin, d.adrelid), a.attidentity::text <> '' OR coalesce(pg_get_expr(d.adbin, \
                       d.adrelid) LIKE 'nextval(%', false), a.attgenerated::text <> '', \
                       array_position(k.conkey, a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND \
                       a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum \
                       = a.attnum LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' WHERE c.oid = \
                       to_regclass($1) ORDER BY a.attnum";
    let name = crate::Names::quoted(crate::Dialect::Postgres)
        .table(&TableId { catalog: None, ..table.clone() });
    read(session.rows(SQL, vec![Cell::Text(name.into())]).await?)
}
