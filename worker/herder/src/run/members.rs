//! A leader asks the members of its group which connectors they have.

use std::{collections::BTreeSet, sync::Arc};

use sluice_group::{Change, Joined, Seat};

use super::{Loop, Workers, jobs::Done};
use crate::event::Event;

async fn ask(workers: Arc<dyn Workers>, url: String) -> Done {
    let told = workers.connectors(&url).await;
    Done::Connectors(url, told)
}

impl Loop {
    /// Asks all other members after each round: one that came back may have other connectors than before.
    pub(super) fn ask_members(&mut self, joined: &Joined) {
        let Some(Seat::Group(member)) = self.seat.as_deref() else { return };
        if !joined.is_leader {
            return;
        }
        let urls: BTreeSet<&str> = member.shares().iter().map(|it| &*it.url).collect();
        for url in self.configured.update_members(&urls) {
            self.jobs.spawn(ask(Arc::clone(&self.workers), url));
        }
    }

    /// Calls for another round if work has gone to a worker that lacks its class, or may go to one that has it after all.
    pub(super) fn told_connectors(&mut self, url: &str, told: Result<Vec<String>, String>) {
        match told {
            Ok(classes) => {
                if self.configured.learn(url, &classes) {
                    tracing::info!(
                        url,
                        "the work was assigned for other connectors than a worker has"
                    );
                    self.step(Event::Membership(Change::Rebalance));
                }
            }
            Err(error) => {
                tracing::debug!(url, error, "a worker did not say which connectors it has");
            }
        }
    }
}
