//! Where partitions are, as Kafka's own tool describes them.

/// A partition, and the brokers that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Topic.
    pub topic: String,
    /// Number.
    pub number: usize,
    /// The broker that leads it; none while there is none.
    pub leader: Option<usize>,
    /// The brokers that have copies.
    pub replicas: Vec<usize>,
    /// Those of them whose copies are complete.
    pub in_sync: Vec<usize>,
}

impl Partition {
    /// A line such as `Topic: t⇥Partition: 0⇥Leader: 1⇥Replicas: 1,2⇥Isr: 1,2`; none if it tells of no partition.
    fn parse(line: &str) -> Option<Self> {
        let field = |name: &str| {
            let of = |part: &str| Some(part.trim().strip_prefix(name)?.trim().to_owned());
            line.split('\t').find_map(of)
        };
        let brokers = |name: &str| -> Option<Vec<usize>> {
            Some(field(name)?.split(',').filter_map(|it| it.trim().parse().ok()).collect())
        };
        Some(Self {
            topic: field("Topic:")?,
            number: field("Partition:")?.parse().ok()?,
            leader: field("Leader:")?.parse().ok(),
            replicas: brokers("Replicas:")?,
            in_sync: brokers("Isr:")?,
        })
    }

    /// All that `TopicCommand --describe` tells of.
    pub(super) fn parse_all(text: &str) -> Vec<Self> {
        text.lines().filter_map(Self::parse).collect()
    }
}

/// Which of so many partitions of `__consumer_offsets` keeps a group: that one's leader coordinates it.
pub(super) fn of_group(group: &str, count: usize) -> usize {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    let hash = group.encode_utf16().fold(0, add);
    // `Utils.abs` of Java's clients.
    let hash = if hash == i32::MIN { 0 } else { hash.unsigned_abs() };
    hash as usize % count.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_read_as_the_tool_writes_them() {
        let text = "Topic: t\tTopicId: x\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: a=b\n\
                    \tTopic: t\tPartition: 0\tLeader: 2\tReplicas: 2,1\tIsr: 1\tElr: \tLastKnownElr: \n\
                    \tTopic: t\tPartition: 1\tLeader: none\tReplicas: 3,1\tIsr: \tElr: 3\n";
        let partition = |number, leader, replicas, in_sync| Partition {
            topic: "t".to_owned(),
            number,
            leader,
            replicas,
            in_sync,
        };
        let expected =
            [partition(0, Some(2), vec![2, 1], vec![1]), partition(1, None, vec![3, 1], vec![])];
        assert_eq!(Partition::parse_all(text), expected);
    }

    #[test]
    fn groups_are_spread_as_brokers_spread_them() {
        // "hello".hashCode() is 99162322; "polygenelubricants" has the smallest number there is.
        for (group, count, expected) in
            [("hello", 50, 22), ("hello", 3, 1), ("polygenelubricants", 7, 0), ("", 3, 0)]
        {
            assert_eq!(of_group(group, count), expected, "{group}");
        }
    }
}
