//! Tables made and columns added for records: what is missing, and the SQL for it.

use super::{
    kind::Kind,
    shape::{Column, Shape},
};
use crate::{Dialect, Names, TableColumn, TableId};

/// What a table needs before rows of a shape fit it.
#[derive(Debug, PartialEq)]
pub(crate) enum Need<'a> {
    Nothing,
    Table,
    Columns(Vec<&'a Column>),
}

/// Finds the column of a name: exactly, else whatever its case, if that is one column alone.
pub(crate) fn find<'a, T>(columns: &'a [T], name: &str, of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let exact = columns.iter().find(|it| of(it) == name);
    exact.or_else(|| {
        let is_same = |it: &&T| of(it).to_lowercase() == name.to_lowercase();
        let mut same = columns.iter().filter(is_same);
        let first = same.next();
        first.filter(|_| same.next().is_none())
    })
}

/// Compares a table with a shape. A table without columns is none.
pub(crate) fn need<'a>(columns: &[TableColumn], shape: &'a Shape) -> Need<'a> {
    if columns.is_empty() {
        return Need::Table;
    }
    let is_missing = |it: &&Column| find(columns, &it.name, |it| &it.name).is_none();
    let missing: Vec<&Column> = shape.columns.iter().filter(is_missing).collect();
    if missing.is_empty() { Need::Nothing } else { Need::Columns(missing) }
}

/// The statement that makes a table for a shape.
pub(crate) fn create(names: Names, table: &TableId, shape: &Shape) -> Result<String, String> {
    let mut lines = Vec::with_capacity(shape.columns.len() + 1);
    for (index, column) in shape.columns.iter().enumerate() {
        lines.push(definition(names, column, index < shape.keys)?);
    }
    if shape.keys > 0 {
        let keys = shape.columns[..shape.keys].iter().map(|it| &*it.name);
        lines.push(format!("PRIMARY KEY ({})", names.list(keys)));
    }
    Ok(format!("CREATE TABLE {} ({})", names.table(table), lines.join(", ")))
}

/// The statements that add columns. One that must have a value, and has none for the rows that are there, is an error.
pub(crate) fn add(
    names: Names,
    table: &TableId,
    columns: &[&Column],
) -> Result<Vec<String>, String> {
    let mut statements = Vec::with_capacity(columns.len());
    for column in columns {
        if !column.optional && column.default.is_none() {
            return Err(format!(
                "the column {} is missing, and cannot be added: the field is neither optional nor has it a default, so \
                 the rows that are there would have no value",
                column.name
            ));
        }
        // The default of a schema is put in by the sink: a column for it may be null.
        let definition = definition(names, &Column { optional: true, ..(*column).clone() }, false)?;
        statements.push(format!("ALTER TABLE {} ADD COLUMN {definition}", names.table(table)));
    }
    Ok(statements)
}

fn definition(names: Names, column: &Column, is_key: bool) -> Result<String, String> {
    let known = sized(names.dialect, column);
    let r#type = known.or_else(|| column_type(names.dialect, &column.kind, is_key));
    let r#type = r#type.ok_or_else(|| {
        format!(
            "{} has no column type for {}: the column {} cannot be made",
            names.dialect, column.kind, column.name
        )
    })?;
    let null = if is_key || !column.optional { "NOT NULL" } else { "NULL" };
    Ok(format!("{} {type} {null}", names.identifier(&column.name)))
}

/// The type of a column for decimals of so many digits, if the schema says how many and the database can have them.
fn sized(dialect: Dialect, column: &Column) -> Option<String> {
    let most = match dialect {
        Dialect::Postgres => 1000,
        Dialect::MySql => 65,
        Dialect::Sqlite => return None,
    };
    let Kind::Decimal { scale } = column.kind else { return None };
    let (digits, scale) = (column.digits?, u32::try_from(scale).ok()?);
    (scale <= digits && digits <= most).then(|| format!("DECIMAL({digits},{scale})"))
}

/// The type of a column for a kind.
pub(crate) fn column_type(dialect: Dialect, kind: &Kind, is_key: bool) -> Option<String> {
    match (dialect, kind) {
        (Dialect::Postgres, _) => postgres(kind),
        (Dialect::MySql, Kind::Decimal { scale }) => {
            Some(format!("DECIMAL(65,{})", (*scale).clamp(0, 30)))
        }
        (Dialect::MySql, _) => mysql(kind, is_key).map(str::to_owned),
        (Dialect::Sqlite, _) => sqlite(kind).map(str::to_owned),
    }
}

fn postgres(kind: &Kind) -> Option<String> {
    let name = match kind {
        Kind::Boolean => "BOOLEAN",
        Kind::Int8 | Kind::Int16 => "SMALLINT",
        Kind::Int32 => "INT",
        Kind::Int64 => "BIGINT",
        Kind::Float32 => "REAL",
        Kind::Float64 => "DOUBLE PRECISION",
        Kind::Text => "TEXT",
        Kind::Bytes => "BYTEA",
        Kind::Decimal { .. } | Kind::AnyDecimal => "DECIMAL",
        Kind::Date | Kind::Days => "DATE",
        Kind::Time | Kind::TimeOfDay(_) => "TIME",
        Kind::ZonedTime => "TIME WITH TIME ZONE",
        Kind::Timestamp | Kind::Epoch(_) | Kind::LocalTimestamp(_) => "TIMESTAMP",
        Kind::ZonedTimestamp => "TIMESTAMP WITH TIME ZONE",
        Kind::Uuid => "UUID",
        Kind::Json => "JSON",
        Kind::Xml => "XML",
        Kind::Array(element) => return postgres(element).map(|it| format!("{it}[]")),
    };
    Some(name.to_owned())
}

/// Text in a key has a length: an index takes no TEXT.
const fn mysql(kind: &Kind, is_key: bool) -> Option<&'static str> {
    Some(match kind {
        Kind::Boolean | Kind::Int8 => "TINYINT",
        Kind::Int16 => "SMALLINT",
        Kind::Int32 => "INT",
        Kind::Int64 => "BIGINT",
        Kind::Float32 => "FLOAT",
        Kind::Float64 => "DOUBLE",
        Kind::Text | Kind::Xml if is_key => "VARCHAR(256)",
        Kind::Text | Kind::Xml => "TEXT",
        Kind::Bytes => "VARBINARY(1024)",
        Kind::Decimal { .. } | Kind::AnyDecimal => "DECIMAL(65,30)",
        Kind::Date | Kind::Days => "DATE",
        Kind::Time => "TIME(3)",
        Kind::TimeOfDay(_) => "TIME(6)",
        Kind::Timestamp => "DATETIME(3)",
        Kind::Epoch(_) | Kind::LocalTimestamp(_) => "DATETIME(6)",
        Kind::ZonedTimestamp => "TIMESTAMP(6)",
        Kind::ZonedTime => "VARCHAR(32)",
        Kind::Uuid => "CHAR(36)",
        Kind::Json => "JSON",
        Kind::Array(_) => return None,
    })
}

/// Decimals are text: SQLite's numbers keep 15 digits. Times are milliseconds, as Java's driver writes them.
const fn sqlite(kind: &Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Boolean | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => "INTEGER",
        Kind::Float32 | Kind::Float64 => "REAL",
        Kind::Text
        | Kind::Uuid
        | Kind::Json
        | Kind::Xml
        | Kind::ZonedTime
        | Kind::Decimal { .. }
        | Kind::AnyDecimal => "TEXT",
        Kind::Bytes => "BLOB",
        Kind::Date
        | Kind::Days
        | Kind::Time
        | Kind::TimeOfDay(_)
        | Kind::Timestamp
        | Kind::Epoch(_)
        | Kind::LocalTimestamp(_)
        | Kind::ZonedTimestamp => "NUMERIC",
        Kind::Array(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::Value;

    use super::*;
    use crate::sink::shape::tests::keyed;

    fn column(name: &str) -> TableColumn {
        TableColumn {
            name: name.to_owned(),
            type_name: String::new(),
            nullable: true,
            default: None,
            auto_increment: false,
            generated: false,
            key: None,
        }
    }

    #[test]
    fn columns_are_found_whatever_their_case_if_that_is_clear() {
        let columns = ["a", "B", "c", "C"].map(column);
        for (name, found) in
            [("a", Some("a")), ("A", Some("a")), ("b", Some("B")), ("C", Some("C")), ("d", None)]
        {
            assert_eq!(
                find(&columns, name, |it| &it.name).map(|it| it.name.as_str()),
                found,
                "{name}"
            );
        }
        let both = ["x", "X"].map(column);
        assert_eq!(find(&both[..1], "X", |it| &it.name).map(|it| it.name.as_str()), Some("x"));
    }

    #[test]
    fn what_is_missing_is_made() {
        let shape = keyed(&["id", "it\"s"]);
        let names = Names::quoted(Dialect::Postgres);
        let table = TableId::parse(Dialect::Postgres, "s.T").expect("a name");
        assert_eq!(need(&[], &shape), Need::Table);
        assert_eq!(need(&["ID", "it\"s"].map(column), &shape), Need::Nothing);
        assert_eq!(need(&[column("id")], &shape), Need::Columns(vec![&shape.columns[1]]));
        assert_eq!(
            create(names, &table, &shape).as_deref(),
            Ok(
                "CREATE TABLE \"s\".\"T\" (\"id\" BIGINT NOT NULL, \"it\"\"s\" BIGINT NOT NULL, PRIMARY KEY (\"id\"))"
            )
        );
        let error = add(names, &table, &[&shape.columns[1]]).unwrap_err();
        assert!(error.starts_with("the column it\"s is missing, and cannot be added"), "{error}");
        let with_default = Column { default: Some(Value::Int64(1)), ..shape.columns[1].clone() };
        assert_eq!(
            add(names, &table, &[&with_default]),
            Ok(vec!["ALTER TABLE \"s\".\"T\" ADD COLUMN \"it\"\"s\" BIGINT NULL".to_owned()])
        );
    }

    #[test]
    fn decimals_have_the_digits_of_their_schema() {
        let column = |digits| Column {
            kind: Kind::Decimal { scale: 2 },
            digits,
            ..keyed(&["price"]).columns[0].clone()
        };
        for (digits, postgres, mysql) in [
            (Some(12), "DECIMAL(12,2)", "DECIMAL(12,2)"),
            (Some(66), "DECIMAL(66,2)", "DECIMAL(65,2)"),
            (Some(1), "DECIMAL", "DECIMAL(65,2)"),
            (None, "DECIMAL", "DECIMAL(65,2)"),
        ] {
            let of = |dialect| definition(Names::quoted(dialect), &column(digits), false);
            assert_eq!(of(Dialect::Postgres), Ok(format!("\"price\" {postgres} NOT NULL")));
            assert_eq!(of(Dialect::MySql), Ok(format!("`price` {mysql} NOT NULL")));
            assert_eq!(of(Dialect::Sqlite), Ok("\"price\" TEXT NOT NULL".to_owned()));
        }
    }

    #[test]
    fn each_database_has_its_types() {
        let ints = Kind::Array(Box::new(Kind::Int32));
        for (kind, types) in [
            (Kind::Text, [Some("TEXT"), Some("TEXT"), Some("TEXT")]),
            (Kind::Decimal { scale: 2 }, [Some("DECIMAL"), Some("DECIMAL(65,2)"), Some("TEXT")]),
            (Kind::Timestamp, [Some("TIMESTAMP"), Some("DATETIME(3)"), Some("NUMERIC")]),
            (Kind::Bytes, [Some("BYTEA"), Some("VARBINARY(1024)"), Some("BLOB")]),
            (Kind::Int8, [Some("SMALLINT"), Some("TINYINT"), Some("INTEGER")]),
            (ints, [Some("INT[]"), None, None]),
        ] {
            let found = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite]
                .map(|it| column_type(it, &kind, false));
            assert_eq!(found.each_ref().map(Option::as_deref), types, "{kind}");
        }
        assert_eq!(column_type(Dialect::MySql, &Kind::Text, true).as_deref(), Some("VARCHAR(256)"));
    }
}
