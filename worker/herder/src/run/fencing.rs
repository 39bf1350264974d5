//! Fencing of earlier tasks, and what an exactly-once task asks before it writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sluice_config::Properties;
use sluice_engine::{Engine, Preflight, TaskId};
use sluice_kafka::log::Log;
use sluice_providers::Providers;

use super::{Workers, jobs};
use crate::{
    event::{Event, RequestId},
    handle::Handle,
    request::{Answer, Error, FencingRequest, Request},
    store::config::SessionKey,
};

/// How long a task asks again for what may pass: the leader may be about to change.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pause before it asks again.
const PAUSE: Duration = Duration::from_millis(250);

/// Why the leader did not fence.
#[derive(Debug, Clone)]
pub struct NotFenced {
    /// Whether that may pass.
    pub passes: bool,
    /// For people.
    pub reason: String,
}

/// Tasks of which connector are fenced: its name and configuration, how many they are, and the number of the round.
pub(super) type Whom = (String, Properties, usize, u64);

/// Fences earlier tasks, then reads what the config topic says since.
pub(super) async fn fence(
    engine: Arc<Engine>,
    providers: Arc<Providers>,
    log: Arc<Log>,
    limit: Duration,
    (connector, config, tasks, round): Whom,
) -> jobs::Done {
    let fenced = match providers.resolve(&config) {
        Ok(resolved) => engine.fence_tasks(&connector, &resolved.settings, tasks).await,
        Err(error) => Err(error.to_string()),
    };
    let result = match fenced {
        Ok(()) => Ok(jobs::is_read(&log, limit).await),
        Err(error) => Err(error),
    };
    jobs::Done::Event(Event::Fenced { connector, round, result })
}

/// Has the leader fence earlier tasks.
pub(super) async fn send(
    workers: Arc<dyn Workers>,
    request: RequestId,
    leader: String,
    connector: String,
    key: Option<SessionKey>,
) -> jobs::Done {
    let fenced = workers.fence(&leader, &connector, key.as_ref()).await;
    let answer = match fenced {
        Ok(()) => Ok(Answer::Done),
        Err(NotFenced { passes: true, reason }) => Err(Error::Unavailable(reason)),
        Err(NotFenced { passes: false, reason }) => Err(Error::Internal(reason)),
    };
    jobs::Done::Event(Event::FenceSent(request, answer))
}

/// What one task asks of the herder that it runs under.
pub(super) struct TaskPreflight {
    pub(super) handle: Handle,
    pub(super) task: TaskId,
    /// The set of task configurations that it is of.
    pub(super) generation: u64,
}

#[async_trait]
impl Preflight for TaskPreflight {
    /// Asks again while there is no leader, or none that can: the task would have to be restarted by hand.
    async fn fence(&self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let request = Request::Fencing(FencingRequest::OfTask(self.task.connector.clone()));
            let Err(error) = self.handle.ask(request).await else { return Ok(()) };
            let passes = matches!(
                error,
                Error::Elsewhere(_)
                    | Error::StaleConfig
                    | Error::Unavailable(_)
                    | Error::Conflict(_)
                    | Error::Internal(_)
            );
            if !passes || begun.elapsed() > PATIENCE {
                return Err(error.to_string());
            }
            let (connector, task) = (&self.task.connector, self.task.task);
            tracing::warn!(connector, task, %error, "earlier tasks are not fenced yet; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn verify(&self) -> Result<(), String> {
        let (task, generation) = (self.task.clone(), self.generation);
        let request = Request::Fencing(FencingRequest::Verify { task, generation });
        let answer = self.handle.ask(request).await;
        answer.map(drop).map_err(|error| error.to_string())
    }
}
