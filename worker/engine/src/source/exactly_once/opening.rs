//! What has to be so before an exactly-once task may be opened: the order of its steps is what keeps tasks before it from
//! writing any more.

use std::sync::Arc;

use sluice_plugin::{AnySourceConnector, SourceContext};
use tokio::time::Instant;

use super::{
    ExactlyOnce, Start,
    boundary::Boundary,
    port::{Listener, Told},
    transaction::Transaction,
};
use crate::{
    active_topics::TopicTracker,
    control::Control,
    engine::TaskParts,
    guard::{Guard, Policy},
    offsets::{ConnectorOffsets, own::Positions},
    source::{encode::Encoder, topics::TopicMaker},
    trace::{CONNECT_EXCEPTION, Failure},
};

impl ExactlyOnce {
    /// Fences tasks of earlier configurations, then those of this one, then reads where to go on.
    pub(super) async fn open(
        control: &Control,
        parts: TaskParts,
        plugin: &dyn AnySourceConnector,
        start: Start,
    ) -> Result<Self, Failure> {
        let clients = parts.clients(&control.id);
        clients.allowed("producer")?;
        let policy = Policy::parse(&parts.connector)?;
        let boundary = Boundary::parse(&parts.connector, parts.settings.flush_interval)?;
        let reporters = parts.reporters(control, &policy).await?;
        let encoder = Encoder::new(parts.converters()?, parts.chain()?, reporters.wants_original());
        let maker = TopicMaker::parse(&parts.connector, parts.settings.topic_creation, &clients)?;
        let tracer = clients.source_tracer(parts.settings.tracing.as_ref())?;
        control.built().await;

        start.preflight.fence().await.map_err(checked)?;
        let told = Arc::<Told>::default();
        let listener = Listener(Arc::clone(&told));
        let producer = clients.transactional_producer(&start.worker.group_id, listener)?;
        let cutoff = producer.cutoff();
        control.abandonment.closes(move || cutoff.cut());
        producer.init_transactions().await?;
        start.preflight.verify().await.map_err(checked)?;

        let positions = Positions::open(&start.worker, &clients, &start.store).await?;
        let workers = positions.workers.clone();
        let offsets = ConnectorOffsets {
            store: Arc::clone(&positions.store),
            connector: control.id.connector.clone(),
        };
        let context = SourceContext {
            offsets: Arc::new(offsets),
            worker: Arc::clone(&parts.settings.plugin_limits),
            transactions: boundary.context(),
        };
        let task = plugin.open(&parts.task, context).await?;
        let stats = Arc::clone(&control.stats);
        stats.begin_transactions();
        let stop = control.stop.clone();
        Ok(Self {
            task,
            encoder,
            guard: Guard::new(policy, Arc::clone(&reporters), Arc::clone(&stats), stop),
            reporters,
            transaction: Transaction::new(
                control.id.clone(),
                producer,
                Arc::clone(&told),
                positions,
            ),
            told,
            boundary,
            maker,
            id: control.id.clone(),
            workers,
            stats,
            tracer,
            topics: TopicTracker::new(control, parts.told_topics),
            sent_to: Vec::new(),
            flush_timeout: parts.settings.flush_timeout,
            poll_due: Instant::now(),
            asked: None,
            active: 0,
            abandonment: Arc::clone(&control.abandonment),
        })
    }
}

/// What the herder says of a check that has failed.
fn checked(reason: String) -> Failure {
    Failure::of(CONNECT_EXCEPTION, reason)
}
