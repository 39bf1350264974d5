//! Columns of SQLite's results. A column holds values of any type; what it declares says what is meant.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::{Column, DbError, SqlType};

/// The columns of a query. What may be null, the tables that it reads know; of an expression nobody does.
pub(super) fn of(connection: &Connection, sql: &str) -> Result<Vec<Column>, DbError> {
    let statement = connection.prepare(sql)?;
    let mut known: HashMap<String, Vec<Declared>> = HashMap::new();
    let mut columns = Vec::new();
    for column in statement.columns_with_metadata() {
        let origin = column.table_name().zip(column.origin_name());
        let declared = match origin {
            None => None,
            Some((table, name)) => {
                if !known.contains_key(table) {
                    known.insert(table.to_owned(), declared(connection, table)?);
                }
                known[table].iter().find(|it| it.name == name)
            }
        };
        let type_name = declared.map(|it| it.type_name.clone()).unwrap_or_default();
        columns.push(Column {
            name: column.name().to_owned(),
            r#type: sql_type(&type_name),
            type_name,
            nullable: !declared.is_some_and(|it| it.is_required),
            auto_increment: declared.is_some_and(|it| it.is_row_id),
        });
    }
    Ok(columns)
}

/// A column as its table declares it.
struct Declared {
    name: String,
    type_name: String,
    is_required: bool,
    is_row_id: bool,
}

fn declared(connection: &Connection, table: &str) -> Result<Vec<Declared>, DbError> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1)")?;
    let rows = statement.query_map([table], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, bool>(2)?,
            row.get::<_, i64>(3)?,
        ))
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let keys = rows.iter().filter(|it| it.3 > 0).count();
    let column = |(name, type_name, is_required, key): (String, String, bool, i64)| {
        // The one kind of key that SQLite fills in itself, and that is never null.
        let is_row_id = key > 0 && keys == 1 && type_name.eq_ignore_ascii_case("INTEGER");
        Declared { name, type_name, is_required: is_required || is_row_id, is_row_id }
    };
    Ok(rows.into_iter().map(column).collect())
}

/// What a declared type means: the words that databases use, else the affinity that SQLite gives it.
pub(super) fn sql_type(declared: &str) -> SqlType {
    let upper = declared.to_ascii_uppercase();
    let (word, digits) = upper.split_once('(').unwrap_or((&upper, ""));
    match word.trim() {
        "BOOLEAN" | "BOOL" => SqlType::Boolean,
        "TINYINT" => SqlType::TinyInt { unsigned: false },
        "SMALLINT" | "INT2" => SqlType::SmallInt { unsigned: false },
        "DATE" => SqlType::Date,
        "TIME" => SqlType::Time,
        "DATETIME" | "TIMESTAMP" => SqlType::Timestamp { zoned: false },
        "NUMERIC" | "DECIMAL" => SqlType::Numeric { digits: precision(digits) },
        "FLOAT" | "REAL" | "DOUBLE" | "DOUBLE PRECISION" => SqlType::Double,
        word if word.contains("INT") => SqlType::BigInt { unsigned: false },
        word if ["CHAR", "CLOB", "TEXT"].iter().any(|it| word.contains(it)) => SqlType::Text,
        word if word.contains("BLOB") => SqlType::Bytes,
        word if ["REAL", "FLOA", "DOUB"].iter().any(|it| word.contains(it)) => SqlType::Double,
        // An expression, or a column without a type.
        "" => SqlType::Other,
        _ => SqlType::Text,
    }
}

/// `10,2)` as precision and scale.
fn precision(digits: &str) -> Option<(u32, i32)> {
    let digits = digits.trim_end().strip_suffix(')')?;
    let (precision, scale) = digits.split_once(',').unwrap_or((digits, "0"));
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_mean_what_they_say() {
        for (declared, expected) in [
            ("INTEGER", SqlType::BigInt { unsigned: false }),
            ("unsigned big int", SqlType::BigInt { unsigned: false }),
            ("VARCHAR(20)", SqlType::Text),
            ("decimal(10, 2)", SqlType::Numeric { digits: Some((10, 2)) }),
            ("NUMERIC", SqlType::Numeric { digits: None }),
            ("NUMERIC(5)", SqlType::Numeric { digits: Some((5, 0)) }),
            ("timestamp", SqlType::Timestamp { zoned: false }),
            ("BLOB", SqlType::Bytes),
            ("", SqlType::Other),
        ] {
            assert_eq!(sql_type(declared), expected, "{declared}");
        }
    }
}
