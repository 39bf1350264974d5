//! Changes of positions of an exactly-once source: in a transaction of the connector's first task, whose producers before
//! it are fenced thereby (`Worker.modifySourceConnectorOffsets`).

use sluice_kafka::{Deliveries, Delivery, Producer};
use sluice_plugin::model::{SourceOffset, SourcePartition};

use crate::{
    clients::ClientSpec,
    offsets::{OffsetRecord, layered::not_copied, own::Positions},
    settings::Distributed,
    trace::Failure,
};

/// The commit says what became of all records.
struct Unheard;

impl Deliveries for Unheard {
    fn take(&self, delivered: &mut Vec<Delivery>) {
        delivered.clear();
    }
}

type Changes = Vec<(SourcePartition, Option<SourceOffset>)>;

/// Writes all changes or none; `clients` are those of task 0. Not cancel-safe: a dropped call may have written.
pub(super) async fn write(
    clients: &ClientSpec<'_>,
    group: &Distributed,
    positions: &Positions,
    changes: Changes,
) -> Result<(), Failure> {
    let connector = &clients.id.connector;
    let failed = |error: super::super::OffsetError| Failure::new(error.to_string());
    let records = positions.store.records(connector, &changes).map_err(failed)?;
    let (gone, kept): (Changes, Changes) = changes.into_iter().partition(|(_, it)| it.is_none());
    // What is forgotten goes from the worker's topic first: else it would come back from there.
    if let Some(workers) = positions.workers.as_ref().filter(|_| !gone.is_empty()) {
        workers.write(connector, gone).await.map_err(failed)?;
    }
    let producer = clients.transactional_producer(&group.group_id, Unheard)?;
    let written = write_with(&producer, &positions.topic, &records).await;
    producer.close().await;
    written?;
    if let Some(workers) = positions.workers.as_ref().filter(|_| !kept.is_empty())
        && let Err(error) = workers.write(connector, kept).await
    {
        not_copied(connector, &error);
    }
    Ok(())
}

async fn write_with(
    producer: &Producer,
    topic: &str,
    records: &[OffsetRecord],
) -> Result<(), Failure> {
    producer.init_transactions().await?;
    Ok(producer.write_transaction(topic, None, records).await?)
}
