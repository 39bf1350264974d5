//! The topics that connectors use: told by tasks, shown and forgotten on request (KIP-558).

use sluice_engine::TaskId;

use super::State;
use crate::{
    event::Effect,
    request::{Answer, Error},
    store::topics,
};

impl State {
    /// A task has used a topic.
    pub(super) fn topic_used(&mut self, task: &TaskId, topic: &str) {
        if self.work.runs_task(task) && self.topics.put(&task.connector, topic) {
            let record = topics::encode(topic, task, self.now_millis);
            let key = topics::key(topic, &task.connector);
            self.effects.push(Effect::WriteStatus(key, Some(record)));
        }
    }

    /// Takes a record of the status topic. What is forgotten may be told again by the tasks that still use it.
    pub(super) fn read_topic(&mut self, key: &[u8], value: Option<&[u8]>) {
        if let Some(forgotten) = self.topics.apply(key, value) {
            self.effects.push(Effect::ForgetTopics(forgotten.connector));
        }
    }

    /// The topics of a connector; of one that is not there, none.
    pub(super) fn active_topics(&self, connector: String) -> Result<Answer, Error> {
        if !self.settings.topic_tracking {
            return Err(Error::Forbidden("Topic tracking is disabled.".to_owned()));
        }
        let topics = self.topics.of(&connector).map(str::to_owned).collect();
        Ok(Answer::Topics(connector, topics))
    }

    /// Forgets the topics of a connector.
    pub(super) fn reset_topics(&mut self, connector: &str) -> Result<Answer, Error> {
        for (is_allowed, refusal) in [
            (self.settings.topic_tracking, "Topic tracking is disabled."),
            (self.settings.topic_tracking_reset, "Topic tracking reset is disabled."),
        ] {
            if !is_allowed {
                return Err(Error::Forbidden(refusal.to_owned()));
            }
        }
        self.forget_topics(connector);
        Ok(Answer::Done)
    }

    /// Deletes what is known of a connector's topics.
    pub(super) fn forget_topics(&mut self, connector: &str) {
        let keys: Vec<String> =
            self.topics.of(connector).map(|topic| topics::key(topic, connector)).collect();
        for key in keys {
            self.read_topic(key.as_bytes(), None);
            self.effects.push(Effect::WriteStatus(key, None));
        }
    }

    /// A new leader deletes what its predecessor may have left.
    pub(super) fn forget_topics_of_removed(&mut self) {
        let gone = self.topics.connectors().filter(|it| self.config.config(it).is_none());
        let gone: Vec<String> = gone.map(str::to_owned).collect();
        for connector in gone {
            self.forget_topics(&connector);
        }
    }
}
