//! When the records of a topic came, by the broker's clock, and the longest pause between two of them.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Context, Result, ensure};
use sluice_kafka::{Batch, BatchConsumer, ConsumerConfig, Event, Share};
use sluice_model::TopicPartition;

use crate::broker::Broker;

const AT_ONCE: usize = 10_000;
const MEMORY: usize = 64 << 20;

/// Milliseconds since 1970 of all records, by topic.
pub(super) type Times = BTreeMap<String, Vec<i64>>;

/// Reads topics of one partition from beginning to end.
pub(super) async fn read(broker: &Broker, topics: &[String]) -> Result<Times> {
    let mut times = Times::new();
    for topic in topics {
        let end = broker.ends(topic, 1).await? as usize;
        let config = ConsumerConfig {
            group_id: None,
            client_id: "bench-gaps".to_owned(),
            isolation: None,
            share: Share::alone(MEMORY),
            runtime: None,
        };
        let mut consumer = BatchConsumer::new(broker.settings(), config)?;
        consumer.assign(&[(TopicPartition::new(topic.as_str(), 0), 0)].into());
        let (mut of, mut batch) = (Vec::with_capacity(end), Batch::default());
        while of.len() < end {
            ensure!(consumer.next(&mut batch, AT_ONCE).await? == Event::Records, "{topic}");
            of.extend(batch.iter().map(|it| it.timestamp));
            batch.clear();
        }
        consumer.close().await;
        times.insert(topic.clone(), of);
    }
    Ok(times)
}

/// The longest pause, in milliseconds, that ends in the span: one that ends later belongs to what came after.
pub(super) fn longest(times: &Times, topic: &str, span: Range<i64>) -> Result<f64> {
    let times = times.get(topic).context("a topic that was read")?;
    let pauses = times.windows(2).filter(|it| it[1] > span.start && it[1] <= span.end);
    let longest = pauses.map(|it| it[1] - it[0]).max();
    Ok(longest.with_context(|| format!("{topic} got no records in {span:?}"))? as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_if_it_ends_in_the_span() -> Result<()> {
        let times = Times::from([("t".to_owned(), vec![0, 50, 60, 90, 95, 400])]);
        for (span, expected) in [(55..94, 30), (10..55, 50), (92..100, 5), (92..400, 305)] {
            let found = longest(&times, "t", span.clone())?;
            assert_eq!(found as i64, expected, "{span:?}");
        }
        assert!(longest(&times, "t", 96..99).is_err(), "nothing came");
        Ok(())
    }
}
