//! A task of the source: its tables in turn, over one session.

use std::{collections::VecDeque, future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluice_plugin::{Error, Result, SourceTask, model::SourceRecord};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    querier::Querier,
    settings::Settings,
    start::{Started, start},
};
use crate::{Class, DbError, Session, session::bytes_of};

/// How long a poll waits for the next table that is due before it comes back without records.
const IDLE: Duration = Duration::from_millis(500);

/// About how many bytes of rows a poll hands out at most, and one row more.
const MOST_BYTES: usize = 16 << 20;

type Starting =
    Pin<Box<dyn Future<Output = (Option<Session>, std::result::Result<Started, DbError>)> + Send>>;

/// A task. The table at the front of the queue is the one that is looked at.
pub(super) struct Task {
    settings: Arc<Settings>,
    session: Option<Session>,
    queue: VecDeque<Querier>,
    step: Step,
    /// Records that the next poll hands out, also if the one that made them was dropped.
    batch: Vec<SourceRecord>,
    /// About how many bytes the rows of the batch have.
    bytes: usize,
    /// When they are handed out at the latest.
    linger: Option<Instant>,
}

enum Step {
    Idle,
    Starting(Starting),
    Reading(Box<Started>),
}

impl Task {
    pub(super) fn new(settings: Arc<Settings>, session: Session, queue: VecDeque<Querier>) -> Self {
        Self {
            settings,
            session: Some(session),
            queue,
            step: Step::Idle,
            batch: Vec::new(),
            bytes: 0,
            linger: None,
        }
    }

    /// Sends the table at the front to the end.
    fn next_table(&mut self) {
        self.step = Step::Idle;
        self.queue.rotate_left(usize::from(!self.queue.is_empty()));
    }

    /// What a refusal means for the task.
    fn refused(&mut self, error: &DbError) -> Result<()> {
        let Some(querier) = self.queue.front_mut() else { return Ok(()) };
        if error.class == Class::Connection {
            self.session = None;
        }
        querier.failed(&self.settings);
        let doing = querier.name();
        let is_lasting = match error.class {
            Class::Data => true,
            Class::Connection | Class::Transient => false,
            // What has worked may work again: somebody is changing the table. What never has is set up wrongly.
            Class::Missing | Class::Denied | Class::Other => !querier.has_worked,
        };
        let are_spent = self.settings.retries.is_some_and(|most| querier.failures > most);
        self.next_table();
        let text = format!("{doing}: {error}");
        Err(if is_lasting || are_spent { Error::fatal(text) } else { Error::retriable(text) })
    }

    /// The records to hand out now.
    fn hand_out(&mut self) -> Vec<SourceRecord> {
        (self.linger, self.bytes) = (None, 0);
        std::mem::take(&mut self.batch)
    }

    /// Reads on in the result; whether there are records to hand out.
    async fn read(&mut self) -> Result<bool> {
        let Step::Reading(started) = &mut self.step else { return Ok(false) };
        let Some(querier) = self.queue.front_mut() else { return Ok(false) };
        loop {
            if self.batch.len() >= self.settings.batch_rows || self.bytes >= MOST_BYTES {
                return Ok(true);
            }
            let next = match self.linger {
                None => started.rows.next().await,
                Some(until) => match timeout_at(until, started.rows.next()).await {
                    Ok(next) => next,
                    Err(_) => return Ok(true),
                },
            };
            let mut size = 0;
            let taken = match next {
                Ok(Some(cells)) => {
                    size = bytes_of(&cells);
                    let Started { rows, plan, criteria, .. } = &**started;
                    querier.take(&self.settings, criteria, plan, rows.columns(), cells)
                }
                Ok(None) => {
                    self.batch.extend(querier.finish(&self.settings, &started.plan));
                    self.next_table();
                    return Ok(!self.batch.is_empty());
                }
                Err(error) => Err(error),
            };
            match taken {
                Ok(record) => {
                    // That of the row behind the record's own, if that one was held back.
                    self.bytes += record.as_ref().map_or(0, |_| size);
                    self.batch.extend(record);
                    if self.linger.is_none() && !self.batch.is_empty() {
                        self.linger = Some(Instant::now() + self.settings.linger);
                    }
                }
                Err(error) => {
                    // The rest of the result is given up, and perhaps the connection with it.
                    self.session = None;
                    self.refused(&error)?;
                    return Ok(false);
                }
            }
        }
    }
}

#[async_trait]
impl SourceTask for Task {
    /// What it has begun it goes on with: the look, the result and the records are the task's own.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        loop {
            match &mut self.step {
                Step::Idle if !self.batch.is_empty() => return Ok(self.hand_out()),
                Step::Idle => {
                    let soon = Instant::now() + IDLE;
                    let Some(querier) = self.queue.front() else {
                        sleep_until(soon).await;
                        return Ok(Vec::new());
                    };
                    if querier.due > soon {
                        sleep_until(soon).await;
                        return Ok(Vec::new());
                    }
                    sleep_until(querier.due).await;
                    let look = querier.look(&self.settings);
                    self.step = Step::Starting(Box::pin(start(self.session.take(), look)));
                }
                Step::Starting(starting) => {
                    let (session, started) = starting.await;
                    self.session = session;
                    match started {
                        Ok(started) => {
                            if let Some(querier) = self.queue.front_mut() {
                                querier.begun(&started);
                            }
                            self.step = Step::Reading(Box::new(started));
                        }
                        Err(error) => self.refused(&error)?,
                    }
                }
                Step::Reading(_) => {
                    if self.read().await? {
                        return Ok(self.hand_out());
                    }
                }
            }
        }
    }

    async fn close(&mut self) -> Result<()> {
        // Whatever the database still does for a result ends with the connection.
        self.step = Step::Idle;
        self.session = None;
        Ok(())
    }
}
