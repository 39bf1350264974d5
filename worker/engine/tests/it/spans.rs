//! Spans of records as tasks make them: which there are, what ties them together, and how they end.

use std::sync::{Arc, Mutex};

use prometheus::IntCounter;
use sluice_engine::{
    EngineSettings, MemoryOffsets, Sampler, Side, Span, SpanQueue, TaskEvent, Tracing,
};
use sluice_plugin::{Error, Result};

use crate::plugins::{Noting, Numbers, Seen};
use crate::stage::{Running, Stage, properties, until};

const COUNT: usize = 10;

/// A source of numbers, and a sink with an opinion of each batch, in an engine that makes spans.
struct Traced {
    stage: Stage,
    queue: Arc<SpanQueue>,
    running: Running,
}

impl Traced {
    async fn set(verdict: impl Fn(usize) -> Result<()> + Send + Sync + 'static) -> Self {
        let stage = Stage::set().await;
        let last = COUNT as i64;
        for name in ["numbers", "forgotten"] {
            stage.plugins.source(name, move |from| Box::new(Numbers::from(from.as_ref(), last)));
        }
        let (seen, verdict) = (Arc::<Mutex<Seen>>::default(), Arc::new(verdict));
        stage.plugins.sink("noting", move |_| {
            let verdict = Arc::clone(&verdict) as Arc<dyn Fn(usize) -> Result<()> + Send + Sync>;
            Box::new(Noting { seen: Arc::clone(&seen), verdict })
        });
        let dropped = IntCounter::new("dropped", "Dropped.").unwrap();
        let queue = Arc::new(SpanQueue::new(1000, 1000, dropped));
        let tracing = Tracing { sampler: Sampler::new(1.0, true), queue: Arc::clone(&queue) };
        // A sink is not asked without records, as it is when a commit is due.
        let mut worker = stage.worker.clone();
        worker.extend(properties(&[("offset.flush.interval.ms", "600000")]));
        let settings = EngineSettings::parse(&worker, "test:8083").unwrap();
        let settings = settings.tracing(Some(tracing));
        let running = stage.engine_of(settings, Arc::new(MemoryOffsets::default()));
        Self { stage, queue, running }
    }

    /// So many spans, once they are there, and no more than those.
    async fn spans(&self, count: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        until("spans", || {
            spans.extend(self.queue.take());
            spans.len() >= count
        })
        .await;
        assert_eq!(spans.len(), count);
        spans
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_a_sink_are_below_those_of_the_source_however_often_it_is_asked() {
    let busy = |put| match put {
        1 => Err(Error::retriable("the system is busy")),
        _ => Ok(()),
    };
    let traced = Traced::set(busy).await;
    let source = traced.running.start("numbers", &[]);
    let sent = traced.spans(COUNT).await;
    let sink = traced.running.start("noting", &[]);
    let taken = traced.spans(COUNT).await;
    traced.running.engine.stop_tasks(&[source, sink]).await;
    for (offset, (taken, sent)) in taken.iter().zip(&sent).enumerate() {
        assert_eq!(
            (taken.context.trace, taken.parent),
            (sent.context.trace, Some(sent.context.span))
        );
        assert_eq!(taken.place.map(|it| it.offset), Some(offset as i64));
        assert_eq!((sent.client.side, taken.client.side), (Side::Producer, Side::Consumer));
        assert_eq!(
            (&*sent.client.id, &*taken.client.id),
            ("connector-producer-numbers-0", "connector-consumer-noting-0")
        );
        assert_eq!(taken.client.group.as_deref(), Some("connect-noting"));
        assert!(!taken.failed && taken.start <= taken.end);
    }
    assert!(traced.queue.take().is_empty());
    traced.stage.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sink_fails_over_has_failed_and_what_a_transform_drops_is_not_sent() {
    let mut traced = Traced::set(|_| Err(Error::fatal("no more"))).await;
    let forget = [("transforms", "forget"), ("transforms.forget.type", "Forget")];
    let source = traced.running.start("forgotten", &forget);
    until("records to be read", || {
        traced.running.metric("kafka_connect_source_task_source_record_poll_total") >= COUNT as f64
    })
    .await;
    traced.running.engine.stop_tasks(&[source]).await;
    assert!(traced.queue.take().is_empty());

    let source = traced.running.start("numbers", &[]);
    traced.spans(COUNT).await;
    traced.running.start("noting", &[]);
    loop {
        if let TaskEvent::Failed(id, _) = traced.running.told().await {
            assert_eq!(id.connector, "noting");
            break;
        }
    }
    let taken = traced.queue.take();
    assert!(!taken.is_empty() && taken.iter().all(|it| it.failed), "{taken:?}");
    traced.running.engine.stop_tasks(&[source]).await;
    traced.stage.broker.stop().await;
}
