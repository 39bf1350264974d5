//! Faults that tests inject per kind of call. The handle is shared: a test keeps a clone and changes it while the
//! broker runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;

/// One way for a call to go wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The call is handled, but only after this time.
    Delay(Duration),
    /// The connection is closed and the call never handled.
    DropBefore,
    /// The call is handled and the connection closed instead of answered.
    DropAfter,
    /// The call is not handled but answered with this error.
    Answer(ResponseError),
}

/// The faults in force, by kind of call.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<HashMap<i16, Planned>>>);

#[derive(Debug)]
struct Planned {
    fault: Fault,
    remaining: Option<usize>,
}

impl Faults {
    /// No fault at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets every further call of this kind go wrong until [`Faults::clear`].
    pub fn set(&self, api: ApiKey, fault: Fault) {
        self.plan(api, fault, None);
    }

    /// Lets the next `times` calls of this kind go wrong.
    pub fn set_times(&self, api: ApiKey, fault: Fault, times: usize) {
        self.plan(api, fault, Some(times));
    }

    /// Ends the fault of this kind of call.
    pub fn clear(&self, api: ApiKey) {
        self.lock().remove(&(api as i16));
    }

    /// The fault for the call at hand; counts it.
    pub(crate) fn next(&self, api: ApiKey) -> Option<Fault> {
        let mut planned = self.lock();
        let entry = planned.get_mut(&(api as i16))?;
        let fault = entry.fault;
        match &mut entry.remaining {
            None => return Some(fault),
            Some(remaining) if *remaining > 1 => *remaining -= 1,
            Some(_) => {
                let used_up = planned.remove(&(api as i16))?;
                if used_up.remaining == Some(0) {
                    return None;
                }
            }
        }
        Some(fault)
    }

    fn plan(&self, api: ApiKey, fault: Fault, remaining: Option<usize>) {
        self.lock().insert(api as i16, Planned { fault, remaining });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i16, Planned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_ends_by_itself_and_leaves_other_calls_alone() {
        let faults = Faults::new();
        faults.set_times(ApiKey::Fetch, Fault::DropAfter, 2);
        assert_eq!(faults.next(ApiKey::Produce), None);
        assert_eq!(faults.next(ApiKey::Fetch), Some(Fault::DropAfter));
        assert_eq!(faults.next(ApiKey::Fetch), Some(Fault::DropAfter));
        assert_eq!(faults.next(ApiKey::Fetch), None);
        faults.set(ApiKey::Fetch, Fault::DropBefore);
        assert_eq!(faults.next(ApiKey::Fetch), Some(Fault::DropBefore));
        faults.clear(ApiKey::Fetch);
        assert_eq!(faults.next(ApiKey::Fetch), None);
    }
}
