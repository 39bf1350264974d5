//! Columns of results that nothing declares: expressions, and columns of tables that have no type. Such a column is what its
//! first value is that is not NULL, and stays that as long as the session lasts. Java's driver goes by the first row.

use std::collections::BTreeMap;

use rusqlite::{
    Connection,
    types::{Type, ValueRef},
};

use super::{order, values};
use crate::{Cell, Column, DbError, SqlType};

/// The storage classes of the columns that nothing declares, by their names; none while all of their values are NULL.
pub(super) type Classes = BTreeMap<String, Option<Type>>;

/// What the values of a column have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// What the column declares.
    Declared,
    /// Of this class.
    Of(Type),
    /// Nothing but NULL came when its class was looked for.
    Null,
}

impl Values {
    /// Whether a value is one.
    pub(super) fn hold(self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            // An integer that no double equals is refused where the value is read.
            (_, ValueRef::Null)
            | (Self::Declared, _)
            | (Self::Of(Type::Real), ValueRef::Integer(_)) => true,
            (Self::Of(class), value) => value.data_type() == class,
            (Self::Null, _) => false,
        }
    }
}

/// The classes of a result's columns; what is `known` is not looked for. Reads the result up to the row that tells the last
/// of them, which is a whole pass if a column is NULL in all rows.
pub(super) fn of(
    connection: &Connection,
    sql: &str,
    parameters: Vec<Cell>,
    columns: &[Column],
    known: &Classes,
) -> Result<Classes, DbError> {
    let undeclared = columns.iter().filter(|it| it.type_name.is_empty());
    let known = |it: &Column| (it.name.clone(), known.get(&it.name).copied().flatten());
    let mut classes: Classes = undeclared.map(known).collect();
    let is_open = |it: &(usize, &Column)| classes.get(&it.1.name) == Some(&None);
    let mut open: Vec<(usize, &Column)> = columns.iter().enumerate().filter(is_open).collect();
    if open.is_empty() {
        return Ok(classes);
    }
    let parameters = values::parameters(parameters)?;
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    while !open.is_empty() {
        let Some(row) = rows.next().map_err(order::refusal)? else { break };
        let mut still = Vec::with_capacity(open.len());
        for (index, column) in open {
            match row.get_ref(index)?.data_type() {
                Type::Null => still.push((index, column)),
                class => {
                    classes.insert(column.name.clone(), Some(class));
                }
            }
        }
        open = still;
    }
    Ok(classes)
}

/// Gives the columns the types of their classes, those that are known.
pub(super) fn apply(columns: &mut [Column], classes: &Classes) {
    for column in columns {
        let Some(Some(class)) = classes.get(&column.name) else { continue };
        let (r#type, name) = match class {
            Type::Integer => (SqlType::BigInt { unsigned: false }, "INTEGER"),
            Type::Real => (SqlType::Double, "REAL"),
            Type::Blob => (SqlType::Bytes, "BLOB"),
            Type::Text | Type::Null => (SqlType::Text, "TEXT"),
        };
        column.r#type = r#type;
        name.clone_into(&mut column.type_name);
    }
}

/// How the values of each column are to be read. A column that is NULL in all rows is text: it has to be something.
pub(super) fn kinds(columns: &mut [Column], classes: &Classes) -> Vec<Values> {
    let one = |column: &mut Column| match classes.get(&column.name) {
        None => Values::Declared,
        Some(Some(class)) => Values::Of(*class),
        Some(None) => {
            column.r#type = SqlType::Text;
            "TEXT".clone_into(&mut column.type_name);
            Values::Null
        }
    };
    columns.iter_mut().map(one).collect()
}
