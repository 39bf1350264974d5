//! The status topic: who runs what, and how it goes. Mirrors `KafkaStatusBackingStore`.

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_engine::TaskId;
use sluice_rest_model::State;

use super::config::record_task_id;

const CONNECTOR: &str = "status-connector-";
const TASK: &str = "status-task-";

/// What a status is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A connector.
    Connector(String),
    /// A task.
    Task(TaskId),
}

impl Subject {
    /// The key of the subject's records.
    pub fn key(&self) -> String {
        match self {
            Self::Connector(name) => format!("{CONNECTOR}{name}"),
            Self::Task(id) => format!("{TASK}{}-{}", id.connector, id.task),
        }
    }

    fn parse(key: &str) -> Option<Self> {
        if let Some(name) = key.strip_prefix(CONNECTOR) {
            return Some(Self::Connector(name.to_owned()));
        }
        key.strip_prefix(TASK).and_then(record_task_id).map(Self::Task)
    }

    /// The connector that the status belongs to.
    pub fn connector(&self) -> &str {
        match self {
            Self::Connector(name) => name,
            Self::Task(id) => &id.connector,
        }
    }
}

/// The worker that statuses name, of the REST address that a member of the group advertises.
pub fn worker_id(url: &str) -> &str {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    address.trim_end_matches('/')
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// State as the REST API shows it.
    pub state: State,
    /// Why it failed.
    pub trace: Option<String>,
    /// `host:port` of the worker that wrote this.
    pub worker_id: String,
    /// Generation of the group in which it was written.
    pub generation: i32,
    /// Version of the plugin, if known.
    pub version: Option<String>,
}

impl Status {
    /// Whether it is over on the worker that wrote this.
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Unassigned | State::Failed)
    }

    /// The JSON that Java reads and writes.
    pub fn encode(&self) -> String {
        let text = |it: &str| serde_json::Value::from(it).to_string();
        let trace = self.trace.as_deref().map_or_else(|| "null".to_owned(), text);
        let version = self
            .version
            .as_deref()
            .map(|it| format!(r#","version":{}"#, text(it)))
            .unwrap_or_default();
        format!(
            r#"{{"state":"{}","trace":{trace},"worker_id":{},"generation":{}{version}}}"#,
            self.state,
            text(&self.worker_id),
            self.generation
        )
    }
}

#[derive(Deserialize)]
struct Stored {
    state: State,
    trace: Option<String>,
    worker_id: String,
    generation: i32,
    version: Option<String>,
}

/// The newest status of everything.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    entries: BTreeMap<Subject, Status>,
}

impl Statuses {
    /// Takes the next record of the topic; returns what it is about. Records that mean nothing to us are skipped.
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Option<Subject> {
        let subject = std::str::from_utf8(key).ok().and_then(Subject::parse)?;
        let Some(value) = value else {
            self.entries.remove(&subject);
            return Some(subject);
        };
        match serde_json::from_slice::<Stored>(value) {
            Ok(Stored { state, trace, worker_id, generation, version }) => {
                let trace = trace.filter(|it| !it.is_empty());
                let status = Status { state, trace, worker_id, generation, version };
                self.put(subject.clone(), status);
            }
            Err(error) => {
                tracing::warn!(key = subject.key(), %error, "ignoring a record of the status topic");
            }
        }
        Some(subject)
    }

    /// Notes a status that is about to be written, so that this worker's own answers are never older than its acts.
    pub fn put(&mut self, subject: Subject, status: Status) {
        self.entries.insert(subject, status);
    }

    /// The status of a connector or task.
    pub fn of(&self, subject: &Subject) -> Option<&Status> {
        self.entries.get(subject)
    }

    /// What does not run any more as far as its worker has told, which is named: it was stopped, or has failed.
    pub fn ended(&self) -> impl Iterator<Item = (&Subject, &str)> {
        self.entries
            .iter()
            .filter(|(_, status)| status.has_ended())
            .map(|(subject, status)| (subject, &*status.worker_id))
    }

    /// Everything that has a status.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.entries.keys()
    }

    /// The statuses of a connector's tasks, by task number.
    pub fn tasks<'a>(
        &'a self,
        connector: &'a str,
    ) -> impl Iterator<Item = (&'a TaskId, &'a Status)> {
        self.entries.iter().filter_map(move |(subject, status)| match subject {
            Subject::Task(id) if id.connector == connector => Some((id, status)),
            _ => None,
        })
    }

    /// Whether `status` may follow what is there: a worker that lost the work must not overwrite the one that has it.
    pub fn accepts(&self, subject: &Subject, status: &Status) -> bool {
        self.entries.get(subject).is_none_or(|old| {
            old.worker_id == status.worker_id || status.generation >= old.generation
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(worker: &str, generation: i32) -> Status {
        Status {
            state: State::Running,
            trace: None,
            worker_id: worker.into(),
            generation,
            version: None,
        }
    }

    #[test]
    fn the_json_is_that_of_java() {
        let failed = Status {
            state: State::Failed,
            trace: Some("a \"b\"\n".into()),
            version: Some("1".into()),
            ..status("h:1", 3)
        };
        assert_eq!(
            failed.encode(),
            r#"{"state":"FAILED","trace":"a \"b\"\n","worker_id":"h:1","generation":3,"version":"1"}"#
        );
        assert_eq!(
            status("h:1", 3).encode(),
            r#"{"state":"RUNNING","trace":null,"worker_id":"h:1","generation":3}"#
        );
    }

    #[test]
    fn records_are_read_back_and_deleted() {
        let mut statuses = Statuses::default();
        let subject = Subject::Task(TaskId { connector: "a-b".into(), task: 1 });
        assert_eq!(subject.key(), "status-task-a-b-1");
        statuses.apply(subject.key().as_bytes(), Some(status("h:1", 3).encode().as_bytes()));
        assert_eq!(statuses.of(&subject), Some(&status("h:1", 3)));
        statuses.apply(subject.key().as_bytes(), None);
        assert_eq!(statuses.of(&subject), None);
        statuses.apply(b"status-topic-t:connector-c", Some(b"{}"));
        statuses.apply(b"status-connector-c", Some(b"nonsense"));
        assert_eq!(statuses.subjects().count(), 0);
    }

    #[test]
    fn a_late_word_of_an_old_owner_is_not_accepted() {
        let mut statuses = Statuses::default();
        let subject = Subject::Connector("c".into());
        assert!(statuses.accepts(&subject, &status("old:1", 1)));
        statuses.put(subject.clone(), status("new:1", 5));
        for (worker, generation, accepted) in
            [("old:1", 4, false), ("old:1", 5, true), ("old:1", 6, true), ("new:1", 1, true)]
        {
            assert_eq!(
                statuses.accepts(&subject, &status(worker, generation)),
                accepted,
                "{worker} {generation}"
            );
        }
    }
}
