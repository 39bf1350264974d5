//! What a connector makes of some records: each of them before and after its converters and transforms.
//!
//! Nothing is written anywhere: there is no producer, no member of a group and no store of positions, and the task of a
//! sink is not even opened.

mod input;
mod shown;
mod topic;

use std::{sync::Arc, time::Duration};

use sluice_kafka::{Memory, Message};
use sluice_plugin::{
    self as plugin, AnySourceConnector, ConnectorPlugin, Kind, Properties, SourceContext,
    SourceTask, TransactionContext, model::SourceRecord,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    aside::aside,
    clients::ClientSpec,
    engine::TaskParts,
    offsets::{ConnectorOffsets, MemoryOffsets},
    plugins::PluginSource,
    settings::{EngineSettings, number},
    sink::Decoder,
    source::Encoder,
    stage::Step,
    task::TaskId,
    trace::Failure,
};
pub use input::{BadRecord, records_of};
use shown::Writer;
pub use shown::{Outcome, Shown};

/// Pause after a poll that may succeed later.
const POLL_RETRY: Duration = Duration::from_millis(100);
/// How long a call may take that does not wait for records; afterwards the connector counts as hung.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// One connector whose records are looked at.
pub struct Preview {
    parts: TaskParts,
    id: TaskId,
    has_schemas: bool,
}

impl Preview {
    /// A connector with these settings, values in place of placeholders, on a worker with those. `has_schemas` has
    /// schemas shown beside the values.
    pub fn new(
        settings: EngineSettings,
        plugins: Arc<dyn PluginSource>,
        connector: Properties,
        has_schemas: bool,
    ) -> Self {
        let name = connector.get("name").cloned().unwrap_or_default();
        let memory = Memory::new(settings.memory);
        let task = connector.clone();
        let (told_topics, runtime) = (None, None);
        let parts = TaskParts { settings, plugins, connector, task, memory, told_topics, runtime };
        Self { parts, id: TaskId::new(name, 0), has_schemas }
    }

    /// Up to `most` records that the tasks of a source hand out within `patience`, beginning as if the connector were
    /// new. What polling does to the system itself is the connector's business.
    pub async fn of_source(self, most: usize, patience: Duration) -> Result<Vec<Shown>, String> {
        let class = self.parts.connector.get("connector.class").cloned().unwrap_or_default();
        let Some(ConnectorPlugin::Source(source)) = self.parts.plugins.connector(class.trim())
        else {
            return Err(format!("{class} is no source connector"));
        };
        let name = self.id.connector.clone();
        let call = aside(&name, move || async move {
            self.poll(&*source, most, patience)
                .await
                .map_err(|it| plugin::Error::fatal(it.headline()))
        });
        match tokio::time::timeout(patience + CALL_LIMIT, call).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the connector {name} does not answer")),
        }
    }

    /// The first `most` records of a sink's topics, as far as there are and as they come within `patience`.
    pub async fn of_topics(self, most: usize, patience: Duration) -> Result<Vec<Shown>, String> {
        let deadline = Instant::now() + patience;
        let messages = topic::first(&self.clients(), &self.parts.connector, most, deadline).await;
        self.of_messages(messages.map_err(|failure| failure.headline())?)
    }

    /// What a sink makes of these records.
    pub fn of_messages(self, messages: Vec<Message>) -> Result<Vec<Shown>, String> {
        self.decode(messages).map_err(|failure| failure.headline())
    }

    fn clients(&self) -> ClientSpec<'_> {
        self.parts.clients(&self.id)
    }

    fn decode(&self, messages: Vec<Message>) -> Result<Vec<Shown>, Failure> {
        let mut decoder = Decoder::new(self.parts.converters()?, self.parts.chain()?, false);
        let mut writer = Writer::new(&*self.parts.plugins, self.has_schemas)?;
        let mut one = |message: Message| {
            let before = Writer::message(&message);
            let outcome = match decoder.look(&message) {
                Ok((Some(record), _)) => Outcome::Kept(writer.data(&record.data)?),
                Ok((None, step)) => Outcome::Dropped { transform: step.class.to_string() },
                Err((step, error)) => failed(&step, error),
            };
            Ok(Shown { before, outcome })
        };
        messages.into_iter().map(&mut one).collect()
    }

    async fn poll(
        &self,
        source: &dyn AnySourceConnector,
        most: usize,
        patience: Duration,
    ) -> Result<Vec<Shown>, Failure> {
        let tasks = number(&self.parts.connector, "tasks.max", 1)?;
        source.permitted(&self.parts.connector, &self.parts.settings.plugin_limits)?;
        let tasks = source.split(&self.parts.connector, tasks as usize).await?;
        let mut encoder = Encoder::new(self.parts.converters()?, self.parts.chain()?, false);
        let mut writer = Writer::new(&*self.parts.plugins, self.has_schemas)?;
        // Each has a part of the time, so that one without news does not hide the others.
        let part = patience / u32::try_from(tasks.len()).unwrap_or(u32::MAX).max(1);
        let mut shown = Vec::new();
        for task in &tasks {
            if shown.len() == most {
                break;
            }
            let mut opened = source.open(task, self.context()).await?;
            let polled = poll(&mut *opened, most - shown.len(), Instant::now() + part).await;
            opened.close().await?;
            for record in polled? {
                shown.push(encode(&mut encoder, &mut writer, record)?);
            }
        }
        Ok(shown)
    }

    fn context(&self) -> SourceContext {
        let connector = self.id.connector.clone();
        let boundary = self.parts.connector.get("transaction.boundary");
        let decides = boundary.is_some_and(|it| it.trim().eq_ignore_ascii_case("connector"));
        SourceContext {
            offsets: Arc::new(ConnectorOffsets {
                store: Arc::new(MemoryOffsets::default()),
                connector,
            }),
            worker: Arc::clone(&self.parts.settings.plugin_limits),
            transactions: decides.then(|| Arc::new(TransactionContext::default())),
        }
    }
}

async fn poll(
    task: &mut dyn SourceTask,
    most: usize,
    deadline: Instant,
) -> Result<Vec<SourceRecord>, Failure> {
    let mut records = Vec::new();
    while records.len() < most {
        match timeout_at(deadline, task.poll()).await {
            Err(_) => break,
            Ok(Ok(polled)) => records.extend(polled),
            Ok(Err(error)) if error.kind() == Kind::Retriable => {
                tracing::warn!(%error, "the source could not be polled; trying again");
                let pause = tokio::time::sleep(POLL_RETRY);
                if timeout_at(deadline, pause).await.is_err() {
                    return Err(error.into());
                }
            }
            Ok(Err(error)) => return Err(error.into()),
        }
        // A task may answer at once that there is nothing.
        if Instant::now() >= deadline {
            break;
        }
        tokio::task::yield_now().await;
    }
    records.truncate(most);
    Ok(records)
}

fn encode(
    encoder: &mut Encoder,
    writer: &mut Writer,
    mut record: SourceRecord,
) -> Result<Shown, Failure> {
    let before = writer.data(&record.data)?;
    let outcome = match encoder.look(&mut record) {
        Ok((Some(encoded), _)) => Outcome::Kept(Writer::encoded(&encoded)),
        Ok((None, step)) => Outcome::Dropped { transform: step.class.to_string() },
        Err((step, error)) => failed(&step, error),
    };
    Ok(Shown { before, outcome })
}

fn failed(step: &Step, error: plugin::Error) -> Outcome {
    Outcome::Failed {
        stage: step.stage.name(),
        class: step.class.to_string(),
        error: Failure::from(error).to_string(),
    }
}
