//! Rows as parameters: many to a statement for MySQL, and one after the other within SQLite.

use rusqlite::types::Value as Lite;

use super::super::{
    group::Action,
    plan::Plan,
    settings::{Settings, Write},
    statement::Prepared,
};
use crate::{Cell, Class, DbError, Session};

/// Placeholders that a statement of MySQL may have.
const MYSQL_PLACES: usize = 65_535;
/// Bytes of values that one statement carries; servers take 16 MiB unless they are told otherwise.
const MYSQL_BYTES: usize = 4 << 20;

pub(super) async fn mysql(
    session: &mut Session,
    plan: &Plan,
    rows: Vec<Vec<Cell>>,
    settings: &Settings,
    most_bytes: usize,
) -> Result<(), DbError> {
    let parts = plan.parts();
    let is_delete = plan.action == Action::Delete;
    let is_single = !is_delete && settings.write == Write::Update;
    let most =
        if is_single { 1 } else { (MYSQL_PLACES / plan.columns.len()).min(settings.batch).max(1) };
    let mut rows = rows.into_iter().peekable();
    let mut made: Option<(usize, Prepared)> = None;
    while rows.peek().is_some() {
        let mut some = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows
            .next_if(|row| some.is_empty() || some.len() < most && bytes + size(row) <= MYSQL_BYTES)
        {
            bytes += size(&row);
            check_sizes(&row, plan, most_bytes)?;
            some.push(row);
        }
        let prepared = match made.take() {
            Some((count, prepared)) if count == some.len() => prepared,
            _ if is_delete => parts.delete(some.len()),
            _ => parts.write(settings.write, some.len()),
        };
        let cells =
            some.iter().flat_map(|row| prepared.order.iter().map(|it| row[*it].clone())).collect();
        session.execute(&prepared.sql, cells).await?;
        made = Some((some.len(), prepared));
    }
    Ok(())
}

fn size(row: &[Cell]) -> usize {
    row.iter().map(cell_size).sum()
}

fn cell_size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) => text.len(),
        Cell::Bytes(bytes) | Cell::Bits(_, bytes) => bytes.len(),
        _ => 16,
    }
}

/// Refuses what the server would end the connection for, in the middle of the value.
fn check_sizes(row: &[Cell], plan: &Plan, most_bytes: usize) -> Result<(), DbError> {
    let Some(at) = row.iter().position(|it| cell_size(it) > most_bytes) else { return Ok(()) };
    let (size, column) = (cell_size(&row[at]), plan.columns[at].as_str());
    let text = format!(
        "the value has {size} bytes, and the server takes {most_bytes} (max_allowed_packet)"
    );
    let mut error = DbError::new(Class::Data, text);
    error.column = Some(column.into());
    Err(error)
}

/// One statement for all rows, on the connection's own thread.
pub(super) async fn sqlite(
    session: &mut Session,
    plan: &Plan,
    rows: Vec<Vec<Cell>>,
    settings: &Settings,
) -> Result<(), DbError> {
    let parts = plan.parts();
    let prepared = match plan.action {
        Action::Delete => parts.delete(1),
        _ => parts.write(settings.write, 1),
    };
    let Some(client) = session.sqlite() else {
        return Err(DbError::new(Class::Other, "SQLite is needed here"));
    };
    client
        .call(move |connection| {
            let mut statement = connection.prepare(&prepared.sql)?;
            for row in rows {
                for (place, column) in prepared.order.iter().enumerate() {
                    statement.raw_bind_parameter(place + 1, lite(&row[*column])?)?;
                }
                statement.raw_execute()?;
            }
            Ok(())
        })
        .await
}

fn lite(cell: &Cell) -> Result<Lite, DbError> {
    Ok(match cell {
        Cell::Null => Lite::Null,
        Cell::Boolean(it) => Lite::Integer((*it).into()),
        Cell::Int(it) => Lite::Integer(*it),
        Cell::Single(it) => Lite::Real((*it).into()),
        Cell::Double(it) => Lite::Real(*it),
        Cell::Text(it) => Lite::Text(it.to_string()),
        Cell::Bytes(it) => Lite::Blob(it.to_vec()),
        _ => return Err(DbError::new(Class::Data, "SQLite has no such value")),
    })
}
