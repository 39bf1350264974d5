//! Keeps the session alive from a task of its own, over a connection of its own, and tells what the group answers.

use std::{sync::Arc, time::Duration};

use kafka_protocol::ResponseError;
use sluice_kafka::{
    membership::Membership,
    wire::{self, Client, Node},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};

use super::{Change, GroupSettings, RETRY_BACKOFF, absence::Absence};

/// Pause between heartbeats while there is reason to think that the group is about to change.
const HURRIED: Duration = Duration::from_millis(100);

/// How long such a reason holds.
const HURRY: Duration = Duration::from_secs(3);

/// Heartbeats of one generation; they end when this is dropped.
pub(super) struct Heartbeat {
    changes: watch::Receiver<Option<Change>>,
    hurry: Arc<Notify>,
    _task: JoinSet<()>,
}

impl Heartbeat {
    pub(super) fn start(
        client: &Client,
        settings: &GroupSettings,
        coordinator: Node,
        seat: Membership,
    ) -> Self {
        let (sender, changes) = watch::channel(None);
        let pause = settings.ask_interval.min(settings.heartbeat_interval);
        let pulse = Pulse {
            client: client.dedicated(),
            interval: settings.heartbeat_interval,
            seat,
            coordinator,
            alive: Instant::now(),
            pause,
            beat_at: Instant::now() + pause,
            hurried_until: None,
            hurry: Arc::default(),
        };
        let hurry = Arc::clone(&pulse.hurry);
        let mut task = JoinSet::new();
        task.spawn(pulse.run(sender));
        Self { changes, hurry, _task: task }
    }

    /// For a few seconds, asks the group more often than it has to.
    pub(super) fn hurry(&self) {
        self.hurry.notify_one();
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
    /// How long work goes on without any broker.
    interval: Duration,
    /// Between heartbeats, unless there is a hurry.
    pause: Duration,
    seat: Membership,
    coordinator: Node,
    /// When the last heartbeat was sent that the group has answered.
    alive: Instant,
    /// When the next heartbeat is due.
    beat_at: Instant,
    hurried_until: Option<Instant>,
    hurry: Arc<Notify>,
}

impl Pulse {
    async fn run(mut self, changes: watch::Sender<Option<Change>>) {
        let mut absence: Option<Absence> = None;
        loop {
            self.wait().await;
            let sent = Instant::now();
            let answer = match &mut absence {
                None => self.beat(self.session_ends() - self.interval).await,
                Some(absence) => self.search(absence).await,
            };
            let change = match answer {
                Answer::NoCoordinator => {
                    let now = Instant::now();
                    self.beat_at = now + RETRY_BACKOFF;
                    let absence = absence.get_or_insert_with(|| Absence::noticed(now, self.alive));
                    if now < self.absence_ends(absence) {
                        continue;
                    }
                    Change::CoordinatorLost
                }
                Answer::Fenced => Change::Fenced,
                Answer::Alive | Answer::Rebalancing | Answer::Refused => {
                    absence = None;
                    self.alive = sent;
                    self.beat_at = Instant::now() + self.pause();
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
                tracing::info!(
                    group = self.seat.group,
                    ?change,
                    "the group calls for another round"
                );
            }
            // While the group rebalances, heartbeats keep this worker in it until it joins the round.
            if answer != Answer::Rebalancing {
                return;
            }
        }
    }

    /// Waits until the next heartbeat is due, which may come to be sooner meanwhile.
    async fn wait(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.beat_at) => return,
                () = self.hurry.notified() => {
                    let now = Instant::now();
                    self.hurried_until = Some(now + HURRY);
                    self.beat_at = self.beat_at.min(now + HURRIED);
                }
            }
        }
    }

    fn pause(&self) -> Duration {
        let is_hurried = self.hurried_until.is_some_and(|until| self.alive < until);
        if is_hurried { HURRIED.min(self.pause) } else { self.pause }
    }

    /// Looks for the coordinator. It is found only when it answers a heartbeat.
    async fn search(&mut self, absence: &mut Absence) -> Answer {
        let search = self.client.coordinator(&self.seat.group);
        let Ok(found) = timeout_at(self.absence_ends(absence), search).await else {
            return Answer::NoCoordinator;
        };
        absence.note(Instant::now(), &found);
        match found {
            Ok(node) => {
                self.coordinator = node;
                let answer =
                    self.beat(self.session_ends().min(Instant::now() + self.interval)).await;
                // Nobody else was asked meanwhile.
                absence.note(Instant::now(), &Ok(()));
                answer
            }
            Err(error) => judge(&error),
        }
    }

    async fn beat(&self, until: Instant) -> Answer {
        // A wait that is cut short leaves time to look for another coordinator.
        let left = until.saturating_duration_since(Instant::now()).max(RETRY_BACKOFF);
        match self.seat.beat(&self.client, &self.coordinator, left).await {
            Ok(()) => Answer::Alive,
            Err(error) => judge(&error),
        }
    }

    fn session_ends(&self) -> Instant {
        self.alive + self.seat.session_timeout
    }

    fn absence_ends(&self, absence: &Absence) -> Instant {
        absence.ends(self.interval, self.seat.session_timeout)
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
