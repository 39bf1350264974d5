//! How rows of one shape get into one table: the table's own columns, what is done to each value, and the statements.

mod table;

use std::sync::Arc;

use tokio_postgres::types::{Kind as PostgresKind, Type};

use super::{
    ddl,
    failure::Failure,
    fit::fit,
    group::{Action, Group},
    kind::Kind,
    settings::{Settings, Write},
    shape::Shape,
    statement::Parts,
    step::Step,
    zone::Zone,
};
use crate::{Cell, Column, Dialect, Names, Session, SqlType, TableId};

/// The plan.
#[derive(Debug)]
pub(crate) struct Plan {
    /// In which batch it was made.
    pub(crate) round: u64,
    /// The table as the settings name it.
    pub(crate) name: Arc<str>,
    /// What is known by its own name is quoted, whatever the settings say.
    pub(crate) names: Names,
    pub(crate) table: TableId,
    pub(crate) shape: Arc<Shape>,
    pub(crate) action: Action,
    /// The columns as the table has them, those of the key first.
    pub(crate) columns: Vec<String>,
    pub(crate) keys: usize,
    pub(crate) steps: Vec<Step>,
    /// The database's names of the columns' types; of columns that PostgreSQL reads, as a cast names them.
    pub(crate) type_names: Vec<String>,
    /// PostgreSQL's types, for COPY; of columns that it reads, text.
    pub(crate) types: Vec<Type>,
    /// The table of the session that rows go through, if they do.
    pub(crate) stage: Option<String>,
}

impl Plan {
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts { names: self.names, table: &self.table, columns: &self.columns, keys: self.keys }
    }

    /// The values for the columns, in their order.
    pub(crate) fn row(&self, cells: &[Cell], zone: &Zone) -> Result<Vec<Cell>, String> {
        let mut row = Vec::with_capacity(self.columns.len());
        for ((cell, step), column) in cells.iter().zip(&self.steps).zip(&self.columns) {
            let cell = step.apply(cell.clone(), zone);
            row.push(cell.map_err(|it| format!("table {}, column {column}: {it}", self.table))?);
        }
        Ok(row)
    }

    pub(crate) fn cast(&self, column: usize) -> Option<String> {
        (self.steps[column] == Step::Read).then(|| self.type_names[column].clone())
    }
}

/// Makes the plan for a group; makes or changes the table first, if it has to be and may be. None if there is nothing to be
/// done: no row has to go from a table that is still to be made.
pub(crate) async fn make(
    session: &mut Session,
    names: Names,
    settings: &Settings,
    group: &Group,
    (stage, round): (String, u64),
) -> Result<Option<Plan>, Failure> {
    let table = table::named(names, &group.table).map_err(Failure::fatal)?;
    table::check_names(names.dialect, &group.shape).map_err(|it| Failure::record(None, it))?;
    if group.action != Action::Write
        && settings.create
        && table::is_missing(session, &table).await?
    {
        return Ok(None);
    }
    let known = table::prepared(session, names, settings, &table, &group.shape).await?;
    let is_delete = group.action == Action::Delete;
    let count = if is_delete { group.shape.keys } else { group.shape.columns.len() };
    let mut columns = Vec::with_capacity(count);
    let mut type_names = Vec::with_capacity(count);
    for column in &group.shape.columns[..count] {
        let found = ddl::find(&known, &column.name, |it| &it.name);
        let found = found.ok_or_else(|| {
            Failure::fatal(format!("table {table} has lost its column {}", column.name))
        })?;
        columns.push(found.name.clone());
        type_names.push(found.type_name.clone());
    }
    let keys = group.shape.keys;
    let mut plan = Plan {
        round,
        name: Arc::clone(&group.table),
        names: Names::quoted(names.dialect),
        shape: Arc::clone(&group.shape),
        action: group.action,
        columns,
        keys,
        steps: Vec::new(),
        type_names,
        types: Vec::new(),
        stage: None,
        table,
    };
    if group.action != Action::Truncate {
        describe(session, settings, &mut plan).await?;
        stage_if_needed(session, settings, &mut plan, stage).await?;
    }
    Ok(Some(plan))
}

async fn describe(
    session: &mut Session,
    settings: &Settings,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let columns = plan.names.list(plan.columns.iter().map(String::as_str));
    let sql = format!("SELECT {columns} FROM {}", plan.names.table(&plan.table));
    let doing = format!("look at table {}", plan.table);
    let described = session.describe(&sql).await.map_err(|it| Failure::during(&doing, &it))?;
    let described = described.iter().zip(&plan.type_names).map(|(it, name)| declared(it, name));
    for (column, field) in described.zip(&plan.shape.columns) {
        let step = fit(&field.kind, &column, plan.names.dialect);
        let step =
            step.map_err(|it| Failure::record(None, format!("table {}: {it}", plan.table)))?;
        let is_in_zone = match field.kind {
            Kind::Date => settings.dates_in_zone,
            Kind::Time => !settings.debezium,
            _ => false,
        };
        plan.steps.push(if is_in_zone && step == Step::Same { Step::InZone } else { step });
    }
    let Some(client) = session.postgres() else { return Ok(()) };
    let statement =
        client.driver().prepare(&sql).await.map_err(|it| Failure::during(&doing, &it.into()))?;
    for (index, column) in statement.columns().iter().enumerate() {
        let mut r#type = base(column.type_());
        if plan.steps[index] == Step::Read {
            plan.type_names[index] = cast_name(&r#type);
            r#type = Type::TEXT;
        }
        plan.types.push(r#type);
    }
    Ok(())
}

/// A column of MySQL with the sign of its declaration: what comes with a statement does not always say.
fn declared(column: &Column, type_name: &str) -> Column {
    let unsigned = type_name.to_lowercase().contains("unsigned");
    let r#type = match column.r#type {
        SqlType::TinyInt { .. } => SqlType::TinyInt { unsigned },
        SqlType::SmallInt { .. } => SqlType::SmallInt { unsigned },
        SqlType::Integer { .. } => SqlType::Integer { unsigned },
        SqlType::BigInt { .. } => SqlType::BigInt { unsigned },
        other => other,
    };
    Column { r#type, ..column.clone() }
}

/// The type that a domain is made of, whose binary form its values have.
fn base(r#type: &Type) -> Type {
    match r#type.kind() {
        PostgresKind::Domain(of) => base(of),
        _ => r#type.clone(),
    }
}

/// A type as a cast names it: without the column's length, to which a cast would cut what an insert refuses.
fn cast_name(r#type: &Type) -> String {
    let schema = Some(r#type.schema().to_owned());
    let name = TableId { catalog: None, schema, table: r#type.name().to_owned() };
    Names::quoted(Dialect::Postgres).table(&name)
}

async fn stage_if_needed(
    session: &mut Session,
    settings: &Settings,
    plan: &mut Plan,
    stage: String,
) -> Result<(), Failure> {
    let Some(client) = session.postgres() else { return Ok(()) };
    let is_plain = plan.action == Action::Write
        && settings.write == Write::Insert
        && !plan.steps.contains(&Step::Read);
    if is_plain {
        return Ok(());
    }
    let sql = plan.parts().stage(&stage, |it| plan.steps[it] == Step::Read);
    let made = client.driver().batch_execute(&sql).await;
    made.map_err(|it| {
        let doing = format!("make a temporary table for rows of table {}", plan.table);
        Failure::during(&doing, &it.into())
    })?;
    plan.stage = Some(stage);
    Ok(())
}
