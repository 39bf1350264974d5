//! Admin calls: where a time is in a partition, and which time is at an offset.

use std::collections::BTreeMap;

use anyhow::Result;
use sluice_kafka::{
    admin::{Admin, End, Isolation},
    wire::Client,
};
use sluice_kit::{java, kafka::KafkaServer};
use sluice_model::TopicPartition;

use crate::support::{create, plain, produce};

/// When [`produce`] says that its records were made.
const TIME: i64 = 1_700_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn times_are_found_by_offset_and_offsets_by_time() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let settings = plain(kafka, &[])?;
    create(&settings, "times", 2, &[]).await?;
    produce(&settings, "times", 1, 0, 10).await?;
    let admin = Admin::new(Client::new(&settings, "test-admin")?);
    let names = ["times".to_owned(), "no-such-topic".to_owned()];
    let mut all = admin.partitions_of(&names).await?;
    all.sort_unstable();
    let [full, empty] = [0, 1].map(|number| TopicPartition::new("times", number));
    assert_eq!(all, [full.clone(), empty.clone()]);
    for (time, offset) in [(TIME - 1, 0), (TIME, 0), (TIME + 1, -1)] {
        let found = admin.offsets(&all, End::At(time), Isolation::Uncommitted).await?;
        assert_eq!(found, BTreeMap::from([(full.clone(), offset), (empty.clone(), -1)]), "{time}");
    }
    // From within the one batch, behind the last record, and where there are none.
    for (partition, offset, expected) in
        [(&full, 7, Some(TIME)), (&full, 10, None), (&empty, 0, None)]
    {
        let found = admin.timestamps(&BTreeMap::from([(partition.clone(), offset)])).await?;
        assert_eq!(found.get(partition).copied(), expected, "{partition} {offset}");
    }
    Ok(())
}
