//! What plugins have been asked, and what follows once they answer. They are asked beside the loop: one that hangs holds
//! up nobody, and the client that named it hears so early.

use std::collections::BTreeMap;

use sluice_config::Properties;
use sluice_rest_model::{ConfigInfos, SettingsPatch};

use super::{
    State,
    writes::{self, Held, PendingWrite},
};
use crate::{
    event::{Effect, Question, QuestionId, RequestId, Timer, Told},
    request::{Answer, Error},
    stage::Stage,
    store::config::{TargetState, encode},
};

/// A configuration that becomes a connector's, if nothing is wrong with it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) config: SettingsPatch,
    pub(super) wish: Wish,
}

/// How the configuration relates to the one that is there.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// There must be none; the state is the one to create the connector in.
    Create(Option<TargetState>),
    /// It takes the place of any.
    Put,
    /// It is this one with these changes.
    Patch(Properties, SettingsPatch),
}

#[derive(Debug, Clone)]
struct Pending {
    request: RequestId,
    question: Question,
    began_millis: i64,
    /// None if the client wants the answer itself.
    candidate: Option<Candidate>,
}

/// Questions without an answer yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Questions {
    next: QuestionId,
    pending: BTreeMap<QuestionId, Pending>,
}

impl State {
    /// Asks plugins for a client.
    pub(super) fn ask_plugins(&mut self, request: RequestId, question: Question) {
        self.ask(request, question, None);
    }

    /// Has plugins look at a configuration before it is written.
    pub(super) fn check(&mut self, request: RequestId, candidate: Candidate) {
        let question = Question::Validate(candidate.config.clone());
        self.ask(request, question, Some(candidate));
    }

    fn ask(&mut self, request: RequestId, question: Question, candidate: Option<Candidate>) {
        self.questions.next += 1;
        let id = self.questions.next;
        self.effects.push(Effect::Ask(id, question.clone()));
        self.effects.push(Effect::After(self.settings.plugin_timeout, Timer::Question(id)));
        let pending = Pending { request, question, began_millis: self.now_millis, candidate };
        self.questions.pending.insert(id, pending);
    }

    pub(super) fn told(&mut self, id: QuestionId, told: Result<Told, Error>) {
        // The client of a late answer has been told that nothing was done.
        let Some(Pending { request, candidate, .. }) = self.questions.pending.remove(&id) else {
            return;
        };
        let answer = match (told, candidate) {
            (Err(error), _) => Err(error),
            (Ok(Told::Infos(infos)), Some(candidate)) => {
                return self.take_candidate(request, candidate, infos);
            }
            (Ok(Told::Infos(infos)), None) => Ok(Answer::Validated(infos)),
            (Ok(Told::Keys(keys)), _) => Ok(Answer::Keys(keys)),
        };
        self.reply(request, answer);
    }

    /// Plugins have looked at a configuration.
    pub(super) fn take_candidate(
        &mut self,
        request: RequestId,
        candidate: Candidate,
        infos: ConfigInfos,
    ) {
        if self.writes.concerns(&candidate.name) {
            self.enter(request, writes::held_up(&candidate.name));
            self.writes.hold(Held::Candidate(request, candidate, infos));
        } else if let Err(error) = self.write_candidate(request, candidate, &infos) {
            self.reply(request, Err(error));
        }
    }

    fn write_candidate(
        &mut self,
        request: RequestId,
        candidate: Candidate,
        infos: &ConfigInfos,
    ) -> Result<(), Error> {
        let Candidate { name, config, wish } = candidate;
        let current = self.config.config(&name);
        if let Wish::Patch(base, patch) = wish.clone()
            && current != Some(&base)
        {
            // Others have changed the connector meanwhile, or have deleted it: nothing of that is undone.
            return self.patch_config(request, name, patch);
        }
        if infos.error_count > 0 {
            return Err(Error::BadRequest(invalid(infos)));
        }
        self.membership.check_leader()?;
        let (is_new, mut initial) = (current.is_none(), None);
        if let Wish::Create(state) = wish {
            if !is_new {
                return Err(Error::AlreadyExists(name));
            }
            initial = state;
        }
        let records = encode::connector(&name, &config.into_parts().0, initial);
        self.write(records, PendingWrite::Connector { request, name, is_new });
        Ok(())
    }

    /// Nothing more comes of a question whose client has been answered.
    pub(super) fn plugin_hangs(&mut self, id: QuestionId) {
        let Some(pending) = self.questions.pending.remove(&id) else { return };
        let doing = match pending.question {
            Question::Validate(config) => {
                let class = config.0.get("connector.class").cloned().flatten();
                format!(
                    "validating the configuration with the connector {}",
                    class.unwrap_or_default()
                )
            }
            Question::Define { plugin, .. } => {
                format!("retrieving the configuration definition from {plugin}")
            }
        };
        let stage = Stage::new(doing, pending.began_millis);
        self.reply(pending.request, Err(stage.timed_out()));
    }
}

fn invalid(infos: &ConfigInfos) -> String {
    let messages: String = infos
        .configs
        .iter()
        .flat_map(|it| &it.value.errors)
        .map(|error| format!("\n{error}"))
        .collect();
    format!(
        "Connector configuration is invalid and contains the following {} error(s):{messages}\n\
         You can also find the above list of errors at the endpoint \
         `/connector-plugins/{{connectorType}}/config/validate`",
        infos.error_count
    )
}
