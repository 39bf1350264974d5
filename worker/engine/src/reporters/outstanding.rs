//! Which dead letters are on their way, and whether one was lost.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The dead letters of one task that have no outcome yet, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Outstanding {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    open: BTreeSet<u64>,
    /// Why the first one was lost.
    lost: Option<String>,
}

impl Outstanding {
    /// The number of a new one, from 1.
    pub(super) fn open(&self) -> u64 {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.open.insert(number);
        number
    }

    /// One is durable, or lost for this reason.
    pub(super) fn close(&self, number: u64, lost: Option<String>) {
        let mut state = self.state();
        state.open.remove(&number);
        if state.lost.is_none() {
            state.lost = lost;
        }
        drop(state);
        self.news.notify_waiters();
    }

    /// The number of the newest.
    pub(super) fn last(&self) -> u64 {
        self.state().last
    }

    /// Waits until all up to a number are durable; or says why one was lost. Cancel-safe.
    pub(super) async fn settled_up_to(&self, number: u64) -> Result<(), String> {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            // Registered before the look, so that no close between them is missed.
            news.as_mut().enable();
            {
                let state = self.state();
                if let Some(lost) = &state.lost {
                    return Err(lost.clone());
                }
                if state.open.first().is_none_or(|first| *first > number) {
                    return Ok(());
                }
            }
            news.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn those_up_to_a_number_are_waited_for_and_a_lost_one_is_told() {
        let outstanding = Outstanding::default();
        let settled = |number| outstanding.settled_up_to(number).now_or_never();
        assert_eq!(settled(0), Some(Ok(())));
        let (first, second) = (outstanding.open(), outstanding.open());
        assert_eq!(settled(first), None);
        outstanding.close(first, None);
        assert_eq!(settled(first), Some(Ok(())));
        assert_eq!(settled(second), None);
        outstanding.close(second, Some("no such topic".to_owned()));
        assert_eq!(settled(second), Some(Err("no such topic".to_owned())));
        assert_eq!(outstanding.last(), 2);
    }
}
