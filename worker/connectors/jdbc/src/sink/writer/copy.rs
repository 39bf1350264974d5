//! Rows into PostgreSQL by COPY in binary form: into the table, or into one of the session that a statement reads.

use std::pin::pin;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures::SinkExt as _;
use tokio_postgres::types::{IsNull, ToSql as _, Type};

use super::super::{group::Action, plan::Plan, settings::Settings};
use crate::{Cell, Class, DbError, Session};

/// The beginning of a binary COPY (PostgreSQL's documentation of COPY): signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The count of columns that stands for the end.
const END: i16 = -1;
/// Bytes that are sent at once.
const AT_ONCE: usize = 1 << 18;

pub(super) async fn write(
    session: &mut Session,
    plan: &Plan,
    rows: &[Vec<Cell>],
    settings: &Settings,
    is_last: bool,
) -> Result<(), DbError> {
    let parts = plan.parts();
    let Some(client) = session.postgres() else { return Err(not_postgres()) };
    for rows in rows.chunks(settings.batch) {
        let bytes = encoded(rows, &plan.types, &plan.columns)?;
        let Some(stage) = &plan.stage else {
            copy(client.driver(), &parts.copy(), bytes).await?;
            continue;
        };
        copy(client.driver(), &format!("COPY {stage} FROM STDIN (FORMAT binary)"), bytes).await?;
        let cast = |column| plan.cast(column);
        let sql = match plan.action {
            Action::Delete => parts.delete_staged(stage, cast),
            _ => parts.write_staged(settings.write, stage, cast),
        };
        client.driver().batch_execute(&sql).await?;
        if !is_last || rows.len() == settings.batch {
            // More rows may go through it in this transaction.
            client.driver().batch_execute(&format!("TRUNCATE {stage}")).await?;
        }
    }
    Ok(())
}

fn not_postgres() -> DbError {
    DbError::new(Class::Other, "COPY needs PostgreSQL")
}

async fn copy(client: &tokio_postgres::Client, sql: &str, mut bytes: Bytes) -> Result<(), DbError> {
    let sink = client.copy_in::<_, Bytes>(sql).await?;
    let mut sink = pin!(sink);
    while !bytes.is_empty() {
        let part = bytes.split_to(bytes.len().min(AT_ONCE));
        sink.feed(part).await?;
    }
    sink.finish().await?;
    Ok(())
}

/// All rows with head and end.
fn encoded(rows: &[Vec<Cell>], types: &[Type], columns: &[String]) -> Result<Bytes, DbError> {
    let mut out = BytesMut::with_capacity(HEAD.len() + rows.len() * types.len() * 16);
    out.put_slice(HEAD);
    let count = i16::try_from(types.len()).map_err(|_| {
        DbError::new(Class::Other, "a table of PostgreSQL has fewer columns than the records")
    })?;
    for row in rows {
        out.put_i16(count);
        for ((cell, r#type), column) in row.iter().zip(types).zip(columns) {
            field(cell, r#type, &mut out).map_err(|reason| {
                let mut error = DbError::new(Class::Data, format!("column {column}: {reason}"));
                error.column = Some(column.as_str().into());
                error
            })?;
        }
    }
    out.put_i16(END);
    Ok(out.freeze())
}

/// A length, and the bytes.
fn field(cell: &Cell, r#type: &Type, out: &mut BytesMut) -> Result<(), String> {
    let at = out.len();
    out.put_i32(-1);
    let written = cell.to_sql(r#type, out).map_err(|error| error.to_string())?;
    if matches!(written, IsNull::No) {
        let length = i32::try_from(out.len() - at - 4)
            .map_err(|_| "the value is longer than PostgreSQL takes")?;
        out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_framed_as_copy_wants_them() {
        let rows = vec![vec![Cell::Int(1), Cell::Text("ab".into())], vec![Cell::Null, Cell::Null]];
        let columns = ["n", "t"].map(str::to_owned);
        let bytes = encoded(&rows, &[Type::INT4, Type::TEXT], &columns).expect("rows");
        let mut expected = HEAD.to_vec();
        expected.extend([0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, b'a', b'b']);
        expected.extend([0, 2, 255, 255, 255, 255, 255, 255, 255, 255]);
        expected.extend([255, 255]);
        assert_eq!(bytes, expected);
        let error =
            encoded(&[vec![Cell::Text("x".into())]], &[Type::INT4], &columns).expect_err("text");
        assert!(error.to_string().contains("column n"), "{error}");
        assert_eq!(error.class, Class::Data);
    }
}
