//! Makes the spans of one task.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::SystemTime,
};

use sluice_kafka::Batch;
use sluice_plugin::model::TopicPartition;

use super::{
    RecordPlace, Side, Span, SpanContext, TracedClient, Tracing,
    context::{self, PARENT, STATE},
};
use crate::converters::Encoded;

/// Makes spans of a task's records and hands them over.
pub(crate) struct Tracer {
    tracing: Tracing,
    client: Arc<TracedClient>,
    ids: Ids,
    parent: Arc<str>,
    /// Of records that the sink has not taken yet.
    open: Vec<Span>,
}

impl Tracer {
    /// For records that a source sends by this client.
    pub(crate) fn of_source(tracing: &Tracing, client_id: String) -> Self {
        Self::new(tracing, TracedClient { side: Side::Producer, id: client_id, group: None })
    }

    /// For records that a sink takes by this client, which is in a group.
    pub(crate) fn of_sink(tracing: &Tracing, client_id: String, group: String) -> Self {
        Self::new(tracing, TracedClient { side: Side::Consumer, id: client_id, group: Some(group) })
    }

    fn new(tracing: &Tracing, client: TracedClient) -> Self {
        Self {
            tracing: tracing.clone(),
            client: Arc::new(client),
            ids: Ids::default(),
            parent: Arc::from(PARENT),
            open: Vec::new(),
        }
    }

    /// Puts the context of a span of its own into each record that is about to be sent. A record that has one already
    /// goes on with its trace.
    pub(crate) fn sent<'a>(&mut self, records: impl Iterator<Item = &'a mut Encoded>) {
        let now = now();
        for record in records {
            let above = SpanContext::of(&record.headers);
            let context = self.below(above);
            // Without a context, what vendors have added means nothing.
            let is_replaced = |name: &str| name == PARENT || above.is_none() && name == STATE;
            record.headers.retain(|(name, _)| !is_replaced(name));
            let state = above.and_then(|_| context::state(&record.headers));
            record.headers.push((Arc::clone(&self.parent), Some(context.header())));
            if context.sampled {
                let topic = Arc::clone(&record.topic);
                self.open.push(self.span(context, above, state, now, topic, None));
            }
        }
        self.tracing.queue.put(&mut self.open);
    }

    /// Begins a span for each record of a batch, below the one that came with it.
    pub(crate) fn received(&mut self, batch: &Batch) {
        let now = now();
        for message in batch.iter() {
            let above = SpanContext::of(&message.headers);
            let context = self.below(above);
            if context.sampled {
                let place = RecordPlace {
                    partition: message.partition,
                    offset: message.offset,
                    size: message.value.as_ref().map(bytes::Bytes::len),
                };
                let state = above.and_then(|_| context::state(&message.headers));
                self.open.push(self.span(context, above, state, now, message.topic, Some(place)));
            }
        }
    }

    /// Ends the spans of what the sink has taken, or has failed over.
    pub(crate) fn taken(&mut self, failed: bool) {
        if self.open.is_empty() {
            return;
        }
        let now = now();
        for span in &mut self.open {
            span.end = now.max(span.start);
            span.failed = failed;
        }
        self.tracing.queue.put(&mut self.open);
    }

    /// Forgets records of partitions that another task will read.
    pub(crate) fn retain(&mut self, keep: impl Fn(&TopicPartition) -> bool) {
        self.open.retain(|span| {
            span.place.is_none_or(|place| {
                keep(&TopicPartition::new(Arc::clone(&span.topic), place.partition))
            })
        });
    }

    fn below(&mut self, above: Option<SpanContext>) -> SpanContext {
        let trace = above.map_or_else(|| self.ids.trace(), |it| it.trace);
        let sampled = self.tracing.sampler.samples(trace, above);
        SpanContext { trace, span: self.ids.span(), sampled }
    }

    fn span(
        &self,
        context: SpanContext,
        above: Option<SpanContext>,
        state: Option<String>,
        now: u64,
        topic: Arc<str>,
        place: Option<RecordPlace>,
    ) -> Span {
        Span {
            context,
            parent: above.map(|it| it.span),
            state,
            start: now,
            end: now,
            failed: false,
            client: Arc::clone(&self.client),
            topic,
            place,
        }
    }
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}

/// Random numbers, no secrets: the hashes of 1, 2, 3 and so on under keys that the system gives.
#[derive(Default)]
struct Ids {
    keys: RandomState,
    count: u64,
}

impl Ids {
    fn span(&mut self) -> u64 {
        loop {
            self.count += 1;
            let id = self.keys.hash_one(self.count);
            if id != 0 {
                return id;
            }
        }
    }

    fn trace(&mut self) -> u128 {
        u128::from(self.span()) << 64 | u128::from(self.span())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prometheus::IntCounter;

    use super::super::{Sampler, SpanQueue};
    use super::*;

    fn tracing(room: usize, share: f64) -> (Tracing, IntCounter) {
        let dropped = IntCounter::new("dropped", "Dropped.").unwrap();
        let queue = Arc::new(SpanQueue::new(room, 10, dropped.clone()));
        (Tracing { sampler: Sampler::new(share, true), queue }, dropped)
    }

    fn records(count: usize) -> Vec<Encoded> {
        (0..count).map(|_| Encoded::empty("t".into())).collect()
    }

    fn header<'a>(record: &'a Encoded, name: &str) -> Vec<&'a [u8]> {
        let of_name = record.headers.iter().filter(|(key, _)| **key == *name);
        of_name.filter_map(|(_, value)| value.as_deref()).collect()
    }

    #[test]
    fn each_record_begins_a_trace_and_takes_its_context_along() {
        let (tracing, _) = tracing(10, 1.0);
        let mut sent = records(3);
        Tracer::of_source(&tracing, "c".to_owned()).sent(sent.iter_mut());
        let spans = tracing.queue.take();
        assert_eq!(spans.len(), 3);
        for (record, span) in sent.iter().zip(&spans) {
            assert_eq!(header(record, PARENT), [&span.context.header()[..]]);
            assert_eq!((span.parent, span.place, span.failed), (None, None, false));
        }
        assert_ne!(spans[0].context.trace, spans[1].context.trace);
        assert_ne!(spans[0].context.span, spans[1].context.span);
    }

    #[test]
    fn a_record_with_a_context_goes_on_with_its_trace() {
        let (tracing, _) = tracing(10, 0.0);
        let mut sent = records(2);
        let above = "00-0000000000000000000000000000000a-000000000000000b-01";
        for (record, value) in sent.iter_mut().zip([above, "malformed"]) {
            let pair =
                |name: &str, value: &'static str| (Arc::from(name), Some(Bytes::from(value)));
            record.headers = vec![pair(PARENT, value), pair(STATE, "x=y"), pair("other", "1")];
        }
        Tracer::of_source(&tracing, "c".to_owned()).sent(sent.iter_mut());
        // The second begins a trace, of which none are wanted.
        let [span] = &tracing.queue.take()[..] else { panic!("one is recorded") };
        assert_eq!((span.context.trace, span.parent), (10, Some(11)));
        assert_eq!(span.state.as_deref(), Some("x=y"));
        assert_eq!(header(&sent[0], PARENT), [&span.context.header()[..]]);
        assert_eq!(header(&sent[0], STATE), [b"x=y"]);
        assert!(header(&sent[1], PARENT)[0].ends_with(b"-00"));
        assert!(header(&sent[1], STATE).is_empty());
        assert_eq!(header(&sent[1], "other"), [b"1"]);
    }

    #[test]
    fn what_has_no_room_is_dropped_and_counted() {
        let (tracing, dropped) = tracing(4, 1.0);
        let mut tracer = Tracer::of_source(&tracing, "c".to_owned());
        tracer.sent(records(3).iter_mut());
        assert!(!tracing.queue.has_enough());
        tracer.sent(records(3).iter_mut());
        assert_eq!(dropped.get(), 2);
        assert!(tracing.queue.has_enough());
        assert_eq!((tracing.queue.take().len(), tracing.queue.take().len()), (4, 0));
    }
}
