//! Writes changes to the database: all of them in one transaction, or none.

mod copy;
mod rows;

use std::sync::Arc;

use mysql_async::prelude::Queryable as _;

use super::{
    failure::Failure,
    group::{Action, Change, Group, group},
    plan::{self, Plan},
    settings::{Settings, Write},
    zone::Zone,
};
use crate::{Cell, Class, DbError, Dialect, Login, Names, Session};

/// Most plans that are kept; with more tables and schemas than that, they are made anew.
const MOST_PLANS: usize = 256;

/// A database, and how rows get into its tables.
pub(crate) struct Writer {
    login: Login,
    names: Names,
    zone: Zone,
    session: Option<Session>,
    /// Most bytes of a value that the server takes.
    most_bytes: usize,
    plans: Vec<Arc<Plan>>,
    /// Number of the next table of the session.
    stages: u64,
    /// Number of the batch.
    round: u64,
    /// Whether a plan is from before these changes, so that the tables may have changed since.
    is_stale: bool,
}

impl Writer {
    /// A writer that connects when it is needed first.
    pub(crate) fn new(login: Login, names: Names, zone: Zone) -> Self {
        Self {
            login,
            names,
            zone,
            session: None,
            most_bytes: usize::MAX,
            plans: Vec::new(),
            stages: 0,
            round: 0,
            is_stale: false,
        }
    }

    /// Connects, if there is no connection.
    pub(crate) async fn connect(&mut self) -> Result<&mut Session, Failure> {
        if self.session.is_none() {
            let doing = format!("connect to {}", self.login.url);
            let opened = Session::open(&self.login).await;
            let mut session = opened.map_err(|it| Failure::during(&doing, &it))?;
            if session.dialect() == Dialect::MySql {
                let prepared = prepare(&mut session).await;
                self.most_bytes = prepared.map_err(|it| Failure::during(&doing, &it))?;
            }
            self.session = Some(session);
        }
        Ok(self.session.as_mut().expect("just connected"))
    }

    /// Ends the connection, and forgets what is known of the tables.
    pub(crate) fn disconnect(&mut self) {
        self.plans.clear();
        self.session = None;
    }

    /// A new batch begins.
    pub(crate) const fn begin(&mut self) {
        self.round += 1;
    }

    /// Writes the changes. After a failure nothing of them is written, unless it says that nobody knows.
    ///
    /// A table that was changed since it was looked at is looked at again.
    pub(crate) async fn write(
        &mut self,
        changes: &[Change],
        settings: &Settings,
    ) -> Result<(), Failure> {
        self.is_stale = false;
        let mut written = self.attempt(changes, settings).await;
        if self.is_stale && written.as_ref().is_err_and(|it| !it.is_lost) {
            self.forget().await;
            written = self.attempt(changes, settings).await;
        }
        if written.as_ref().is_err_and(|it| it.is_lost) {
            self.disconnect();
        }
        written
    }

    /// Forgets what is known of the tables, and so does the connection.
    async fn forget(&mut self) {
        self.plans.clear();
        match self.names.dialect {
            // The driver keeps what it knows of a statement as long as the connection.
            Dialect::MySql => self.session = None,
            // The tables of the session have the columns as they were.
            Dialect::Postgres => {
                if let Some(client) = self.session.as_mut().and_then(Session::postgres)
                    && client.driver().batch_execute("DISCARD TEMP").await.is_err()
                {
                    self.session = None;
                }
            }
            Dialect::Sqlite => {}
        }
    }

    async fn attempt(&mut self, changes: &[Change], settings: &Settings) -> Result<(), Failure> {
        let groups = group(changes, settings.write != Write::Insert);
        if self.plans.len() + groups.len() > MOST_PLANS {
            self.forget().await;
        }
        let mut work = Vec::with_capacity(groups.len());
        for group in &groups {
            let plan = self.plan(group, settings).await.map_err(|it| blame(it, group))?;
            let Some(plan) = plan else { continue };
            let rows = rows(&plan, group, changes, &self.zone)?;
            work.push((plan, rows));
        }
        self.connect().await?;
        let limits = (settings, self.most_bytes);
        let session = self.connect().await?;
        control(session, "BEGIN")
            .await
            .map_err(|it| Failure::during("begin a transaction", &it))?;
        let mut work = work.into_iter().peekable();
        while let Some((plan, rows)) = work.next() {
            let is_last = work.peek().is_none();
            if let Err(failure) = apply(session, &plan, rows, limits, is_last).await {
                // Whatever comes of it: what is not committed is gone with the connection.
                let is_back = control(session, "ROLLBACK").await.is_ok();
                return Err(Failure { is_lost: failure.is_lost || !is_back, ..failure });
            }
        }
        control(session, "COMMIT").await.map_err(|it| {
            let is_unknown = it.class == Class::Connection;
            // Whether the transaction is still open is not worth asking.
            Failure { is_unknown, is_lost: true, ..Failure::during("commit", &it) }
        })
    }

    /// The plan for a group, made if there is none yet; none if nothing has to be done.
    async fn plan(
        &mut self,
        group: &Group,
        settings: &Settings,
    ) -> Result<Option<Arc<Plan>>, Failure> {
        let is_it = |it: &&Arc<Plan>| {
            it.action == group.action
                && it.name == group.table
                && (Arc::ptr_eq(&it.shape, &group.shape) || it.shape == group.shape)
        };
        if let Some(plan) = self.plans.iter().find(is_it) {
            self.is_stale |= plan.round < self.round;
            return Ok(Some(Arc::clone(plan)));
        }
        let (names, stage) = (self.names, format!("sluice_rows_{}", self.stages));
        let label = (stage, self.round);
        self.stages += 1;
        let session = self.connect().await?;
        let plan = plan::make(session, names, settings, group, label).await?.map(Arc::new);
        self.plans.extend(plan.clone());
        Ok(plan)
    }
}

/// A failure that concerns a shape is the fault of the first record that has it.
fn blame(failure: Failure, group: &Group) -> Failure {
    let at = group
        .members
        .iter()
        .min()
        .copied()
        .filter(|_| failure.remedy == super::failure::Remedy::Record);
    Failure { at, ..failure }
}

/// The rows of a group as their columns take them.
fn rows(
    plan: &Plan,
    group: &Group,
    changes: &[Change],
    zone: &Zone,
) -> Result<Vec<Vec<Cell>>, Failure> {
    if group.action == Action::Truncate {
        return Ok(Vec::new());
    }
    let mut rows = Vec::with_capacity(group.members.len());
    for member in &group.members {
        let row = plan.row(&changes[*member].cells, zone);
        rows.push(row.map_err(|it| Failure::record(Some(*member), it))?);
    }
    Ok(rows)
}

async fn apply(
    session: &mut Session,
    plan: &Plan,
    rows: Vec<Vec<Cell>>,
    (settings, most_bytes): (&Settings, usize),
    is_last: bool,
) -> Result<(), Failure> {
    let doing = match plan.action {
        Action::Write => "write to",
        Action::Delete => "delete from",
        Action::Truncate => "empty",
    };
    let done = match (plan.action, session.dialect()) {
        (Action::Truncate, _) => {
            session.execute(&plan.parts().truncate(), Vec::new()).await.map(drop)
        }
        (_, Dialect::Postgres) => copy::write(session, plan, &rows, settings, is_last).await,
        (_, Dialect::MySql) => rows::mysql(session, plan, rows, settings, most_bytes).await,
        (_, Dialect::Sqlite) => rows::sqlite(session, plan, rows, settings).await,
    };
    done.map_err(|it| Failure::during(&format!("{doing} table {}", plan.table), &it))
}

/// Makes a session of MySQL strict, as it else cuts what does not fit; the most bytes of a value that it takes.
async fn prepare(session: &mut Session) -> Result<usize, DbError> {
    let strict =
        "SET SESSION sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_ALL_TABLES')";
    session.execute(strict, Vec::new()).await?;
    let rows = session.rows("SELECT @@max_allowed_packet", Vec::new()).await?;
    let most = match rows.first().and_then(|row| row.first()) {
        Some(Cell::Int(most)) => usize::try_from(*most).ok(),
        Some(Cell::Unsigned(most)) => usize::try_from(*most).ok(),
        _ => None,
    };
    most.ok_or_else(|| DbError::new(Class::Other, "max_allowed_packet is no number"))
}

/// Begins and ends transactions.
async fn control(session: &mut Session, word: &'static str) -> Result<(), DbError> {
    if let Some(client) = session.postgres() {
        return Ok(client.driver().batch_execute(word).await?);
    }
    if let Some(client) = session.mysql() {
        return client.with(async |it| it.query_drop(word).await).await;
    }
    // A lock that is taken later could be refused for good.
    let word = if word == "BEGIN" { "BEGIN IMMEDIATE" } else { word };
    session.execute(word, Vec::new()).await.map(drop)
}
