//! Restarts: of a connector, of a task, or of what a restart record selects (KIP-745).

use sluice_engine::TaskId;
use sluice_rest_model::{ConnectorStateInfo, State as RunState};

use super::State;
use crate::{
    event::RequestId,
    request::Error,
    store::{config::RestartRequest, status::Subject},
};

/// What a restart request selects (`RestartPlan`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    connector: bool,
    tasks: Vec<i32>,
}

fn plan(request: &RestartRequest, state: &ConnectorStateInfo) -> Plan {
    let is_selected = |state: RunState| !request.only_failed || state == RunState::Failed;
    let tasks = state.tasks.iter().filter(|task| request.include_tasks && is_selected(task.state));
    Plan {
        connector: is_selected(state.connector.state),
        tasks: tasks.map(|task| task.id).collect(),
    }
}

impl State {
    /// Restarts the connector alone, if it is here, and answers once it has started.
    pub(super) fn restart_connector(&mut self, id: RequestId, name: String) -> Result<(), Error> {
        self.membership.check_settled()?;
        if self.config.connector(&name).is_none() {
            return Err(Error::NotFound(format!("Unknown connector: {name}")));
        }
        let subject = Subject::Connector(name);
        if !self.membership.holds_connector(subject.connector()) {
            return Err(self.elsewhere(&subject));
        }
        self.work.forget_connector(subject.connector());
        self.await_restart(id, subject);
        Ok(())
    }

    /// Restarts a task, if it is here, and answers once what it works with is made.
    pub(super) fn restart_task(&mut self, request: RequestId, id: TaskId) -> Result<(), Error> {
        self.membership.check_settled()?;
        if self.config.connector(&id.connector).is_none() {
            return Err(Error::NotFound(format!("Unknown connector: {}", id.connector)));
        }
        if self.config.task(&id).is_none() {
            return Err(Error::NotFound(format!("Unknown task: {}-{}", id.connector, id.task)));
        }
        if !self.membership.holds_task(&id) {
            return Err(self.elsewhere(&Subject::Task(id)));
        }
        self.work.mark_task_stale(&id);
        self.await_restart(request, Subject::Task(id));
        Ok(())
    }

    /// What the caller of a restart request gets to see: the state with the selected parts restarting, and why
    /// they had failed.
    pub(super) fn restart_preview(
        &self,
        request: &RestartRequest,
    ) -> Result<ConnectorStateInfo, Error> {
        if self.config.connector(&request.connector).is_none() {
            return Err(Error::NotFound(format!("Unknown connector: {}", request.connector)));
        }
        let mut state = self.connector_state(&request.connector).ok_or_else(|| {
            Error::NotFound(format!("Status for connector {} not found", request.connector))
        })?;
        let plan = plan(request, &state);
        if plan.connector {
            state.connector.state = RunState::Restarting;
        }
        for task in state.tasks.iter_mut().filter(|task| plan.tasks.contains(&task.id)) {
            task.state = RunState::Restarting;
        }
        Ok(state)
    }

    /// A restart record has come: every worker restarts its own part.
    pub(super) fn restart_requested(&mut self, request: &RestartRequest) {
        let Some(state) = self.connector_state(&request.connector) else { return };
        let plan = plan(request, &state);
        if plan.connector && self.membership.holds_connector(&request.connector) {
            self.write_status(
                Subject::Connector(request.connector.clone()),
                RunState::Restarting,
                None,
            );
            self.work.forget_connector(&request.connector);
        }
        for task in plan.tasks {
            let id = TaskId { connector: request.connector.clone(), task };
            if self.membership.holds_task(&id) {
                self.write_status(Subject::Task(id.clone()), RunState::Restarting, None);
                self.work.mark_task_stale(&id);
            }
        }
    }

    /// Who has it, by its newest status.
    fn elsewhere(&self, subject: &Subject) -> Error {
        let owner =
            self.statuses.of(subject).filter(|status| status.worker_id != self.settings.worker_id);
        Error::Elsewhere(owner.map(|status| self.settings.url_of(&status.worker_id)))
    }
}
