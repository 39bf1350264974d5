//! Who is let in, and what is shown to who comes: both made of the operator's keys, which are read when they are needed
//! first and whenever somebody comes who does not fit them, as they may have been made anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use rustls::ServerConfig;

use super::authority::{self, Shown};
use crate::context::Key;
use crate::keys::{Keys, Place};

/// Least pause between two looks at the keys, whoever comes.
const PAUSE: Duration = Duration::from_secs(2);

/// What one replica has.
pub(super) struct Desk {
    client: Client,
    place: Place,
    /// What workers call it.
    host: String,
    held: Mutex<Option<Arc<Held>>>,
    looked: Mutex<Option<Instant>>,
}

/// What is made of the keys.
pub(super) struct Held {
    keys: Keys,
    shown: Shown,
}

impl Held {
    fn new(keys: Keys, host: &str) -> Result<Self, authority::Error> {
        let shown = keys.authority()?.issue(host, Timestamp::now())?;
        Ok(Self { keys, shown })
    }
}

impl Desk {
    pub(super) fn new(client: Client, place: Place, host: String) -> Self {
        Self { client, place, host, held: Mutex::default(), looked: Mutex::default() }
    }

    /// What is shown to who connects; none while there are no keys.
    pub(super) async fn tls(&self) -> Option<Arc<ServerConfig>> {
        let held = match self.held() {
            Some(held) if Timestamp::now() < held.shown.until => held,
            Some(held) => self.hold(held.keys.clone())?,
            None => self.look().await?,
        };
        Some(Arc::clone(&held.shown.tls))
    }

    /// Whether a text is what the workers of a cluster show.
    pub(super) async fn is_worker(&self, cluster: &Key, credential: &str) -> bool {
        let fits = |held: &Held| held.keys.is_worker(cluster, credential);
        if self.held().is_some_and(|it| fits(&it)) {
            return true;
        }
        self.look().await.is_some_and(|it| fits(&it))
    }

    /// Reads the keys again, unless that has just been done.
    pub(super) async fn look(&self) -> Option<Arc<Held>> {
        let now = Instant::now();
        let before = lock(&self.looked).filter(|it| now.duration_since(*it) < PAUSE);
        if before.is_some() {
            return self.held();
        }
        *lock(&self.looked) = Some(now);
        match Keys::look(&self.place, &self.client).await {
            Ok(Some(keys)) if self.held().is_some_and(|it| it.keys == keys) => self.held(),
            Ok(Some(keys)) => self.hold(keys),
            // Nobody has needed them yet, or somebody has just deleted them.
            Ok(None) => self.held(),
            Err(error) => {
                tracing::error!(%error, "workers cannot be told whose a token is");
                self.held()
            }
        }
    }

    fn hold(&self, keys: Keys) -> Option<Arc<Held>> {
        match Held::new(keys, &self.host) {
            Ok(held) => {
                let held = Arc::new(held);
                *lock(&self.held) = Some(Arc::clone(&held));
                Some(held)
            }
            Err(error) => {
                tracing::error!(%error, "workers cannot be told whose a token is");
                None
            }
        }
    }

    fn held(&self) -> Option<Arc<Held>> {
        lock(&self.held).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
