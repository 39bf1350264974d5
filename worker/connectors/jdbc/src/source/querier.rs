//! One table or query on its way through a task: where it stands, and the records that its rows become.

use std::sync::Arc;

use sluice_plugin::model::{
    ConnectRecord, SchemaAndValue, SourceOffset, SourcePartition, SourceRecord, Struct, Value,
};
use tokio::time::Instant;

use super::{
    Mode,
    criteria::Criteria,
    lookback::Lookback,
    mapping::Plan,
    offsets::Position,
    settings::Settings,
    start::{Look, Read, Started, looking_back},
};
use crate::{Cell, DbError, Moment};

/// A table or query.
pub(super) struct Querier {
    read: Read,
    topic: Arc<str>,
    partition: Arc<SourcePartition>,
    /// Everything up to here was handed out.
    position: Position,
    /// A row whose time may be that of the next row too: only that one tells whether the time is done.
    held: Option<(Struct, Moment)>,
    lookback: Option<Lookback>,
    plan: Option<Arc<Plan>>,
    /// When it is looked at again.
    pub(super) due: Instant,
    /// Looks that went wrong since the last one that went well.
    pub(super) failures: u32,
    /// Whether a look has gone well.
    pub(super) has_worked: bool,
}

impl Querier {
    pub(super) fn new(
        settings: &Settings,
        read: Read,
        topic: String,
        partition: SourcePartition,
        position: Position,
    ) -> Self {
        let looks_back = match settings.mode {
            Mode::Bulk => false,
            Mode::Incrementing => settings.lookback_rows > 0,
            Mode::Timestamp | Mode::TimestampIncrementing => !settings.lookback.is_zero(),
        };
        Self {
            read,
            topic: topic.into(),
            partition: Arc::new(partition),
            position,
            held: None,
            lookback: looks_back.then(Lookback::default),
            plan: None,
            due: Instant::now(),
            failures: 0,
            has_worked: false,
        }
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> String {
        match &self.read {
            Read::Table(table) => format!("table {table}"),
            Read::Query => "the query".to_owned(),
        }
    }

    /// A look at what is new.
    pub(super) fn look(&self, settings: &Arc<Settings>) -> Look {
        Look {
            settings: Arc::clone(settings),
            read: self.read.clone(),
            position: self.position,
            plan: self.plan.clone(),
        }
    }

    /// Notes where a look begins.
    pub(super) fn begun(&mut self, started: &Started) {
        self.position = started.begin;
        self.plan = Some(Arc::clone(&started.plan));
        self.held = None;
        (self.failures, self.has_worked) = (0, true);
    }

    /// Takes a row; the record that can go out now, if any.
    pub(super) fn take(
        &mut self,
        settings: &Settings,
        criteria: &Criteria,
        plan: &Plan,
        columns: &[crate::Column],
        cells: Vec<Cell>,
    ) -> Result<Option<SourceRecord>, DbError> {
        let stands = criteria.position(settings, columns, &cells)?;
        if let Some(lookback) = &mut self.lookback
            && !lookback.is_new(&cells, order(settings.mode, stands))?
        {
            return Ok(None);
        }
        let value = plan.value(cells)?;
        match (settings.mode, stands.timestamp) {
            (Mode::Bulk, _) => Ok(Some(self.record(plan, value, SourceOffset::default()))),
            (Mode::Timestamp, Some(moment)) => {
                let before = self.held.replace((value, moment));
                let Some((value, earlier)) = before else { return Ok(None) };
                // A row that came late stands before the position, which stays where it is.
                if moment > earlier {
                    self.advance(
                        Mode::Timestamp,
                        Position { timestamp: Some(earlier), incrementing: None },
                    );
                }
                Ok(Some(self.record(plan, value, self.position.stored())))
            }
            (mode, _) => {
                self.advance(mode, stands);
                Ok(Some(self.record(plan, value, self.position.stored())))
            }
        }
    }

    /// The result has ended; the record that was held back, if any.
    pub(super) fn finish(&mut self, settings: &Settings, plan: &Plan) -> Option<SourceRecord> {
        let last = self.held.take().map(|(value, moment)| {
            let stands = Position { timestamp: Some(moment), incrementing: None };
            self.advance(Mode::Timestamp, stands);
            self.record(plan, value, self.position.stored())
        });
        if let Some(lookback) = &mut self.lookback {
            lookback.forget_before(order(settings.mode, looking_back(settings, self.position)));
        }
        self.due = Instant::now() + settings.poll_interval;
        last
    }

    /// The look has gone wrong; what it held comes again.
    pub(super) fn failed(&mut self, settings: &Settings) {
        self.held = None;
        self.failures += 1;
        // What was seen of rows that were not handed out is not to be left out.
        if let Some(lookback) = &mut self.lookback {
            *lookback = Lookback::default();
        }
        self.due = Instant::now() + settings.poll_interval;
    }

    fn advance(&mut self, mode: Mode, stands: Position) {
        if Criteria::is_behind(mode, stands, self.position) {
            self.position = stands;
        }
    }

    fn record(&self, plan: &Plan, value: Struct, source_offset: SourceOffset) -> SourceRecord {
        let value =
            SchemaAndValue { schema: Some(plan.schema().clone()), value: Value::Struct(value) };
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset,
            data: ConnectRecord::new(Arc::clone(&self.topic), SchemaAndValue::NULL, value),
        }
    }
}

/// A number that rises with where rows stand.
fn order(mode: Mode, stands: Position) -> i128 {
    match (mode, stands.timestamp) {
        (Mode::Incrementing, _) | (_, None) => stands.incrementing.map_or(i128::MIN, i128::from),
        (_, Some(it)) => i128::from(it.seconds) * 1_000_000_000 + i128::from(it.nanos),
    }
}
