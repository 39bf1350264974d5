//! Where events go.

use std::sync::{Arc, Mutex, PoisonError};

use kube::Client;
use kube::runtime::events::{Recorder, Reporter};

/// So many events are counted by one recorder.
const MOST: usize = 1000;

/// Gives out recorders. A recorder counts equal events together, and for that keeps all of the last six minutes, and longer
/// while nothing happens: two KiB each, after ten thousand connectors have come more than all they are themselves. So
/// there is another one after some, and of equal events before and after it each is one of its own.
#[derive(Clone)]
pub(crate) struct Events {
    client: Client,
    current: Arc<Mutex<(Recorder, usize)>>,
}

impl Events {
    /// Of the operator.
    pub(crate) fn new(client: Client) -> Self {
        let current = Arc::new(Mutex::new((fresh(&client), 0)));
        Self { client, current }
    }

    /// For the next event.
    pub(crate) fn recorder(&self) -> Recorder {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1 == MOST {
            *current = (fresh(&self.client), 0);
        }
        current.1 += 1;
        current.0.clone()
    }
}

fn fresh(client: &Client) -> Recorder {
    Recorder::new(client.clone(), Reporter::from("sluice-operator"))
}
