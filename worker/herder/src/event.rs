//! The two closed lists between deciding and doing: what can happen, and what there is to do about it.

use std::time::Duration;

use sluice_config::Properties;
use sluice_engine::{OffsetsChange, TargetState as EngineTarget, TaskEvent, TaskId};
use sluice_group::{Change, Joined, LocalState};
use sluice_providers::Hidden;
use sluice_rest_model::{ConfigInfos, ConfigKeyInfo, SettingsPatch};

use crate::{
    request::{Answer, Error, Request},
    stage::Stage,
    store::config::{LoggerChange, SessionKey},
};

/// A record of an internal topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; none deletes.
    pub value: Option<Vec<u8>>,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The internal topics have been read from the beginning to the end.
    Started,
    /// New records of the config topic.
    ConfigRecords(Vec<StoredRecord>),
    /// New records of the status topic.
    StatusRecords(Vec<StoredRecord>),
    /// A round of joining the group ended well.
    Joined(Joined),
    /// A round of joining failed in a way that another round may mend.
    JoinFailed,
    /// The group calls for something.
    Membership(Change),
    /// The config topic was read to its end, or not in time.
    ConfigRead(bool),
    /// The group has been left for a while.
    SteppedOut,
    /// A task reports.
    Task(TaskEvent),
    /// These tasks run here no more.
    TasksStopped(Vec<TaskId>),
    /// Values that these tasks were started with are others now.
    ValuesChanged(Vec<TaskId>),
    /// A connector was asked for its tasks' configurations.
    Split {
        /// Whose.
        connector: String,
        /// Which start of the connector this answers.
        attempt: u64,
        /// The configurations, or why there are none.
        result: Result<Vec<Properties>, SplitError>,
    },
    /// A connector has watched over its work.
    Watched {
        /// Whose.
        connector: String,
        /// Which start of the connector this is of.
        attempt: u64,
        /// `Ok` if the work is to be split anew.
        result: Result<(), SplitError>,
    },
    /// Plugins have answered, or cannot.
    Told(QuestionId, Result<Told, Error>),
    /// The config topic was read to its end for a request, or not in time.
    Refreshed(RequestId, bool),
    /// Offsets of a connector were read or changed, or not.
    Offsets(RequestId, Result<Answer, Error>),
    /// The leader has fenced earlier tasks for a task of this worker, or not.
    FenceSent(RequestId, Result<Answer, Error>),
    /// Earlier tasks were fenced here; whether the config topic could be read since, or why they were not.
    Fenced {
        /// Whose.
        connector: String,
        /// Which round this ends.
        round: u64,
        /// The outcome.
        result: Result<bool, String>,
    },
    /// The config topic was claimed for this leader, or not.
    Claimed(Result<(), String>),
    /// The config topic has to be claimed again.
    WritesLost,
    /// Records were written to the config topic and read back, or not.
    Written(WriteId, Result<(), String>),
    /// The leader took this worker's task configurations, or not.
    TasksSent {
        /// Whose.
        connector: String,
        /// Which start of the connector they came from.
        attempt: u64,
        /// Why not.
        result: Result<(), String>,
    },
    /// A client asks.
    Request(RequestId, Request),
    /// A timer that an effect set has run out.
    Timer(Timer),
    /// The process has been told to end.
    Stop,
}

impl Event {
    /// The same without values that must not show: statuses are made from events.
    pub(crate) fn masked(mut self, hidden: &Hidden) -> Self {
        match &mut self {
            Self::Task(TaskEvent::Failed(_, trace))
            | Self::Split { result: Err(SplitError { trace, .. }), .. }
            | Self::Watched { result: Err(SplitError { trace, .. }), .. } => {
                *trace = hidden.mask(trace);
            }
            _ => {}
        }
        self
    }
}

/// Names a request until it is answered.
pub(crate) type RequestId = u64;

/// Names a question until plugins have answered.
pub(crate) type QuestionId = u64;

/// What plugins are asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    /// What is right and wrong with a configuration?
    Validate(SettingsPatch),
    /// What can a plugin be configured with?
    Define {
        /// Its class.
        plugin: String,
        /// Versions that will do.
        version: Option<String>,
    },
}

/// What plugins say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// What is right and wrong.
    Infos(ConfigInfos),
    /// The keys, in order.
    Keys(Vec<ConfigKeyInfo>),
}

/// Names a write to the config topic until it is confirmed.
pub(crate) type WriteId = u64;

/// What to do with the offsets of a connector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OffsetsAction {
    /// Tell them.
    Read,
    /// Tell how far a sink has read its topics; with a time in milliseconds since 1970, also where that is in them.
    Reading(Option<i64>),
    /// Change them.
    Change(OffsetsChange),
}

/// Why a connector has no task configurations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SplitError {
    /// Whether the same may succeed later.
    pub is_retriable: bool,
    /// For people, in the form of a Java stack trace.
    pub trace: String,
}

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Ask a connector for its tasks again, if that start of it still runs.
    Split(String, u64),
    /// Tell in its status that a connector has not said its tasks yet, if that start of it still runs.
    Asked(String, u64),
    /// Start a connector again because a value of it expires, if that start of it still runs.
    Reload(String, u64),
    /// Tell the client of a question that a plugin hangs, if it has not answered.
    Question(QuestionId),
    /// Tell the client of a restart that it takes long, if it is not over.
    Restart(RequestId),
    /// Claim the config topic again, if this worker still leads.
    Claim,
    /// Join the group again after a failed round.
    Join,
    /// Read the config topic again before joining.
    ReadConfig,
    /// Is the session key due for rotation?
    SessionKey,
}

/// Something to do. Effects are begun in the order given; none of them is waited for.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Join the group with this state; answered by [`Event::Joined`] or [`Event::JoinFailed`].
    Join(LocalState),
    /// Ask the group often for a while: it is likely to rebalance.
    Hurry,
    /// Leave the group for a while; answered by [`Event::SteppedOut`].
    StepOut,
    /// Leave the group.
    Leave,
    /// Read the config topic to its end; answered by [`Event::ConfigRead`].
    ReadConfig,
    /// Start a task.
    StartTask {
        /// Which.
        id: TaskId,
        /// The connector's configuration.
        connector: Properties,
        /// The task's own.
        task: Properties,
        /// Whether it begins paused.
        target: EngineTarget,
        /// How many sets of task configurations the connector has had.
        generation: u64,
    },
    /// Stop tasks; answered by [`Event::TasksStopped`].
    StopTasks(Vec<TaskId>),
    /// Pause or resume the tasks of a connector.
    SetTarget(String, EngineTarget),
    /// Ask a connector for its tasks' configurations; answered by [`Event::Split`].
    Split {
        /// Whose.
        connector: String,
        /// Its configuration.
        config: Properties,
        /// Goes into the answer.
        attempt: u64,
    },
    /// Let a connector watch over its work, as long as this start of it runs; answered by [`Event::Watched`].
    Watch {
        /// Whose.
        connector: String,
        /// Its configuration.
        config: Properties,
        /// Goes into the answer.
        attempt: u64,
    },
    /// Ask plugins; answered by [`Event::Told`].
    Ask(QuestionId, Question),
    /// Read the config topic to its end for a request; answered by [`Event::Refreshed`].
    Refresh(RequestId),
    /// Read or change offsets of a connector; answered by [`Event::Offsets`].
    Offsets {
        /// Who asks.
        request: RequestId,
        /// Whose.
        connector: String,
        /// Its configuration.
        config: Properties,
        /// What to do.
        action: OffsetsAction,
    },
    /// Write to the config topic and read it back; answered by [`Event::Written`].
    WriteConfig(WriteId, Vec<(String, Option<String>)>),
    /// Make a new session key and write it to the config topic; answered by [`Event::Written`].
    NewSessionKey(WriteId),
    /// Claim the config topic for this leader; answered by [`Event::Claimed`]. Writes that follow wait for it.
    ClaimWrites,
    /// Fence earlier tasks of a source, then read the config topic to its end; answered by [`Event::Fenced`].
    Fence {
        /// Whose.
        connector: String,
        /// The connector's configuration.
        config: Properties,
        /// How many tasks.
        tasks: usize,
        /// Goes into the answer.
        round: u64,
    },
    /// Ask the leader to fence earlier tasks of a source; answered by [`Event::FenceSent`].
    SendFence {
        /// Who waits.
        request: RequestId,
        /// URL of the leader.
        leader: String,
        /// Whose.
        connector: String,
        /// Signs the request, where the group's protocol wants that.
        key: Option<SessionKey>,
    },
    /// Let the tasks of a connector tell their topics anew.
    ForgetTopics(String),
    /// Set the level of a logger here.
    SetLogger(LoggerChange),
    /// Write to the status topic.
    WriteStatus(String, Option<String>),
    /// Send task configurations to the leader; answered by [`Event::TasksSent`].
    SendTasks {
        /// URL of the leader.
        leader: String,
        /// Whose.
        connector: String,
        /// Goes into the answer.
        attempt: u64,
        /// The configurations.
        configs: Vec<Properties>,
        /// Signs the request, where the group's protocol wants that.
        key: Option<SessionKey>,
    },
    /// A client's answer waits for this from now on.
    Stage(RequestId, Stage),
    /// Answer a client.
    Reply(RequestId, Result<Answer, Error>),
    /// Hand out [`Event::Timer`] later.
    After(Duration, Timer),
    /// Everything is stopped: the process may end.
    Exit,
}
