//! The connections of a client, one per broker: who waits for which, when to connect again, and where to start.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Turn, OwnedMutexGuard},
    time::Instant,
};

use super::{Error, Node, Traffic, authenticate, connection::Connection, connection::Profile};
use crate::settings::{ClientSettings, SettingsError};

type Address = (String, u16);
type Slots = HashMap<Address, Arc<Turn<Slot>>>;

/// All connections of one client.
pub(super) struct Pool {
    profile: Arc<Profile>,
    bootstrap: Vec<Address>,
    setup_timeout: Duration,
    backoff: Backoff,
    known: Mutex<Known>,
}

#[derive(Clone, Copy)]
struct Backoff {
    first: Duration,
    most: Duration,
}

#[derive(Default)]
struct Known {
    slots: Slots,
    /// Where "any broker" was found last.
    any: Option<Address>,
    brokers: Vec<Address>,
}

/// The connection to one broker while nobody uses it, and how its last attempts went.
#[derive(Default)]
struct Slot {
    idle: Option<Box<Connection>>,
    failures: u32,
    not_before: Option<Instant>,
}

/// One caller's turn at a broker.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    slot: OwnedMutexGuard<Slot>,
    address: Address,
}

impl Pool {
    pub(super) fn new(
        profile: Arc<Profile>,
        settings: &ClientSettings,
    ) -> Result<Self, SettingsError> {
        let millis = Duration::from_millis;
        Ok(Self {
            profile,
            bootstrap: settings.bootstrap().to_vec(),
            setup_timeout: settings
                .duration("socket.connection.setup.timeout.ms", millis(10_000))?,
            backoff: Backoff {
                first: settings.duration("reconnect.backoff.ms", millis(50))?,
                most: settings.duration("reconnect.backoff.max.ms", millis(1000))?,
            },
            known: Mutex::default(),
        })
    }

    pub(super) fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.profile.traffic)
    }

    pub(super) fn dedicated(&self) -> Self {
        let known = {
            let mine = self.known();
            Known { slots: Slots::new(), any: mine.any.clone(), brokers: mine.brokers.clone() }
        };
        Self {
            profile: Arc::clone(&self.profile),
            bootstrap: self.bootstrap.clone(),
            setup_timeout: self.setup_timeout,
            backoff: self.backoff,
            known: Mutex::new(known),
        }
    }

    /// Remembers the brokers, so that a client outlives the ones it started from.
    pub(super) fn learn(&self, brokers: &[Node]) {
        if !brokers.is_empty() {
            self.known().brokers =
                brokers.iter().map(|it| (it.host().to_owned(), it.port())).collect();
        }
    }

    /// Waits for the turn at `node`. For any broker: at the first that can be connected to.
    pub(super) async fn lease(&self, node: &Node) -> Result<Lease<'_>, Error> {
        if !node.is_any() {
            return Ok(self.turn((node.host().to_owned(), node.port())).await);
        }
        let mut failure = None;
        for address in self.candidates() {
            let mut lease = self.turn(address.clone()).await;
            match lease.take().await {
                Ok(connection) => {
                    lease.give_back(connection);
                    self.known().any = Some(address);
                    return Ok(lease);
                }
                // Another broker would refuse us too.
                Err(error) if error.is_authentication() || matches!(error, Error::Login { .. }) => {
                    return Err(error);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::Unreachable {
            address: "bootstrap.servers".to_owned(),
            reason: "no address is known".to_owned(),
        }))
    }

    fn candidates(&self) -> Vec<Address> {
        let known = self.known();
        let mut candidates: Vec<Address> = Vec::new();
        for address in known.any.iter().chain(&self.bootstrap).chain(&known.brokers) {
            if !candidates.contains(address) {
                candidates.push(address.clone());
            }
        }
        candidates
    }

    async fn turn(&self, address: Address) -> Lease<'_> {
        let slot = Arc::clone(self.known().slots.entry(address.clone()).or_default());
        Lease { pool: self, slot: slot.lock_owned().await, address }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// The connection, made anew if there is none. It is lost unless given back.
    pub(super) async fn take(&mut self) -> Result<Box<Connection>, Error> {
        if let Some(connection) = self.slot.idle.take().filter(|it| it.is_fresh()) {
            return Ok(connection);
        }
        if let Some(wait) = self.slot.not_before {
            tokio::time::sleep_until(wait).await;
        }
        if let Some(sasl) = &self.pool.profile.sasl {
            authenticate::ready(sasl).await?;
        }
        let (host, port) = &self.address;
        let open = Connection::open(host, *port, &self.pool.profile);
        let outcome = match tokio::time::timeout(self.pool.setup_timeout, open).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::Unreachable {
                address: format!("{host}:{port}"),
                reason: format!("not within {} ms", self.pool.setup_timeout.as_millis()),
            }),
        };
        match outcome {
            Ok(connection) => {
                self.slot.failures = 0;
                self.slot.not_before = None;
                Ok(Box::new(connection))
            }
            Err(error) => {
                let wait = self.pool.backoff.first * 2_u32.pow(self.slot.failures.min(16));
                self.slot.not_before = Some(Instant::now() + wait.min(self.pool.backoff.most));
                self.slot.failures += 1;
                Err(error)
            }
        }
    }

    pub(super) fn give_back(&mut self, connection: Box<Connection>) {
        self.slot.idle = Some(connection);
    }
}
