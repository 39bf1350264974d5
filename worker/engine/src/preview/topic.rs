//! The first records of a sink's topics, read outside of its group.

use sluice_kafka::{
    Batch, Event, Message, TopicOffsets,
    admin::{Admin, End, Isolation},
};
use sluice_plugin::{Properties, model::TopicPartition};
use tokio::time::{Instant, timeout_at};

use crate::{clients::ClientSpec, topics::Subscription, trace::Failure};

/// At most `most` records, partition by partition as they come; fewer if there are no more, or the time is over.
pub(super) async fn first(
    clients: &ClientSpec<'_>,
    connector: &Properties,
    most: usize,
    deadline: Instant,
) -> Result<Vec<Message>, Failure> {
    let late = |_| Failure::new("the brokers did not answer in time; see bootstrap.servers");
    let mut topics = Subscription::parse(connector, &clients.consumer_keys(), || clients.topics())?;
    let topics = timeout_at(deadline, topics.changed()).await.map_err(late)?;
    let (mut consumer, admin) = clients.reader()?;
    let partitions = timeout_at(deadline, partitions(&admin, &topics)).await.map_err(late)??;
    let bounds = async {
        let isolation = Isolation::Uncommitted;
        let starts = admin.offsets(&partitions, End::First, isolation).await?;
        Ok::<_, Failure>((starts, admin.offsets(&partitions, End::Last, isolation).await?))
    };
    let (starts, ends) = timeout_at(deadline, bounds).await.map_err(late)??;
    let starts: TopicOffsets = starts
        .into_iter()
        .filter(|(of, start)| ends.get(of).is_some_and(|end| start < end))
        .collect();
    consumer.assign(&starts);
    let partitions: Vec<TopicPartition> = starts.into_keys().collect();
    let mut batch = Batch::default();
    while batch.len() < most && !is_read(&consumer.position(&partitions), &partitions, &ends) {
        match timeout_at(deadline, consumer.next(&mut batch, most)).await {
            Ok(Ok(Event::Records)) => {}
            Ok(Ok(_)) | Err(_) => break,
            Ok(Err(error)) => return Err(error.into()),
        }
    }
    Ok(batch.iter().take(most).collect())
}

/// Whether all partitions are read up to where they ended.
fn is_read(positions: &TopicOffsets, partitions: &[TopicPartition], ends: &TopicOffsets) -> bool {
    partitions.iter().all(|of| positions.get(of) >= ends.get(of))
}

async fn partitions(admin: &Admin, topics: &[String]) -> Result<Vec<TopicPartition>, Failure> {
    let mut partitions = Vec::new();
    for topic in topics {
        let found = admin.partitions(topic).await?;
        let count = found.ok_or_else(|| {
            Failure::new(format!("the topic {topic} does not exist; see topics of the connector"))
        })?;
        partitions.extend((0..count).map(|it| TopicPartition::new(topic.as_str(), it as i32)));
    }
    Ok(partitions)
}
