//! The beginning of a look at a table or query: everything up to the first row. It owns all that it needs, so that a poll
//! that is dropped leaves it as it is.

use std::sync::Arc;

use super::{
    Mode,
    criteria::{self, Criteria},
    mapping::Plan,
    offsets::Position,
    settings::Settings,
};
use crate::{Cell, Class, Column, DbError, Dialect, Moment, Rows, Session, TableId};

/// What is looked at.
#[derive(Debug, Clone)]
pub(super) enum Read {
    Table(TableId),
    Query,
}

/// A look that has begun.
pub(super) struct Started {
    pub(super) rows: Rows,
    pub(super) plan: Arc<Plan>,
    pub(super) criteria: Criteria,
    /// Where it begins: the position, or what stands for one at the first look.
    pub(super) begin: Position,
}

/// All that a look needs.
pub(super) struct Look {
    pub(super) settings: Arc<Settings>,
    pub(super) read: Read,
    pub(super) position: Position,
    /// The plan of the last look.
    pub(super) plan: Option<Arc<Plan>>,
}

/// Connects if there is no session, and asks for rows.
pub(super) async fn start(
    session: Option<Session>,
    look: Look,
) -> (Option<Session>, Result<Started, DbError>) {
    let mut session = match session {
        Some(session) => session,
        None => match connect(&look.settings).await {
            Ok(session) => session,
            Err(error) => return (None, Err(error)),
        },
    };
    let started = ask(&mut session, look).await;
    let is_lost = matches!(&started, Err(error) if error.class == Class::Connection);
    ((!is_lost).then_some(session), started)
}

/// A session as the settings want it.
pub(super) async fn connect(settings: &Settings) -> Result<Session, DbError> {
    let mut session = Session::open(&settings.login).await?;
    let scope = match session.dialect() {
        Dialect::Postgres => "CHARACTERISTICS AS TRANSACTION",
        Dialect::MySql => "TRANSACTION",
        Dialect::Sqlite => {
            let zone = settings.mapping.zone.clone();
            if let Some(client) = session.sqlite() {
                client.order_times(move |cell| criteria::instant(cell, &zone)).await?;
            }
            return Ok(session);
        }
    };
    if let Some(level) = settings.isolation {
        session
            .execute(&format!("SET SESSION {scope} ISOLATION LEVEL {level}"), Vec::new())
            .await?;
    }
    Ok(session)
}

async fn ask(session: &mut Session, look: Look) -> Result<Started, DbError> {
    let Look { settings, read, position, plan } = look;
    let (base, name) = match (&read, &settings.selection) {
        (Read::Table(table), _) => {
            (format!("SELECT * FROM {}", settings.names.table(table)), Some(&*table.table))
        }
        (Read::Query, super::Selection::Query(query)) => (query.clone(), None),
        (Read::Query, super::Selection::Tables(_)) => {
            return Err(DbError::new(Class::Other, "no query is set"));
        }
    };
    let mut begin = position;
    let mut criteria = Criteria::default();
    let (mut sql, mut parameters) = (base, Vec::new());
    if settings.mode != Mode::Bulk {
        let columns = session.describe(&sql).await?;
        let what = if let Read::Table(table) = &read { table.to_string() } else { String::new() };
        criteria = Criteria::of(&settings, &what, &columns, name.is_some())?;
        let end = if settings.mode.has_timestamp() { Some(now(session).await?) } else { None };
        if settings.mode.has_timestamp() && begin.timestamp.is_none() {
            begin.timestamp = settings.timestamp_initial.map(Moment::of_millis).or(end);
        }
        let end = end.map(|it| before(it, settings.delay));
        let (clauses, cells) =
            criteria.clauses(&settings, &columns, looking_back(&settings, begin), end)?;
        sql.push_str(&clauses);
        parameters = cells;
    }
    if !settings.suffix.is_empty() {
        sql.push(' ');
        sql.push_str(&settings.suffix);
    }
    let rows = session.query(&sql, parameters).await?;
    let plan = match plan.filter(|it| it.fits(rows.columns())) {
        Some(plan) => plan,
        None => Arc::new(plan_of(name, rows.columns(), &settings)?),
    };
    Ok(Started { rows, plan, criteria, begin })
}

/// A new plan; what it leaves out or makes bytes of is told once.
fn plan_of(name: Option<&str>, columns: &[Column], settings: &Settings) -> Result<Plan, DbError> {
    let plan = Plan::of(name, columns, &settings.mapping)?;
    let what = name.unwrap_or("the query");
    let left_out = plan.left_out();
    if !left_out.is_empty() {
        let columns = left_out.join(", ");
        tracing::warn!(
            what,
            columns,
            "columns of types that records cannot hold are left out; cast them in a query"
        );
    }
    let decimals = plan.decimals();
    if !decimals.is_empty() && !settings.mapping.numeric_is_set {
        let columns = decimals.join(", ");
        tracing::warn!(
            what,
            columns,
            "NUMERIC columns become Connect's Decimal, which most converters write as bytes; numeric.mapping=best_fit makes \
             numbers of them, and numeric.mapping=none says that this is wanted"
        );
    }
    Ok(plan)
}

/// Where a look begins that also sees rows which were committed late.
pub(super) fn looking_back(settings: &Settings, begin: Position) -> Position {
    let rows = i64::try_from(settings.lookback_rows).unwrap_or(i64::MAX);
    match settings.mode {
        Mode::Incrementing => {
            Position { incrementing: begin.incrementing.map(|it| it.saturating_sub(rows)), ..begin }
        }
        Mode::Timestamp | Mode::TimestampIncrementing if !settings.lookback.is_zero() => Position {
            timestamp: begin.timestamp.map(|it| before(it, settings.lookback)),
            incrementing: begin.incrementing,
        },
        _ => begin,
    }
}

/// The moment some time before another.
fn before(moment: Moment, time: std::time::Duration) -> Moment {
    let nanos = i64::from(moment.nanos) - i64::from(time.subsec_nanos());
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Moment {
        seconds: moment
            .seconds
            .saturating_sub(seconds)
            .saturating_add(nanos.div_euclid(1_000_000_000)),
        nanos: nanos.rem_euclid(1_000_000_000) as u32,
    }
}

/// What the database's clock shows.
async fn now(session: &mut Session) -> Result<Moment, DbError> {
    let sql = match session.dialect() {
        Dialect::Postgres => "SELECT CURRENT_TIMESTAMP",
        // Sessions are in UTC.
        Dialect::MySql => "SELECT UTC_TIMESTAMP(6)",
        Dialect::Sqlite => "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    };
    match session.rows(sql, Vec::new()).await?.first().map(Vec::as_slice) {
        Some([Cell::Instant(it) | Cell::Local(it)]) => Ok(*it),
        Some([Cell::Int(millis)]) => Ok(Moment::of_millis(*millis)),
        _ => Err(DbError::new(Class::Other, "the database does not tell the time")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn time_before_is_exact() {
        let at = |seconds, nanos| Moment { seconds, nanos };
        for (moment, millis, expected) in [
            (at(10, 0), 1, at(9, 999_000_000)),
            (at(10, 500_000_000), 1500, at(9, 0)),
            (at(i64::MIN, 0), 1000, at(i64::MIN, 0)),
        ] {
            assert_eq!(before(moment, Duration::from_millis(millis)), expected);
        }
    }
}
