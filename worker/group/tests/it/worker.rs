//! A worker that does nothing but hold what the group gives it: the herder's part of the protocol in a few lines.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use sluice_group::{
    Assignment, Change, Configured, ConnectProtocol, GroupSettings, Leader, LocalState, Member,
    MemberShare,
    assign::{Work, lists, work},
};
use sluice_kafka::{ClientSettings, wire::Client};
use sluice_kit::wait;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The shortest session that brokers allow by default.
pub(crate) const SESSION: Duration = Duration::from_secs(6);

/// Time for anything that a group does at once, on a machine with other work.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What a worker holds, and what it handed out if it leads.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    pub(crate) work: Work,
    pub(crate) generation: i32,
    pub(crate) is_leader: bool,
    pub(crate) leader_url: String,
    pub(crate) shares: Vec<MemberShare>,
}

/// How often a worker hears from its group, unless it hurries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    session: Duration,
    heartbeat: Duration,
    ask: Duration,
}

impl Pace {
    pub(crate) const BRISK: Self =
        Self { session: SESSION, heartbeat: Duration::from_secs(1), ask: Duration::from_secs(1) };
    /// Heartbeats come too late for any test, but the group is asked often.
    pub(crate) const ASKING: Self = Self { ask: Duration::from_millis(200), ..Self::SLOW };
    /// Longer than any test.
    pub(crate) const SLOW: Self = Self {
        session: Duration::from_mins(30),
        heartbeat: Duration::from_mins(20),
        ask: Duration::from_mins(20),
    };
}

pub(crate) struct Worker {
    view: watch::Receiver<View>,
    leave: CancellationToken,
    hurry: Arc<Notify>,
    task: JoinSet<Result<()>>,
}

/// Connectors with the number of their tasks.
#[derive(Clone)]
pub(crate) struct Plan(pub(crate) Vec<(&'static str, i32)>);

impl Plan {
    pub(crate) fn units(&self) -> usize {
        self.0.iter().map(|(_, tasks)| 1 + *tasks as usize).sum()
    }
}

impl Leader for Plan {
    fn configured(&mut self, max_offset: i64) -> Option<Configured> {
        let connectors = self.0.iter().map(|(name, tasks)| ((*name).into(), (0..*tasks).collect()));
        Some(Configured { offset: max_offset, connectors: connectors.collect() })
    }
}

impl Worker {
    pub(crate) fn start(
        bootstrap: &str,
        group: &str,
        url: &str,
        plan: &Plan,
        max_delay: Duration,
        protocol: ConnectProtocol,
        pace: Pace,
    ) -> Result<Self> {
        let settings = BTreeMap::from([("bootstrap.servers".to_owned(), bootstrap.to_owned())]);
        let client = Client::new(&ClientSettings::parse(&settings)?, url)?;
        let member = Member::new(
            client,
            GroupSettings {
                group_id: group.into(),
                url: url.into(),
                session_timeout: pace.session,
                heartbeat_interval: pace.heartbeat,
                ask_interval: pace.ask,
                rebalance_timeout: Duration::from_mins(1),
                protocol,
                max_delay,
            },
        );
        let (sender, view) = watch::channel(View::default());
        let leave = CancellationToken::new();
        let hurry = Arc::<Notify>::default();
        let mut task = JoinSet::new();
        task.spawn(drive(member, plan.clone(), sender, leave.clone(), Arc::clone(&hurry)));
        Ok(Self { view, leave, hurry, task })
    }

    /// Has it ask its group soon.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_one();
    }

    /// Ends as a process does that is killed: without a word to the group.
    pub(crate) fn kill(self) {
        drop(self.task);
    }

    /// Leaves the group.
    pub(crate) async fn leave(mut self) -> Result<()> {
        self.leave.cancel();
        self.task.join_next().await.context("the worker runs")??
    }

    pub(crate) fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Waits until this worker's view is as wanted.
    pub(crate) async fn sees(
        &self,
        deadline: Duration,
        what: &str,
        wanted: impl Fn(&View) -> bool,
    ) -> Result<View> {
        let outcome = wait::until(deadline, what, async || wanted(&self.view())).await;
        outcome.with_context(|| format!("{:?}", self.view()))?;
        Ok(self.view())
    }
}

async fn drive(
    mut member: Member,
    mut plan: Plan,
    view: watch::Sender<View>,
    leave: CancellationToken,
    hurry: Arc<Notify>,
) -> Result<()> {
    let mut held = Work::new();
    loop {
        let (connectors, tasks) = lists(&held);
        let own = Assignment { connectors, tasks, ..Assignment::default() };
        let local = LocalState { config_offset: -1, assignment: (!held.is_empty()).then_some(own) };
        let joined = member.join(local, &mut plan).await?;
        let news = &joined.assignment;
        if !joined.is_cooperative {
            held.clear();
        }
        held = &held - &work(&news.revoked_connectors, &news.revoked_tasks);
        held.extend(work(&news.connectors, &news.tasks));
        view.send_replace(View {
            work: held.clone(),
            generation: joined.generation,
            is_leader: joined.is_leader,
            leader_url: joined.leader_url.clone(),
            shares: member.shares().to_vec(),
        });
        if news.revokes() || news.has_failed() {
            continue;
        }
        loop {
            tokio::select! {
                change = member.changed() => {
                    if change != Change::Rebalance {
                        held.clear();
                    }
                    break;
                }
                () = hurry.notified() => member.hurry(),
                () = leave.cancelled() => {
                    member.leave("the test is over").await;
                    return Ok(());
                }
            }
        }
    }
}
