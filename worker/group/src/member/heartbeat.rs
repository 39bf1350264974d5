//! Keeps the session alive from a task of its own, over a connection of its own, and tells what the group answers.

use std::time::Duration;

use kafka_protocol::{
    ResponseError,
    messages::{GroupId, HeartbeatRequest},
};
use sluice_kafka::wire::{self, Client, Node};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::{Change, GroupSettings, RETRY_BACKOFF, text};

/// Heartbeats of one generation; they end when this is dropped.
pub(super) struct Heartbeat {
    changes: watch::Receiver<Option<Change>>,
    _task: JoinSet<()>,
}

impl Heartbeat {
    pub(super) fn start(
        client: &Client,
        settings: &GroupSettings,
        coordinator: Node,
        member_id: &str,
        generation: i32,
    ) -> Self {
        let (sender, changes) = watch::channel(None);
        let pulse = Pulse {
            client: client.dedicated(),
            group: settings.group_id.clone(),
            interval: settings.heartbeat_interval,
            session: settings.session_timeout,
            request: HeartbeatRequest::default()
                .with_group_id(GroupId(text(&settings.group_id)))
                .with_generation_id(generation)
                .with_member_id(text(member_id)),
            coordinator,
            alive: Instant::now(),
        };
        let mut task = JoinSet::new();
        task.spawn(pulse.run(sender));
        Self { changes, _task: task }
    }

    /// The next change that was not told yet. Cancel-safe.
    pub(super) async fn changed(&mut self) -> Change {
        loop {
            if self.changes.changed().await.is_err() {
                // Fenced or lost, and told so: nothing more comes from this generation.
                std::future::pending::<()>().await;
            }
            let change = *self.changes.borrow();
            if let Some(change) = change {
                return change;
            }
        }
    }
}

/// What came of one heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Alive,
    Rebalancing,
    Fenced,
    /// The coordinator moved, is gone or does not answer.
    NoCoordinator,
    /// An error that the next round will name.
    Refused,
}

struct Pulse {
    client: Client,
    group: String,
    interval: Duration,
    session: Duration,
    request: HeartbeatRequest,
    coordinator: Node,
    /// When the group answered last.
    alive: Instant,
}

impl Pulse {
    async fn run(mut self, changes: watch::Sender<Option<Change>>) {
        let mut lost_since = None;
        loop {
            sleep(lost_since.map_or(self.interval, |_| RETRY_BACKOFF)).await;
            let answer = match lost_since {
                None => self.beat().await,
                Some(since) => timeout_at(since + self.interval, self.search())
                    .await
                    .unwrap_or(Answer::NoCoordinator),
            };
            let change = match answer {
                Answer::NoCoordinator => {
                    let since: Instant = *lost_since.get_or_insert_with(Instant::now);
                    if since.elapsed() < self.interval {
                        continue;
                    }
                    Change::CoordinatorLost
                }
                Answer::Fenced => Change::Fenced,
                Answer::Alive | Answer::Rebalancing | Answer::Refused => {
                    lost_since = None;
                    self.alive = Instant::now();
                    if answer == Answer::Alive {
                        continue;
                    }
                    Change::Rebalance
                }
            };
            let is_new = changes.send_if_modified(|told| {
                let is_new = *told != Some(change);
                *told = Some(change);
                is_new
            });
            if is_new {
                tracing::info!(group = self.group, ?change, "the group calls for another round");
            }
            // While the group rebalances, heartbeats keep this worker in it until it joins the round.
            if answer != Answer::Rebalancing {
                return;
            }
        }
    }

    /// Looks for the coordinator. It is found only when it answers a heartbeat.
    async fn search(&mut self) -> Answer {
        match self.client.coordinator(&self.group).await {
            Ok(node) => {
                self.coordinator = node;
                self.beat().await
            }
            Err(error) => judge(&error),
        }
    }

    async fn beat(&mut self) -> Answer {
        // Without an answer for a session the group is not to be reached, whatever the connection says.
        let left = self.session.saturating_sub(self.alive.elapsed()).max(RETRY_BACKOFF);
        let answer = self.client.call(&self.coordinator, self.request.clone(), left).await;
        match answer.and_then(|it| wire::Error::check(it.error_code, None)) {
            Ok(()) => Answer::Alive,
            Err(error) => judge(&error),
        }
    }
}

fn judge(error: &wire::Error) -> Answer {
    use ResponseError as Code;
    match error.code() {
        Some(Code::RebalanceInProgress) => Answer::Rebalancing,
        Some(Code::IllegalGeneration | Code::UnknownMemberId | Code::FencedInstanceId) => {
            Answer::Fenced
        }
        _ if error.is_retriable() => Answer::NoCoordinator,
        _ => Answer::Refused,
    }
}
