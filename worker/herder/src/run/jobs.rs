//! What runs beside the loop, and what it hands back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sluice_config::Properties;
use sluice_engine::{Engine, TaskId};
use sluice_group::{Change, JoinError, Joined, LocalState, Member};
use sluice_kafka::log::Log;

use super::{Loop, RunError, TaskSender};
use crate::{
    configured::ConfiguredWork,
    event::{Event, SplitError, Timer, WriteId},
    store::config::SessionKey,
};

/// Limit of a write to the config topic with reading it back (`KafkaConfigBackingStore.READ_WRITE_TOTAL_TIMEOUT_MS`).
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a job hands back.
pub(super) enum Done {
    /// Something that happened.
    Event(Event),
    /// A round of joining, over.
    Joined(Box<Member>, Result<Joined, JoinError>),
}

pub(super) async fn join(
    mut member: Box<Member>,
    local: LocalState,
    mut leader: ConfiguredWork,
) -> Done {
    let joined = member.join(local, &mut leader).await;
    Done::Joined(member, joined)
}

pub(super) async fn read_config(log: Arc<Log>, limit: Duration) -> Done {
    let in_time = matches!(tokio::time::timeout(limit, log.read_to_end()).await, Ok(Ok(())));
    Done::Event(Event::ConfigRead(in_time))
}

pub(super) async fn write_config(
    log: Arc<Log>,
    id: WriteId,
    records: Vec<(String, Option<String>)>,
) -> Done {
    let write = async {
        log.send_all(to_bytes(records)).await?;
        log.read_to_end().await
    };
    let result = match tokio::time::timeout(WRITE_TIMEOUT, write).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the write was not confirmed in time and may still take effect".to_owned()),
    };
    Done::Event(Event::Written(id, result))
}

pub(super) fn to_bytes(records: Vec<(String, Option<String>)>) -> Vec<(Bytes, Option<Bytes>)> {
    records.into_iter().map(|(key, value)| (Bytes::from(key), value.map(Bytes::from))).collect()
}

pub(super) async fn stop_tasks(engine: Arc<Engine>, ids: Vec<TaskId>) -> Done {
    engine.stop_tasks(&ids).await;
    Done::Event(Event::TasksStopped(ids))
}

pub(super) async fn split(
    engine: Arc<Engine>,
    connector: String,
    config: Properties,
    attempt: u64,
) -> Done {
    let result = engine.split(&connector, &config).await.map_err(split_error);
    Done::Event(Event::Split { connector, attempt, result })
}

pub(super) async fn watch(
    engine: Arc<Engine>,
    connector: String,
    config: Properties,
    attempt: u64,
) -> Done {
    let result = engine.watch(&config).await.map_err(split_error);
    Done::Event(Event::Watched { connector, attempt, result })
}

fn split_error(error: sluice_plugin::Error) -> SplitError {
    SplitError {
        is_retriable: error.kind() == sluice_plugin::Kind::Retriable,
        trace: sluice_engine::trace_of(error),
    }
}

pub(super) async fn send_tasks(
    sender: Arc<dyn TaskSender>,
    leader: String,
    connector: String,
    attempt: u64,
    configs: Vec<Properties>,
    key: Option<SessionKey>,
) -> Done {
    let result = sender.send_tasks(&leader, &connector, &configs, key.as_ref()).await;
    Done::Event(Event::TasksSent { connector, attempt, result })
}

pub(super) async fn after(pause: Duration, timer: Timer) -> Done {
    tokio::time::sleep(pause).await;
    Done::Event(Event::Timer(timer))
}

impl Loop {
    /// Takes what a job hands back.
    pub(super) fn done(
        &mut self,
        done: Result<Done, tokio::task::JoinError>,
    ) -> Result<(), RunError> {
        match done {
            Ok(Done::Event(event)) => self.step(event),
            Ok(Done::Joined(member, result)) => {
                self.member = Some(member);
                match result {
                    Ok(joined) => self.step(Event::Joined(joined)),
                    Err(error) if error.is_fatal() => return Err(RunError::Group(error)),
                    Err(error) => {
                        tracing::warn!(%error, "a round of joining the group failed; another follows");
                        self.step(Event::JoinFailed);
                        let change = match error {
                            JoinError::CoordinatorLost => Some(Change::CoordinatorLost),
                            JoinError::Fenced => Some(Change::Fenced),
                            _ => None,
                        };
                        if let Some(change) = change {
                            self.step(Event::Membership(change));
                        }
                    }
                }
            }
            // A watch whose connector has stopped.
            Err(error) if error.is_cancelled() => {}
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
        Ok(())
    }
}
