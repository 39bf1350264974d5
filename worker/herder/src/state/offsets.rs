//! Offsets of connectors: who may change them, and when (`DistributedHerder.modifyConnectorOffsets`).

use std::collections::BTreeMap;

use sluice_engine::OffsetsChange;
use sluice_rest_model::ConnectorKind;

use super::{State, fencing::Waiting};
use crate::{
    event::{Effect, OffsetsAction, RequestId},
    request::{Answer, Error},
    store::config::TargetState,
};

/// Changes that wait for the config topic to be read: what another worker has written there decides too.
pub(super) type PendingChanges = BTreeMap<RequestId, (String, OffsetsChange)>;

impl State {
    /// What any worker can tell, unless there is no such connector.
    pub(super) fn ask_offsets(
        &mut self,
        id: RequestId,
        name: String,
        action: OffsetsAction,
    ) -> Option<Result<Answer, Error>> {
        if let Err(error) = self.known(&name) {
            return Some(Err(error));
        }
        self.offsets(id, name, action);
        None
    }

    pub(super) fn change_offsets(
        &mut self,
        id: RequestId,
        name: String,
        change: OffsetsChange,
    ) -> Result<(), Error> {
        self.membership.check_leader()?;
        self.enter(id, "reading to the end of the config topic");
        self.pending_offsets.insert(id, (name, change));
        self.effects.push(Effect::Refresh(id));
        Ok(())
    }

    /// The config topic has been read for a change, or not in time.
    pub(super) fn refreshed(&mut self, id: RequestId, in_time: bool) {
        if self.read_for_fencing(id, in_time) {
            return;
        }
        let Some((name, change)) = self.pending_offsets.remove(&id) else { return };
        match self.may_change_offsets(&name, in_time) {
            Err(error) => self.reply(id, Err(error)),
            Ok(())
                if self.settings.exactly_once.is_enabled()
                    && self.kind_of(&name) == ConnectorKind::Source =>
            {
                let connector = name.clone();
                self.fence_or_join(&connector, Waiting::Offsets(id, name, change));
            }
            Ok(()) => self.offsets(id, name, OffsetsAction::Change(change)),
        }
    }

    /// No earlier task of an exactly-once source writes any more. Meanwhile things may have changed.
    pub(super) fn change_fenced_offsets(
        &mut self,
        id: RequestId,
        name: String,
        change: OffsetsChange,
    ) {
        match self.may_change_offsets(&name, true) {
            Ok(()) => self.offsets(id, name, OffsetsAction::Change(change)),
            Err(error) => self.reply(id, Err(error)),
        }
    }

    fn may_change_offsets(&self, name: &str, in_time: bool) -> Result<(), Error> {
        // The group may have changed meanwhile.
        self.membership.check_leader()?;
        if !in_time {
            let what = "Failed to read to end of config topic before modifying connector offsets";
            return Err(Error::Internal(what.to_owned()));
        }
        self.known(name)?;
        let is_stopped =
            self.config.connector(name).is_some_and(|it| it.target == TargetState::Stopped);
        if !is_stopped || !self.config.task_ids(name).is_empty() {
            return Err(Error::BadRequest(format!(
                "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the \
                 specified connector by issuing a 'PUT' request to the '/connectors/{name}/stop' endpoint"
            )));
        }
        Ok(())
    }

    fn offsets(&mut self, request: RequestId, connector: String, action: OffsetsAction) {
        let doing = match action {
            OffsetsAction::Read | OffsetsAction::Reading(_) => "reading",
            OffsetsAction::Change(_) => "modifying",
        };
        self.enter(request, format!("{doing} offsets for connector {connector}"));
        let config = self.config.config(&connector).cloned().unwrap_or_default();
        self.effects.push(Effect::Offsets { request, connector, config, action });
    }
}
