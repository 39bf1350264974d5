//! Clients of the REST API: they ask any worker, follow it to the leader, and remember what they were told.

use std::collections::{BTreeMap, BTreeSet};

use sluice_config::Properties;
use sluice_engine::TaskId;
use sluice_rest_model::SettingsPatch;

use super::world::{At, World};
use crate::{
    event::Event,
    request::{Answer, Error, Request},
    signature::{self, Signature},
    store::config::{RestartRequest, SessionKey, TargetState, encode},
};

/// How often a client that is told to try again does so, and how often a request is forwarded.
const ATTEMPTS: u32 = 3;
const HOPS: u32 = 2;

/// A request on its way.
#[derive(Clone)]
pub(super) struct Sent {
    /// What the client knows it by; it stands in the configuration that it asks for.
    pub(super) number: u64,
    pub(super) request: Request,
    /// Where the config topic ended when it was first sent.
    since: usize,
    hops: u32,
    attempts: u32,
}

/// Who waits for an answer.
enum Waiting {
    Client(Sent),
    /// A follower that has sent a task set, and which start of the connector that was.
    Follower(At, String, u64),
}

#[derive(Default)]
pub(super) struct Clients {
    numbers: u64,
    ids: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Requests of which clients were told that nothing has come.
    pub(super) refused: BTreeSet<u64>,
    /// Changes of some keys, by the request's number.
    pub(super) patches: BTreeSet<u64>,
    /// Requests for connectors that must be new.
    pub(super) creations: BTreeSet<u64>,
    /// The same, as they were asked for.
    earlier: Vec<(u64, Request)>,
    /// Requests that were made more than once.
    pub(super) repeated: BTreeSet<u64>,
}

impl World {
    /// Some client wants something of some connector.
    pub(super) fn ask_something(&mut self) {
        let earlier = self.clients.earlier.len();
        if earlier > 0 && self.chance.percent(10) {
            let (number, request) = self.clients.earlier[self.chance.below(earlier)].clone();
            self.clients.repeated.insert(number);
            return self.ask_anybody(number, request);
        }
        self.clients.numbers += 1;
        let number = self.clients.numbers;
        let name = ["a", "b", "c"][self.chance.below(3)].to_owned();
        let request = match self.chance.below(20) {
            0..5 => {
                self.clients.creations.insert(number);
                let states = [TargetState::Started, TargetState::Paused, TargetState::Stopped];
                let place = self.chance.below(6);
                Request::Create {
                    config: self.settings(number),
                    name,
                    initial: states.get(place).copied(),
                }
            }
            5..8 => Request::PutConfig { config: self.settings(number), name },
            8..11 => {
                self.clients.patches.insert(number);
                let keys = [
                    ("request".to_owned(), number.to_string()),
                    (format!("p{number}"), "x".into()),
                ];
                let patch = keys.into_iter().map(|(key, value)| (key, Some(value))).collect();
                Request::PatchConfig { name, patch: SettingsPatch(patch) }
            }
            11 | 12 => Request::Delete(name),
            13 => Request::SetTarget(name, TargetState::Paused),
            14 | 15 => Request::SetTarget(name, TargetState::Started),
            16 => Request::Stop(name),
            17 => {
                Request::RestartTask(TaskId { connector: name, task: self.chance.below(3) as i32 })
            }
            18 => Request::RestartConnector(name),
            _ => Request::Restart(RestartRequest {
                connector: name,
                include_tasks: self.chance.percent(70),
                only_failed: false,
            }),
        };
        if self.clients.creations.contains(&number) {
            self.clients.earlier.push((number, request.clone()));
        }
        self.ask_anybody(number, request);
    }

    /// Asks any worker.
    pub(super) fn ask_anybody(&mut self, number: u64, request: Request) {
        let living = self.living();
        if living.is_empty() {
            return;
        }
        let at = living[self.chance.below(living.len())];
        let since = self.log.len();
        self.send(at, Sent { number, request, since, hops: 0, attempts: 0 });
    }

    fn settings(&mut self, number: u64) -> SettingsPatch {
        let mut pairs = vec![
            ("connector.class".to_owned(), "Sink".to_owned()),
            ("tasks".to_owned(), self.chance.below(4).to_string()),
            ("request".to_owned(), number.to_string()),
        ];
        if self.chance.percent(5) {
            pairs.push(("bad".to_owned(), String::new()));
        }
        SettingsPatch(pairs.into_iter().map(|(key, value)| (key, Some(value))).collect())
    }

    fn send(&mut self, at: At, sent: Sent) {
        self.clients.ids += 1;
        let id = self.clients.ids;
        let request = sent.request.clone();
        self.clients.waiting.insert(id, Waiting::Client(sent));
        self.step(at, Event::Request(id, request));
    }

    /// A worker answers.
    pub(super) fn answered(&mut self, id: u64, answer: Result<Answer, Error>) {
        let sent = match self.clients.waiting.remove(&id) {
            Some(Waiting::Client(sent)) => sent,
            Some(Waiting::Follower(at, connector, attempt)) => {
                let result = answer.map(drop).map_err(|error| error.to_string());
                return self.tell_follower(at, connector, attempt, result);
            }
            None => return,
        };
        match answer {
            Ok(_) => self.check_accepted(&sent.request, sent.number, sent.since),
            Err(Error::Elsewhere(Some(url))) if sent.hops < HOPS => {
                let pause = self.chance.lag(10, 500);
                self.after(pause, move |world| {
                    if let Some(at) = world.reachable(&url) {
                        world.send(at, Sent { hops: sent.hops + 1, ..sent });
                    }
                });
            }
            Err(Error::StaleConfig | Error::Elsewhere(_)) if sent.attempts < ATTEMPTS => {
                let pause = self.chance.between(100, 3_000);
                self.after(pause, move |world| {
                    let living = world.living();
                    if let Some(at) = living.first() {
                        world.send(*at, Sent { hops: 0, attempts: sent.attempts + 1, ..sent });
                    }
                });
            }
            // What was being done may yet be.
            Err(Error::Internal(_)) => {}
            Err(_) => {
                self.clients.refused.insert(sent.number);
            }
        }
    }

    fn reachable(&self, url: &str) -> Option<At> {
        let is_there = |at: &At| self.workers[at.worker].url == url && !self.is_cut(*at);
        self.living().into_iter().find(is_there)
    }

    /// A follower's task set goes to the leader.
    pub(super) fn send_tasks(
        &mut self,
        at: At,
        leader: &str,
        (connector, attempt): (String, u64),
        configs: &[Properties],
        key: Option<&SessionKey>,
    ) {
        let body = serde_json::to_vec(configs).unwrap_or_default();
        let signature = key.map(|key| Signature {
            algorithm: signature::ALGORITHM.to_owned(),
            bytes: signature::bytes(key, &body),
        });
        let leader = leader.to_owned();
        let pause = self.chance.lag(20, 2_000);
        self.after(pause, move |world| {
            let Some(to) = world.reachable(&leader).filter(|_| !world.is_cut(at)) else {
                return world.tell_follower(at, connector, attempt, Err("unreachable".into()));
            };
            world.clients.ids += 1;
            let id = world.clients.ids;
            let waiting = Waiting::Follower(at, connector.clone(), attempt);
            world.clients.waiting.insert(id, waiting);
            // A worker that ends does not answer; whoever asked gives up at some time.
            world.after(10_000, move |world| {
                if world.clients.waiting.contains_key(&id) {
                    world.answered(id, Err(Error::Internal("no answer in time".into())));
                }
            });
            let request = Request::PutTaskConfigs { connector, body, signature };
            world.step(to, Event::Request(id, request));
        });
    }

    fn tell_follower(
        &mut self,
        at: At,
        connector: String,
        attempt: u64,
        result: Result<(), String>,
    ) {
        let pause = self.chance.lag(10, 500);
        self.after(pause, move |world| {
            world.step(at, Event::TasksSent { connector, attempt, result });
        });
    }

    /// What a client was told is done is in the config topic.
    fn check_accepted(&mut self, request: &Request, number: u64, since: usize) {
        let record = match request {
            Request::Delete(name) => encode::removal(name).into_iter().next(),
            Request::SetTarget(name, target) => Some(encode::target(name, *target)),
            Request::Stop(name) => Some(encode::target(name, TargetState::Stopped)),
            Request::Create { .. } | Request::PutConfig { .. } | Request::PatchConfig { .. } => {
                if !self.log[since..].iter().any(|it| it.asked_by() == Some(number)) {
                    self.violate(format!("request {number} was accepted and is not in the topic"));
                }
                None
            }
            _ => None,
        };
        let Some((key, value)) = record else { return };
        let is_it = |it: &super::world::Written| {
            it.record.key == key.as_bytes()
                && it.record.value.as_deref() == value.as_deref().map(str::as_bytes)
        };
        if !self.log[since..].iter().any(is_it) {
            self.violate(format!("{key} was accepted and is not in the topic"));
        }
    }
}
