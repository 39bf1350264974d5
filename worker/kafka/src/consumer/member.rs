//! A consumer's place in its group: the classic protocol of Java's consumers (`ConsumerCoordinator`), over our own wire
//! client. It lives in a task of its own, so that heartbeats go on while the consumer's owner is busy.

mod courier;
mod leader;
mod life;
mod round;
mod session;
mod settings;
mod shared;
mod topics;
mod verdict;

use std::{future::Future, sync::Arc};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{TopicOffsets, fetcher::Committed};
use crate::{
    failure::ClientError,
    wire::{self, Client, Node},
};
use courier::{Courier, Errand};
use life::Life;
pub(super) use settings::MemberSettings;
pub(super) use shared::Shared;

/// Errands that may wait; a sink has one commit under way and looks up its partitions all together.
const ERRANDS: usize = 16;

/// The consumer's end of its membership. Dropped without [`Member::close`], the member stays in its group until the
/// session ends.
pub(super) struct Member {
    shared: Arc<Shared>,
    errands: mpsc::Sender<Errand>,
    _task: JoinSet<()>,
}

impl Member {
    /// A member that takes part from the first [`Member::subscribe`] on. It runs in `runtime`, over connections of its own.
    pub(super) fn start(client: &Client, settings: MemberSettings, runtime: &Handle) -> Self {
        let shared = Arc::new(Shared::new());
        let (errands, received) = mpsc::channel(ERRANDS);
        // Connections belong to the runtime that made them, which for the consumer's may stand still.
        let client = client.dedicated();
        let life = Life::new(client.clone(), Arc::clone(&shared), settings);
        let courier = Courier {
            client,
            shared: Arc::clone(&shared),
            membership: life.membership(),
            errands: received,
        };
        let mut task = JoinSet::new();
        task.spawn_on(run(life, courier, Arc::clone(&shared)), runtime);
        Self { shared, errands, _task: task }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Takes part for exactly these topics.
    pub(super) fn subscribe(&self, topics: &[String]) {
        self.shared.subscribe(topics);
    }

    /// Waits until there may be something to look at. Cancel-safe.
    pub(super) async fn told(&self) {
        self.shared.told.notified().await;
    }

    /// Commits. It is under way when this returns, and goes on if the future is dropped.
    pub(super) fn commit(
        &self,
        offsets: TopicOffsets,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let era = self.shared.era();
        let sent = self.errands.try_send(Errand::Commit { offsets, era, reply }).is_ok();
        told(sent, outcome)
    }

    /// How to look committed offsets up; partitions without one are left out.
    pub(super) fn lookup(&self) -> Committed {
        let errands = self.errands.clone();
        Box::new(move |partitions| {
            let (reply, outcome) = oneshot::channel();
            let sent = errands.try_send(Errand::Fetch { partitions, reply }).is_ok();
            Box::pin(told(sent, outcome))
        })
    }

    /// Leaves the group and ends. Nothing is committed any more.
    pub(super) async fn close(self) {
        self.shared.close();
        while !self.shared.has_ended() {
            self.told().await;
        }
    }
}

async fn told<T>(
    sent: bool,
    outcome: oneshot::Receiver<Result<T, ClientError>>,
) -> Result<T, ClientError> {
    let outcome = if sent { outcome.await.ok() } else { None };
    // The membership has ended, or has no room for more that it cannot do now.
    outcome.unwrap_or_else(|| Err(ClientError::commit_failed()))
}

/// The whole membership: until it is closed, then the farewell.
async fn run(mut life: Life, courier: Courier, shared: Arc<Shared>) {
    let lives = async {
        let ((), ()) = tokio::join!(courier.run(), async {
            let error = life.live().await;
            shared.fail(error);
        });
    };
    tokio::select! {
        biased;
        () = shared.closing.cancelled() => {}
        () = lives => {}
    }
    life.leave("the consumer is being closed").await;
    shared.end();
}

/// The coordinator as it is known, or is found now.
async fn find_coordinator(
    client: &Client,
    shared: &Shared,
    group: &str,
) -> Result<Node, wire::Error> {
    if let Some(known) = shared.coordinator() {
        return Ok(known);
    }
    let found = client.coordinator(group).await?;
    shared.set_coordinator(Some(found.clone()));
    Ok(found)
}
