//! What must be done so that a connector becomes what it shall be. Pure.

use std::collections::BTreeMap;

use sluice_crds::TargetState;
use sluice_rest_model::{ConnectorStateInfo, InitialState, State};

use super::{Current, Desired};
use crate::connect_api::{RestartScope, Verb};

/// One call of the REST API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create it, in the state that it shall have.
    Create(BTreeMap<String, String>, InitialState),
    /// Replace its settings.
    PutConfig(BTreeMap<String, String>),
    /// Change its target state.
    Enter(Verb),
    /// Restart it.
    Restart(RestartScope),
    /// Restart a task.
    RestartTask(i32),
}

/// The REST calls that turn `current` into `desired`, in the order to make them.
pub fn plan(desired: &Desired, current: Option<&Current>) -> Vec<Step> {
    let Some(current) = current else {
        return vec![Step::Create(desired.config.clone(), initial(desired.state))];
    };
    let mut steps = Vec::new();
    if current.config != desired.config {
        steps.push(Step::PutConfig(desired.config.clone()));
    }
    let verb = current.status.as_ref().and_then(|status| verb(desired.state, status));
    steps.extend(verb.map(Step::Enter));
    steps
}

fn initial(state: TargetState) -> InitialState {
    match state {
        TargetState::Running => InitialState::Running,
        TargetState::Paused => InitialState::Paused,
        TargetState::Stopped => InitialState::Stopped,
    }
}

/// Kafka Connect does not tell the target state, only the actual one. What is failed, moving or unassigned hides it:
/// there the tasks may tell, and else nothing is sent, because a call that changes nothing is still a record in the
/// config topic each time.
fn verb(desired: TargetState, status: &ConnectorStateInfo) -> Option<Verb> {
    let paused_tasks = status.tasks.iter().any(|task| task.state == State::Paused);
    match (desired, status.connector.state) {
        (TargetState::Running, State::Paused | State::Stopped) => Some(Verb::Resume),
        (TargetState::Running, State::Failed) if paused_tasks => Some(Verb::Resume),
        (TargetState::Paused, State::Running | State::Stopped) => Some(Verb::Pause),
        (TargetState::Stopped, State::Running | State::Paused | State::Failed) => Some(Verb::Stop),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use sluice_rest_model::{ConnectorKind, ConnectorState, TaskState};

    use super::super::Place;
    use super::*;

    fn desired(state: TargetState) -> Desired {
        Desired {
            place: Place { namespace: "n".into(), cluster: "c".into(), name: "a".into() },
            config: BTreeMap::from([("k".into(), "new".into())]),
            references: BTreeSet::new(),
            state,
        }
    }

    pub(crate) fn current(value: &str, connector: State, tasks: &[State]) -> Current {
        let worker_id = || "h:8083".to_owned();
        let task = |(id, &state): (usize, &State)| TaskState {
            id: id as i32,
            state,
            worker_id: worker_id(),
            trace: None,
            version: None,
        };
        let status = ConnectorStateInfo {
            name: "a".into(),
            connector: ConnectorState {
                state: connector,
                worker_id: worker_id(),
                trace: None,
                version: None,
            },
            tasks: tasks.iter().enumerate().map(task).collect(),
            kind: ConnectorKind::Source,
        };
        Current { config: BTreeMap::from([("k".into(), value.into())]), status: Some(status) }
    }

    #[test]
    fn a_missing_connector_is_created_in_its_state() {
        for (state, initial) in [
            (TargetState::Running, InitialState::Running),
            (TargetState::Paused, InitialState::Paused),
            (TargetState::Stopped, InitialState::Stopped),
        ] {
            let desired = desired(state);
            assert_eq!(plan(&desired, None), [Step::Create(desired.config.clone(), initial)]);
        }
    }

    #[test]
    fn nothing_is_done_where_nothing_differs() {
        for (target, state) in [
            (TargetState::Running, State::Running),
            (TargetState::Paused, State::Paused),
            (TargetState::Stopped, State::Stopped),
            (TargetState::Running, State::Failed),
            (TargetState::Running, State::Unassigned),
            (TargetState::Running, State::Restarting),
            (TargetState::Paused, State::Unassigned),
        ] {
            assert_eq!(plan(&desired(target), Some(&current("new", state, &[]))), []);
        }
    }

    #[test]
    fn a_changed_config_is_put_before_the_connector_is_paused() {
        let desired = desired(TargetState::Paused);
        let current = current("old", State::Running, &[State::Running]);
        assert_eq!(
            plan(&desired, Some(&current)),
            [Step::PutConfig(desired.config.clone()), Step::Enter(Verb::Pause)]
        );
    }

    #[test]
    fn requested_states_are_entered() {
        for (target, state, verb) in [
            (TargetState::Running, State::Paused, Verb::Resume),
            (TargetState::Running, State::Stopped, Verb::Resume),
            (TargetState::Paused, State::Stopped, Verb::Pause),
            (TargetState::Stopped, State::Running, Verb::Stop),
            (TargetState::Stopped, State::Paused, Verb::Stop),
            (TargetState::Stopped, State::Failed, Verb::Stop),
        ] {
            let steps = plan(&desired(target), Some(&current("new", state, &[])));
            assert_eq!(steps, [Step::Enter(verb)], "{target:?} from {state}");
        }
    }

    #[test]
    fn a_failed_connector_with_paused_tasks_is_resumed() {
        let current = current("new", State::Failed, &[State::Paused]);
        let steps = plan(&desired(TargetState::Running), Some(&current));
        assert_eq!(steps, [Step::Enter(Verb::Resume)]);
    }

    #[test]
    fn a_connector_without_a_status_yet_gets_no_state_calls() {
        let current = Current { status: None, ..current("new", State::Running, &[]) };
        assert_eq!(plan(&desired(TargetState::Stopped), Some(&current)), []);
    }
}
