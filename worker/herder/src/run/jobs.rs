//! What runs beside the loop, and what it hands back.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sluice_config::{Properties, placeholder};
use sluice_engine::{Engine, TaskId, aside};
use sluice_group::{Change, JoinError, Joined, LocalState, Seat};
use sluice_kafka::log::{LeaderWriter, Log};
use sluice_providers::{ProviderError, Providers};

use super::{Loop, RunError, Workers, in_use::LOOK_AGAIN, now_millis};
use crate::{
    configured::ConfiguredWork,
    event::{Event, Question, QuestionId, RequestId, SplitError, Timer, Told, WriteId},
    request::Error,
    state::{Plugins, WRITES_LOST},
    store::config::SessionKey,
};

/// Limit of a write to the config topic with reading it back (`KafkaConfigBackingStore.READ_WRITE_TOTAL_TIMEOUT_MS`).
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a job hands back.
pub(super) enum Done {
    /// Something that happened.
    Event(Event),
    /// What came of a write after which the config topic has to be claimed again.
    Lost(Event),
    /// A connector's answer, and how long the values hold that it was given.
    Split(Event, Option<Duration>),
    /// A connector that was not asked, because the values that its settings name cannot be had.
    Missing(Event, Properties),
    /// The group, left for a while.
    SteppedOut(Box<Seat>),
    /// A round of joining, over.
    Joined(Box<Seat>, Result<Joined, JoinError>),
    /// What a member has said about its connectors.
    Connectors(String, Result<Vec<String>, String>),
}

pub(super) async fn join(
    mut seat: Box<Seat>,
    local: LocalState,
    mut leader: ConfiguredWork,
) -> Done {
    let joined = seat.join(local, &mut leader).await;
    Done::Joined(seat, joined)
}

pub(super) async fn step_out(mut seat: Box<Seat>) -> Done {
    seat.leave("taking too long to read the log").await;
    Done::SteppedOut(seat)
}

pub(super) async fn read_config(log: Arc<Log>, limit: Duration) -> Done {
    Done::Event(Event::ConfigRead(is_read(&log, limit).await))
}

pub(super) async fn refresh(log: Arc<Log>, limit: Duration, request: RequestId) -> Done {
    Done::Event(Event::Refreshed(request, is_read(&log, limit).await))
}

pub(super) async fn is_read(log: &Log, limit: Duration) -> bool {
    matches!(tokio::time::timeout(limit, log.read_to_end()).await, Ok(Ok(())))
}

pub(super) async fn write_config(
    log: Arc<Log>,
    writer: Option<Arc<LeaderWriter>>,
    id: WriteId,
    records: Vec<(String, Option<String>)>,
) -> Done {
    let records = to_bytes(records);
    let mut is_sent = false;
    let write = async {
        match &writer {
            Some(writer) => writer.write(&records).await.map_err(|error| {
                tracing::warn!(error = ?error, "the leader's write to the config topic has failed");
                WRITES_LOST.to_owned()
            })?,
            None => log.send_all(records).await.map_err(|error| error.to_string())?,
        }
        is_sent = true;
        log.read_to_end().await.map_err(|error| error.to_string())
    };
    let result = tokio::time::timeout(WRITE_TIMEOUT, write).await.unwrap_or_else(|_| {
        Err("the write was not confirmed in time and may still take effect".to_owned())
    });
    // However a transaction went wrong, there is none after it without another claim.
    let is_lost = writer.is_some() && !is_sent;
    let written = Event::Written(id, result);
    if is_lost { Done::Lost(written) } else { Done::Event(written) }
}

/// Claims the config topic for this leader.
pub(super) async fn claim(writer: Arc<LeaderWriter>) -> Done {
    Done::Event(Event::Claimed(writer.claim().await.map_err(|error| error.to_string())))
}

pub(super) fn to_bytes(records: Vec<(String, Option<String>)>) -> Vec<(Bytes, Option<Bytes>)> {
    records.into_iter().map(|(key, value)| (Bytes::from(key), value.map(Bytes::from))).collect()
}

pub(super) async fn stop_tasks(engine: Arc<Engine>, ids: Vec<TaskId>) -> Done {
    engine.stop_tasks(&ids).await;
    Done::Event(Event::TasksStopped(ids))
}

/// Asks a connector for its tasks, with values in place of placeholders, and puts the placeholders back. Says too when
/// to ask again because a value expires, if the connector wants that (`WorkerConfigTransformer`).
pub(super) async fn split(
    engine: Arc<Engine>,
    providers: Arc<Providers>,
    connector: String,
    config: Properties,
    attempt: u64,
) -> Done {
    let resolved = match providers.resolve(&config) {
        Ok(resolved) => resolved,
        Err(error) => {
            let result = Err(not_provided(&error));
            return Done::Missing(Event::Split { connector, attempt, result }, config);
        }
    };
    let result = engine.split(&connector, &resolved.settings).await.map_err(split_error);
    let result =
        result.map(|tasks| tasks.into_iter().map(|it| with_placeholders(it, &config)).collect());
    let ttl = resolved.ttl.filter(|_| reloads(&config));
    Done::Split(Event::Split { connector, attempt, result }, ttl)
}

/// Whether a connector is asked again once one of its values has run out.
fn reloads(config: &Properties) -> bool {
    let action = config.get("config.action.reload").map(|it| it.trim());
    action.is_none_or(|it| !it.eq_ignore_ascii_case("none"))
}

/// Waits until the values can be had that a connector's settings name, and has it asked for its tasks then.
async fn appear(
    providers: Arc<Providers>,
    connector: String,
    config: Properties,
    attempt: u64,
) -> Done {
    while providers.resolve(&config).is_err() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    tracing::info!(connector, "the secrets of the connector have come");
    Done::Event(Event::Timer(Timer::Split(connector, attempt)))
}

/// A task's configuration with the texts of the connector's where they name values. Mirrors
/// `AbstractHerder.reverseTransform`.
fn with_placeholders(mut task: Properties, connector: &Properties) -> Properties {
    for (key, value) in &mut task {
        if let Some(text) = connector.get(key).filter(|it| placeholder::has_any(it)) {
            value.clone_from(text);
        }
    }
    task
}

/// Asks plugins, on a thread of their own.
pub(super) async fn ask(plugins: Arc<dyn Plugins>, id: QuestionId, question: Question) -> Done {
    let answer = move || match question {
        Question::Validate(config) => plugins.validate(&config).map(Told::Infos),
        Question::Define { plugin, version } => {
            plugins.keys(&plugin, version.as_deref()).map(Told::Keys)
        }
    };
    let told = aside("plugins", move || async move { Ok(answer()) }).await;
    let told = told.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
    Done::Event(Event::Told(id, told))
}

pub(super) async fn watch(
    engine: Arc<Engine>,
    providers: Arc<Providers>,
    connector: String,
    config: Properties,
    attempt: u64,
) -> Done {
    let result = match providers.resolve(&config) {
        Ok(resolved) => engine.watch(&connector, &resolved.settings).await.map_err(split_error),
        Err(error) => Err(not_provided(&error)),
    };
    Done::Event(Event::Watched { connector, attempt, result })
}

fn not_provided(error: &ProviderError) -> SplitError {
    let trace = format!("org.apache.kafka.common.config.ConfigException: {error}");
    SplitError { is_retriable: false, trace }
}

fn split_error(error: sluice_plugin::Error) -> SplitError {
    SplitError {
        is_retriable: error.kind() == sluice_plugin::Kind::Retriable,
        trace: sluice_engine::trace_of(error),
    }
}

pub(super) async fn send_tasks(
    workers: Arc<dyn Workers>,
    leader: String,
    connector: String,
    attempt: u64,
    configs: Vec<Properties>,
    key: Option<SessionKey>,
) -> Done {
    let result = workers.send_tasks(&leader, &connector, &configs, key.as_ref()).await;
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
            Ok(Done::Lost(event)) => {
                self.step(Event::WritesLost);
                self.step(event);
            }
            Ok(Done::Split(event, ttl)) => {
                if let (Event::Split { connector, attempt, .. }, Some(ttl)) = (&event, ttl) {
                    let timer = Timer::Reload(connector.clone(), *attempt);
                    self.jobs.spawn(after(ttl, timer));
                }
                self.step(event);
            }
            Ok(Done::Missing(event, config)) => {
                if let Event::Split { connector, attempt, .. } = &event
                    && !self.providers.watched(&config).is_empty()
                {
                    let providers = Arc::clone(&self.providers);
                    let appear = appear(providers, connector.clone(), config, *attempt);
                    let watch = (*attempt, self.jobs.spawn(appear));
                    self.watches.insert(connector.clone(), watch);
                }
                self.step(event);
            }
            Ok(Done::SteppedOut(seat)) => {
                self.seat = Some(seat);
                self.step(Event::SteppedOut);
            }
            Ok(Done::Joined(seat, result)) => {
                self.seat = Some(seat);
                self.stage.complete(now_millis());
                match result {
                    Ok(joined) => {
                        self.ask_members(&joined);
                        self.step(Event::Joined(joined));
                    }
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
            Ok(Done::Connectors(url, told)) => self.told_connectors(&url, told),
            // A watch whose connector has stopped.
            Err(error) if error.is_cancelled() => {}
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_none_keeps_a_connector_from_being_asked_again() {
        for (action, expected) in
            [(None, true), (Some("restart"), true), (Some(" None "), false), (Some(""), true)]
        {
            let key = "config.action.reload".to_owned();
            let config = action.map(|it| (key, it.to_owned())).into_iter().collect();
            assert_eq!(reloads(&config), expected, "{action:?}");
        }
    }
}
