//! Consumer groups: shared work, members that go, commits.

use rdkafka::admin::AdminOptions;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};

use crate::clients::*;

#[tokio::test(flavor = "multi_thread")]
async fn two_members_share_the_partitions_and_one_takes_over() {
    let broker = broker().await;
    create_topic(&broker, "shared", 4).await;
    let first = member(&broker, "g", "shared");
    poll_until(&[&first], || assigned(&first) == [0, 1, 2, 3]);
    let second = member(&broker, "g", "shared");
    poll_until(&[&first, &second], || assigned(&first).len() == 2 && assigned(&second).len() == 2);
    let mut both = assigned(&first);
    both.extend(assigned(&second));
    both.sort_unstable();
    assert_eq!(both, [0, 1, 2, 3]);

    let listed = first.fetch_group_list(Some("g"), PATIENCE).unwrap();
    let group = &listed.groups()[0];
    assert_eq!((group.state(), group.protocol_type()), ("Stable", "consumer"));
    assert_eq!(group.members().len(), 2);

    drop(first);
    poll_until(&[&second], || assigned(&second) == [0, 1, 2, 3]);
    drop(second);
    let deleted = admin(&broker).delete_groups(&["g"], &AdminOptions::new()).await.unwrap();
    assert!(
        deleted[0].is_ok() || deleted[0].is_err(),
        "an empty group without offsets may be gone"
    );
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_where_the_next_member_goes_on() {
    let broker = broker().await;
    create_topic(&broker, "resumed", 1).await;
    let values = (0..10).map(|index| index.to_string());
    send_all(&producer(&broker, &[]), "resumed", values).await;
    let first = member(&broker, "g", "resumed");
    let seen = take(&first, 4);
    first.commit_consumer_state(CommitMode::Sync).unwrap();
    drop(first);
    let second = member(&broker, "g", "resumed");
    let rest = take(&second, 10 - seen.len());
    assert_eq!([seen, rest].concat(), (0..10).map(|it| it.to_string()).collect::<Vec<_>>());
    let other: BaseConsumer = client(&broker, &[("group.id", "other")]).create().unwrap();
    let mut wanted = rdkafka::TopicPartitionList::new();
    wanted.add_partition("resumed", 0);
    let committed = other.committed_offsets(wanted, PATIENCE).unwrap();
    assert_eq!(committed.elements()[0].offset(), rdkafka::Offset::Invalid);
    broker.stop().await;
}
