//! The engine as the herder sees it: Java's `Worker`.

use std::{sync::Arc, time::Duration};

use prometheus::Registry;
use sluice_kafka::Memory;
use sluice_plugin::{self as plugin, ConnectorPlugin, Properties, Watched};
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    active_topics::ToldTopics,
    aside::aside,
    chain::Chain,
    clients::{ClientSpec, SharedClients, transactional_id},
    control::Control,
    converters::Converters,
    guard::Policy,
    metrics::{Board, SampleWindow, Startups, TaskCollector, TaskPlugins, TaskStats},
    offsets::{
        OffsetStore, OffsetsChange, OffsetsRefusal, Reading,
        connector::{Asked, JsonOffset},
    },
    plugins::PluginSource,
    reporters::Reporters,
    runner::{Runner, StartError},
    settings::{EngineSettings, boolean, number},
    sink,
    source::{
        self,
        exactly_once::{Preflight, Start},
    },
    task::{TargetState, TaskEvent, TaskId},
    trace::Failure,
};

/// Runs connectors and tasks.
pub struct Engine {
    settings: EngineSettings,
    plugins: Arc<dyn PluginSource>,
    offsets: Arc<dyn OffsetStore>,
    runner: Runner,
    memory: Memory,
    told_topics: Arc<ToldTopics>,
    startups: Arc<Startups>,
    shared: SharedClients,
}

impl Engine {
    /// An engine without tasks. What becomes of tasks goes to `events`, what they count to `registry`.
    pub fn new(
        settings: EngineSettings,
        plugins: Arc<dyn PluginSource>,
        offsets: Arc<dyn OffsetStore>,
        events: mpsc::Sender<TaskEvent>,
        registry: &Registry,
    ) -> Self {
        let board = Arc::<Board>::default();
        // Refused only where another engine of the process has registered its own: that one's tasks are shown.
        let startups = Arc::new(Startups::new(settings.samples));
        let collector = TaskCollector::new(Arc::clone(&board), Arc::clone(&startups));
        let _ = registry.register(Box::new(collector));
        let runner = Runner::new(settings.graceful_timeout, events, board);
        let memory = Memory::new(settings.memory);
        Self {
            settings,
            plugins,
            offsets,
            runner,
            memory,
            told_topics: Arc::default(),
            startups,
            shared: SharedClients::default(),
        }
    }

    /// The configurations of a connector's tasks, at most `tasks.max` of them.
    pub async fn split(
        &self,
        connector: &str,
        settings: &Properties,
    ) -> Result<Vec<Properties>, plugin::Error> {
        let invalid = |error: crate::SettingsError| plugin::Error::fatal(error.to_string());
        let most = number(settings, "tasks.max", 1).map_err(invalid)?;
        let class = class_of(settings)?;
        let plugin = self.plugin(class)?;
        let given = settings.clone();
        let limits = Arc::clone(&self.settings.plugin_limits);
        let call = move || async move {
            match plugin {
                ConnectorPlugin::Source(source) => {
                    source.permitted(&given, &limits)?;
                    source.split(&given, most as usize).await
                }
                ConnectorPlugin::Sink(sink) => sink.split(&given, most as usize).await,
            }
        };
        let mut tasks = aside(connector, call).await?;
        let enforced = boolean(settings, "tasks.max.enforce", true).map_err(invalid)?;
        let made = tasks.len();
        if made as u64 > most && enforced {
            let error = plugin::Error::fatal(format!(
                "The connector {connector} has generated {made} tasks, which is greater than {most}, the maximum number \
                 of tasks it is configured to create. This behaviour should be considered a bug and is disallowed. If \
                 necessary, it can be permitted by reconfiguring the connector with 'tasks.max.enforce' set to false; \
                 however, this option will be removed in a future release of Kafka Connect."
            ));
            return Err(error.named("org.apache.kafka.connect.runtime.TooManyTasksException"));
        }
        if made as u64 > most {
            tracing::warn!(connector, tasks = made, most, "more tasks than tasks.max allows");
        }
        for task in &mut tasks {
            task.insert("task.class".to_owned(), task_class(class));
            for key in ["topics", "topics.regex"] {
                if let Some(value) = settings.get(key) {
                    task.insert(key.to_owned(), value.clone());
                }
            }
        }
        Ok(tasks)
    }

    /// Watches over a connector's work: ends when it is to be split anew. Cancel-safe.
    pub async fn watch(&self, connector: &str, settings: &Properties) -> Result<(), plugin::Error> {
        let plugin = self.plugin(class_of(settings)?)?;
        let settings = settings.clone();
        let call = move || async move {
            match plugin {
                ConnectorPlugin::Source(source) => source.watch(&settings).await,
                ConnectorPlugin::Sink(sink) => sink.watch(&settings).await,
            }
        };
        match aside(connector, call).await? {
            Watched::Changed => Ok(()),
            // Its thread is gone.
            Watched::Nothing => std::future::pending().await,
        }
    }

    /// All offsets of a connector, as clients read them.
    pub async fn offsets(
        &self,
        connector: &str,
        settings: &Properties,
    ) -> Result<Vec<JsonOffset>, OffsetsRefusal> {
        let id = TaskId { connector: connector.to_owned(), task: 0 };
        self.asked(&id, settings, Duration::ZERO)?.read().await
    }

    /// How far a sink has read its topics, and how many dead letters there are; with a time, in milliseconds since 1970,
    /// where that is in the topics of a sink.
    pub async fn reading(
        &self,
        connector: &str,
        settings: &Properties,
        time: Option<i64>,
    ) -> Result<Reading, OffsetsRefusal> {
        let id = TaskId { connector: connector.to_owned(), task: 0 };
        self.asked(&id, settings, Duration::ZERO)?.reading(time).await
    }

    /// Changes offsets of a connector without tasks, at which the connector looks for at most `limit`; returns whether
    /// nothing else has to be done for a connector that keeps positions outside of Kafka. Not cancel-safe: a dropped call
    /// may have written.
    pub async fn change_offsets(
        &self,
        connector: &str,
        settings: &Properties,
        change: OffsetsChange,
        limit: Duration,
    ) -> Result<bool, OffsetsRefusal> {
        let id = TaskId { connector: connector.to_owned(), task: 0 };
        self.asked(&id, settings, limit)?.change(change).await
    }

    fn asked<'a>(
        &'a self,
        id: &'a TaskId,
        settings: &'a Properties,
        limit: Duration,
    ) -> Result<Asked<'a>, OffsetsRefusal> {
        let plugin = class_of(settings).and_then(|class| self.plugin(class));
        let plugin = plugin.map_err(|error| OffsetsRefusal::Failed(error.to_string()))?;
        let clients = self.clients(id, settings);
        let group = self.settings.distributed.as_deref();
        let (shared, store) = (&self.shared, &self.offsets);
        Ok(Asked { plugin, settings, clients, shared, store, group, limit })
    }

    fn clients<'a>(&'a self, id: &'a TaskId, connector: &'a Properties) -> ClientSpec<'a> {
        ClientSpec {
            id,
            worker: &self.settings.worker,
            connector,
            memory: &self.memory,
            logins: &self.settings.logins,
            overrides: &self.settings.overrides,
            mask: &self.settings.mask,
        }
    }

    /// Starts a task on a thread of its own. What becomes of it is told by events.
    pub fn start_task(
        &self,
        id: TaskId,
        connector: &Properties,
        task: &Properties,
        target: TargetState,
    ) -> Result<(), StartError> {
        self.start(id, connector, task, target, None)
    }

    /// The same in a group whose sources deliver exactly once: one of a source looks at `preflight` before it writes.
    pub fn start_exactly_once(
        &self,
        id: TaskId,
        connector: &Properties,
        task: &Properties,
        target: TargetState,
        preflight: Box<dyn Preflight>,
    ) -> Result<(), StartError> {
        let worker = self.settings.exactly_once().map(Arc::clone);
        let start =
            worker.map(|worker| Start { worker, preflight, store: Arc::clone(&self.offsets) });
        self.start(id, connector, task, target, start)
    }

    fn start(
        &self,
        id: TaskId,
        connector: &Properties,
        task: &Properties,
        target: TargetState,
        exactly_once: Option<Start>,
    ) -> Result<(), StartError> {
        let plugin = class_of(connector).and_then(|class| self.plugin(class));
        let stats = Arc::new(self.stats(plugin.as_ref().ok(), connector));
        let parts = TaskParts {
            settings: self.settings.clone(),
            plugins: Arc::clone(&self.plugins),
            connector: connector.clone(),
            task: task.clone(),
            memory: self.memory.clone(),
            told_topics: self.settings.topic_tracking.then(|| Arc::clone(&self.told_topics)),
            runtime: Handle::try_current().ok(),
        };
        let store = Arc::clone(&self.offsets);
        self.runner.start(id, target, &stats, move |mut control| async move {
            let plugin = plugin?;
            if !control.may_open().await {
                return Ok(());
            }
            // Boxed, as otherwise each task has room for the largest kind.
            match (plugin, exactly_once) {
                (ConnectorPlugin::Source(source), Some(start)) => {
                    Box::pin(source::exactly_once::run(control, parts, source, start)).await
                }
                (ConnectorPlugin::Source(source), None) => {
                    Box::pin(source::run(control, parts, source, store)).await
                }
                (ConnectorPlugin::Sink(sink), _) => Box::pin(sink::run(control, parts, sink)).await,
            }
        })
    }

    /// Fences the first `tasks` tasks of a source: what they have open is aborted, and they write no more
    /// (`Worker.fenceZombies`). The error is for people.
    pub async fn fence_tasks(
        &self,
        connector: &str,
        settings: &Properties,
        tasks: usize,
    ) -> Result<(), String> {
        let Some(group) = &self.settings.distributed else { return Ok(()) };
        let id = TaskId::new(connector, 0);
        let admin = self.clients(&id, settings).connector_admin();
        let admin = admin.map_err(|failure| failure.headline())?;
        let ids: Vec<String> = (0..tasks)
            .filter_map(|task| i32::try_from(task).ok())
            .map(|task| transactional_id(&group.group_id, &TaskId::new(connector, task)))
            .collect();
        admin.fence_producers(&ids).await.map_err(|error| Failure::from(error).headline())
    }

    /// Stops tasks: in good order within `task.shutdown.graceful.timeout.ms`, which counts for all together.
    pub async fn stop_tasks(&self, ids: &[TaskId]) {
        self.runner.stop(ids).await;
    }

    /// Has the tasks of a connector tell again which topics they use.
    pub fn forget_topics(&self, connector: &str) {
        self.told_topics.forget(connector);
    }

    /// Sets what the tasks of a connector shall do.
    pub fn set_target(&self, connector: &str, target: TargetState) {
        self.runner.set_target(connector, target);
    }

    /// From now on clients of tasks may hold so many bytes of records. Queues of producers that are there keep their size.
    pub fn resize_memory(&self, bytes: usize) {
        self.memory.resize(bytes);
    }

    /// How far back metrics of the last while look.
    pub const fn samples(&self) -> SampleWindow {
        self.settings.samples
    }

    /// Stops every task.
    pub async fn stop_all(&self) {
        self.runner.stop(&self.runner.ids()).await;
    }

    fn stats(&self, plugin: Option<&ConnectorPlugin>, connector: &Properties) -> TaskStats {
        let worker = &self.settings.worker;
        let classes = |it| TaskPlugins::of(&*self.plugins, it, connector, worker);
        let is_sink = matches!(plugin, Some(ConnectorPlugin::Sink(_)));
        let classes = plugin.map(classes).unwrap_or_default();
        TaskStats::new(is_sink, classes, self.settings.samples, &self.startups)
    }

    fn plugin(&self, class: &str) -> Result<ConnectorPlugin, plugin::Error> {
        self.plugins.connector(class).ok_or_else(|| {
            plugin::Error::fatal(format!(
                "Failed to find any class that implements Connector and which name matches {class}"
            ))
        })
    }
}

/// What the loop of a task works with beside its plugin.
pub(crate) struct TaskParts {
    pub(crate) settings: EngineSettings,
    pub(crate) plugins: Arc<dyn PluginSource>,
    pub(crate) connector: Properties,
    pub(crate) task: Properties,
    pub(crate) memory: Memory,
    pub(crate) told_topics: Option<Arc<ToldTopics>>,
    /// What goes on while the task's own thread is blocked.
    pub(crate) runtime: Option<Handle>,
}

impl TaskParts {
    /// The Kafka clients of the task.
    pub(crate) fn clients<'a>(&'a self, id: &'a TaskId) -> ClientSpec<'a> {
        ClientSpec {
            id,
            worker: &self.settings.worker,
            connector: &self.connector,
            memory: &self.memory,
            logins: &self.settings.logins,
            overrides: &self.settings.overrides,
            mask: &self.settings.mask,
        }
    }

    /// New converters of the task.
    pub(crate) fn converters(&self) -> Result<Converters, Failure> {
        Converters::new(&*self.plugins, &self.connector, &self.settings.worker)
    }

    /// New transforms of the task.
    pub(crate) fn chain(&self) -> Result<Chain, Failure> {
        Chain::new(&*self.plugins, &self.connector)
    }

    /// The reporters that the connector wants.
    pub(crate) async fn reporters(
        &self,
        control: &Control,
        policy: &Policy,
    ) -> Result<Arc<Reporters>, Failure> {
        let json = || Converters::json(&*self.plugins);
        let clients = self.clients(&control.id);
        let (stats, abandonment) = (Arc::clone(&control.stats), &control.abandonment);
        let reporters = Reporters::start(&clients, policy, stats, json, abandonment).await?;
        Ok(Arc::new(reporters))
    }
}

fn class_of(settings: &Properties) -> Result<&str, plugin::Error> {
    let class = settings.get("connector.class").map(|it| it.trim());
    class.ok_or_else(|| {
        plugin::Error::fatal(
            "Missing required configuration \"connector.class\" which has no default value.",
        )
    })
}

/// Java's name of the task's class, which its workers put into task configurations.
pub(crate) fn task_class(connector: &str) -> String {
    format!("{}Task", connector.strip_suffix("Connector").unwrap_or(connector))
}
