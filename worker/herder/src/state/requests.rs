//! Answers to clients. Reads are answered from this worker's own copy of the topics; writes are answered once read back.

use sluice_config::Properties;
use sluice_engine::TaskId;
use sluice_rest_model::{ConnectorInfo, SettingsPatch, TaskId as RestTaskId, TaskInfo};

use super::{
    State,
    questions::{Candidate, Wish},
    writes::{self, Held, PendingWrite, done},
};
use crate::{
    event::{OffsetsAction, Question, RequestId},
    request::{Answer, Error, Request},
    signature,
    store::config::{LoggerChange, RestartRequest, TargetState, encode},
};

impl State {
    pub(super) fn request(&mut self, id: RequestId, request: Request) {
        if self.membership.is_ending() {
            self.reply(id, Err(Error::Internal("Worker is shutting down".to_owned())));
            return;
        }
        if let Some(name) = writes_to(&request).filter(|name| self.writes.concerns(name)) {
            self.enter(id, writes::held_up(name));
            return self.writes.hold(Held::Request(id, request));
        }
        let answer = match request {
            Request::Ping => Some(Ok(Answer::Done)),
            Request::Connectors => {
                Some(Ok(Answer::Names(self.config.connectors().map(str::to_owned).collect())))
            }
            Request::Connector(name) => Some(self.known(&name).map(|()| self.info(&name, false))),
            Request::Status(name) => Some(self.status(&name)),
            Request::Topics(name) => Some(self.active_topics(name)),
            Request::ResetTopics(name) => Some(self.reset_topics(&name)),
            Request::TaskStatus(task) => Some(self.task_status(&task)),
            Request::Tasks(name) => Some(self.known(&name).map(|()| self.tasks(&name))),
            Request::Validate { plugin, config } => {
                self.validate(id, &plugin, config).err().map(Err)
            }
            Request::RestartConnector(name) => self.restart_connector(id, name).err().map(Err),
            Request::RestartTask(task) => self.restart_task(id, task).err().map(Err),
            Request::Create { name, config, initial } => {
                self.check(id, Candidate { name, config, wish: Wish::Create(initial) });
                None
            }
            Request::PutConfig { name, config } => {
                self.check(id, Candidate { name, config, wish: Wish::Put });
                None
            }
            Request::Define { plugin, version } => {
                self.ask_plugins(id, Question::Define { plugin, version });
                None
            }
            Request::PatchConfig { name, patch } => {
                self.patch_config(id, name, patch).err().map(Err)
            }
            Request::Offsets(name) => self.ask_offsets(id, name, OffsetsAction::Read),
            Request::Reading(name, time) => {
                self.ask_offsets(id, name, OffsetsAction::Reading(time))
            }
            Request::ChangeOffsets(name, change) => {
                self.change_offsets(id, name, change).err().map(Err)
            }
            Request::Delete(name) => self.delete(id, &name).err().map(Err),
            Request::SetTarget(name, target) => self.set_target(id, &name, target).err().map(Err),
            Request::Stop(name) => self.stop_connector(id, &name).err().map(Err),
            Request::Restart(request) => self.restart(id, &request).err().map(Err),
            Request::SetLogger(change) => self.set_logger(id, &change),
            Request::Fencing(request) => self.fencing_request(id, request).err().map(Err),
            Request::PutTaskConfigs { connector, body, signature } => {
                self.put_task_configs(id, &connector, &body, signature.as_ref()).err().map(Err)
            }
        };
        if let Some(answer) = answer {
            self.reply(id, answer);
        }
    }

    fn set_logger(
        &mut self,
        id: RequestId,
        change: &LoggerChange,
    ) -> Option<Result<Answer, Error>> {
        let doing = format!("writing a level for logger {}", change.namespace);
        self.write(vec![encode::logger(change)], done(id, None, doing));
        None
    }

    pub(super) fn known(&self, name: &str) -> Result<(), Error> {
        let is_known = self.config.connector(name).is_some();
        is_known.then_some(()).ok_or_else(|| Error::NotFound(format!("Connector {name} not found")))
    }

    pub(super) fn info(&self, name: &str, is_new: bool) -> Answer {
        let tasks = self.config.task_ids(name).into_iter();
        let info = ConnectorInfo {
            name: name.to_owned(),
            config: self.config.config(name).cloned().unwrap_or_default(),
            tasks: tasks.map(|id| RestTaskId { connector: id.connector, task: id.task }).collect(),
            kind: self.kind_of(name),
        };
        Answer::Connector(info, is_new)
    }

    fn status(&self, name: &str) -> Result<Answer, Error> {
        self.connector_state(name)
            .map(Answer::Status)
            .ok_or_else(|| Error::NotFound(format!("No status found for connector {name}")))
    }

    fn task_status(&self, id: &TaskId) -> Result<Answer, Error> {
        self.task_state(id).map(Answer::TaskStatus).ok_or_else(|| {
            Error::NotFound(format!("No status found for task {}-{}", id.connector, id.task))
        })
    }

    fn tasks(&self, name: &str) -> Answer {
        let tasks = self.config.connector(name).map(|it| it.tasks()).unwrap_or_default();
        let info = |(task, config): (i32, &Properties)| TaskInfo {
            id: RestTaskId { connector: name.to_owned(), task },
            config: config.clone(),
        };
        Answer::Tasks(tasks.into_iter().map(info).collect())
    }

    fn validate(
        &mut self,
        id: RequestId,
        plugin: &str,
        config: SettingsPatch,
    ) -> Result<(), Error> {
        if let Some(Some(class)) = config.0.get("connector.class")
            && !without_suffix(class).ends_with(without_suffix(plugin))
        {
            return Err(Error::BadRequest(format!(
                "Included connector type {class} does not match request type {plugin}"
            )));
        }
        self.ask_plugins(id, Question::Validate(config));
        Ok(())
    }

    /// Changes some keys of a configuration (KIP-477).
    pub(super) fn patch_config(
        &mut self,
        id: RequestId,
        name: String,
        patch: SettingsPatch,
    ) -> Result<(), Error> {
        self.membership.check_leader()?;
        self.known(&name)?;
        let base = self.config.config(&name).cloned().unwrap_or_default();
        let mut config = base.clone();
        for (key, value) in patch.0.clone() {
            match value {
                Some(value) => config.insert(key, value),
                None => config.remove(&key),
            };
        }
        let config = config.into();
        self.check(id, Candidate { name, config, wish: Wish::Patch(base, patch) });
        Ok(())
    }

    fn delete(&mut self, id: RequestId, name: &str) -> Result<(), Error> {
        self.membership.check_leader()?;
        self.known(name)?;
        let doing = format!("removing the config for connector {name} from the config topic");
        self.write(encode::removal(name), done(id, Some(name), doing));
        Ok(())
    }

    fn set_target(&mut self, id: RequestId, name: &str, target: TargetState) -> Result<(), Error> {
        if self.config.connector(name).is_none() {
            return Err(Error::NotFound(format!("Unknown connector {name}")));
        }
        let doing = format!("writing a target state for connector {name} to the config topic");
        self.write(vec![encode::target(name, target)], done(id, Some(name), doing));
        Ok(())
    }

    fn stop_connector(&mut self, id: RequestId, name: &str) -> Result<(), Error> {
        self.membership.check_leader()?;
        if self.config.connector(name).is_none() {
            return Err(Error::NotFound(format!("Unknown connector {name}")));
        }
        let mut records = encode::tasks(name, &[]);
        records.push(encode::target(name, TargetState::Stopped));
        let doing =
            format!("writing the STOPPED target stage for connector {name} to the config topic");
        self.write(records, done(id, Some(name), doing));
        Ok(())
    }

    fn restart(&mut self, id: RequestId, request: &RestartRequest) -> Result<(), Error> {
        self.membership.check_leader()?;
        let answer = Box::new(Answer::Status(self.restart_preview(request)?));
        let connector = Some(request.connector.clone());
        let doing = format!(
            "writing restart request for connector {} to the config topic",
            request.connector
        );
        let then = PendingWrite::Reply { request: id, connector, doing, answer };
        self.write(vec![encode::restart(request)], then);
        Ok(())
    }

    fn put_task_configs(
        &mut self,
        id: RequestId,
        connector: &str,
        body: &[u8],
        signature: Option<&signature::Signature>,
    ) -> Result<(), Error> {
        if self.membership.is_sessioned() {
            signature::verify(self.config.session_key(), signature, body)?;
        }
        self.membership.check_leader()?;
        let configs: Vec<Properties> = serde_json::from_slice(body).map_err(|error| {
            Error::BadRequest(format!("Task configurations are not a list of string maps: {error}"))
        })?;
        if self.settings.is_alone {
            let message = "Kafka Connect in standalone mode does not support externally setting task configurations.";
            return Err(Error::Internal(message.to_owned()));
        }
        if self.config.connector(connector).is_none() {
            return Err(Error::NotFound(format!("Connector {connector} not found")));
        }
        if self.is_stopped(connector) {
            return Err(Error::StaleConfig);
        }
        let doing = format!(
            "writing {} task configs for connector {connector} to the config topic",
            configs.len()
        );
        self.write(encode::tasks(connector, &configs), done(id, Some(connector), doing));
        Ok(())
    }

    /// Whether a task set that comes now would bring back tasks that were taken away. Who sends it tries again as long as
    /// its connector runs.
    pub(super) fn is_stopped(&self, connector: &str) -> bool {
        self.config.connector(connector).is_some_and(|it| it.target == TargetState::Stopped)
    }

    /// Whether this worker, as leader, may write a task set now.
    pub(super) fn takes_tasks(&self, connector: &str) -> bool {
        !self.is_stopped(connector) && !self.writes.concerns(connector)
    }
}

/// The connector of which a request writes something at once.
fn writes_to(request: &Request) -> Option<&str> {
    match request {
        Request::Delete(name) | Request::SetTarget(name, _) | Request::Stop(name) => Some(name),
        Request::Restart(request) => Some(&request.connector),
        Request::PutTaskConfigs { connector, .. } => Some(connector),
        _ => None,
    }
}

/// A connector's name as `ConnectorPluginsResource` compares it.
fn without_suffix(class: &str) -> &str {
    class.strip_suffix("Connector").filter(|it| !it.is_empty()).unwrap_or(class)
}
