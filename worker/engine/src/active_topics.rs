//! Which topics the tasks of this worker use, each told once (KIP-558).

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::{
    control::Control,
    task::{TaskEvent, TaskId},
};

/// The topics of all connectors that were told.
#[derive(Debug, Default)]
pub(crate) struct ToldTopics {
    by_connector: Mutex<HashMap<String, HashSet<Arc<str>>>>,
}

impl ToldTopics {
    /// Whether a topic of a connector is to be told now.
    fn is_new(&self, connector: &str, topic: &Arc<str>) -> bool {
        let mut told = self.told();
        if told.get(connector).is_some_and(|it| it.contains(topic)) {
            return false;
        }
        told.entry(connector.to_owned()).or_default().insert(Arc::clone(topic))
    }

    /// Has the topics of a connector told anew.
    pub(crate) fn forget(&self, connector: &str) {
        self.told().remove(connector);
    }

    fn told(&self) -> MutexGuard<'_, HashMap<String, HashSet<Arc<str>>>> {
        self.by_connector.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task's way to tell.
pub(crate) struct TopicTracker {
    id: TaskId,
    /// None if topics are not tracked.
    told: Option<Arc<ToldTopics>>,
    events: mpsc::Sender<TaskEvent>,
}

impl TopicTracker {
    pub(crate) fn new(control: &Control, told: Option<Arc<ToldTopics>>) -> Self {
        Self { id: control.id.clone(), told, events: control.events.clone() }
    }

    /// Tells a topic, unless it was told or nobody has time to listen: it is told with a later record then.
    pub(crate) fn uses(&self, topic: &Arc<str>) {
        let Some(told) = &self.told else { return };
        if !told.is_new(&self.id.connector, topic) {
            return;
        }
        let event = TaskEvent::ActiveTopic(self.id.clone(), Arc::clone(topic));
        if self.events.try_send(event).is_err() {
            told.forget(&self.id.connector);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_told_once_until_it_is_forgotten() {
        let told = Arc::<ToldTopics>::default();
        let (events, mut heard) = mpsc::channel(1);
        let tracker =
            TopicTracker { id: TaskId::new("c", 0), told: Some(Arc::clone(&told)), events };
        let topic: Arc<str> = "t".into();
        tracker.uses(&topic);
        tracker.uses(&topic);
        // Nobody has heard the first, so there is no room for another: it comes again later.
        tracker.uses(&"u".into());
        let expected = TaskEvent::ActiveTopic(TaskId::new("c", 0), Arc::clone(&topic));
        assert_eq!(heard.try_recv().ok(), Some(expected.clone()));
        tracker.uses(&topic);
        assert_eq!(heard.try_recv().ok(), Some(expected));
        tracker.uses(&topic);
        assert!(heard.try_recv().is_err());
    }
}
