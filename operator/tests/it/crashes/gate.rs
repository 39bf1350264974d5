//! What an operator's requests pass: it counts writes, and holds back all from a certain one on.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Request, State as Extract};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

/// Whether a write takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// It never arrives.
    Before,
    /// It does, and its answer does not.
    After,
}

/// The last write of an operator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// Counted from one.
    pub(super) write: u32,
    pub(super) moment: Moment,
}

/// Shared by the ways to the API server and to the workers.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    writes: u32,
    /// Questions to a group of workers.
    reads: u32,
    /// The write of the fault, once it came.
    fired: Option<String>,
    closed: bool,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of the lock panics")
    }

    /// Counts from here, up to the last write if there is to be one.
    pub(super) fn begin(&self, fault: Option<Fault>) {
        let mut state = self.state();
        (state.fault, state.writes, state.reads) = (fault, 0, 0);
    }

    pub(super) fn writes(&self) -> u32 {
        self.state().writes
    }

    pub(super) fn reads(&self) -> u32 {
        self.state().reads
    }

    /// The write of the fault, once it came.
    pub(super) fn fired(&self) -> Option<String> {
        self.state().fired.clone()
    }

    /// Whether the operator is to be killed: its last write has come.
    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Lets everything pass from now on.
    pub(super) fn open(&self) {
        let mut state = self.state();
        (state.closed, state.fault) = (false, None);
    }

    /// Counts a request.
    fn count(&self, request: &Request) -> Turn {
        let (method, path) = (request.method(), request.uri().path());
        let mut state = self.state();
        if is_read(method, path) {
            state.reads += u32::from(path.ends_with("/my-connect/connectors"));
            return if state.closed { Turn::Hold } else { Turn::Pass };
        }
        if state.closed {
            return Turn::Hold;
        }
        state.writes += 1;
        let number = state.writes;
        let Some(fault) = state.fault.filter(|fault| fault.write == number) else {
            return Turn::Pass;
        };
        state.fired = Some(format!("{:?} {number}, {method} {path}", fault.moment));
        match fault.moment {
            Moment::Before => {
                state.closed = true;
                Turn::Hold
            }
            Moment::After => Turn::PassLast,
        }
    }

    fn close(&self) {
        self.state().closed = true;
    }
}

/// What becomes of a request.
enum Turn {
    Pass,
    /// It takes effect, and nothing after it.
    PassLast,
    Hold,
}

/// Validation is a question, whatever its method says.
fn is_read(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) || path.ends_with("/config/validate")
}

pub(super) async fn pass(Extract(gate): Extract<Gate>, request: Request, next: Next) -> Response {
    match gate.count(&request) {
        Turn::Pass => next.run(request).await,
        Turn::PassLast => {
            // In a task of its own: a client that gives up must not take the effect with it.
            let effect = tokio::spawn(next.run(request)).await;
            drop(effect);
            gate.close();
            std::future::pending().await
        }
        Turn::Hold => std::future::pending().await,
    }
}
