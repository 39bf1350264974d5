//! The body of each kind of request as a table: which fields it has in which versions.

use kafka_protocol::messages::ApiKey;

/// One field of a request; sizes in bytes.
#[derive(Debug)]
pub(super) enum Field {
    Fixed(usize),
    Text,
    Bytes,
    /// A list of structures.
    List(&'static [Versioned]),
    /// A list of single values.
    Plain(&'static Field),
}

/// First version, last version, field.
pub(super) type Versioned = (i16, i16, Field);

use Field::{Bytes, Fixed, List, Plain, Text};

const MAX: i16 = i16::MAX;
const NUMBERS: Field = Plain(&Fixed(4));
const TEXTS: Field = Plain(&Text);

#[allow(clippy::too_many_lines, reason = "a table")]
/// The body of each kind of request, in wire order.
pub(super) fn fields(api: ApiKey) -> Option<&'static [Versioned]> {
    Some(match api {
        ApiKey::Produce => &[
            (0, MAX, Text),
            (0, MAX, Fixed(6)),
            (
                0,
                MAX,
                List(&[(0, MAX, Text), (0, MAX, List(&[(0, MAX, Fixed(4)), (0, MAX, Bytes)]))]),
            ),
        ],
        ApiKey::Fetch => FETCH,
        ApiKey::ListOffsets => &[
            (0, MAX, Fixed(4)),
            (2, MAX, Fixed(1)),
            (
                0,
                MAX,
                List(&[(0, MAX, Text), (0, MAX, List(&[(0, 3, Fixed(12)), (4, MAX, Fixed(16))]))]),
            ),
        ],
        ApiKey::Metadata => &[
            (0, MAX, List(&[(10, MAX, Fixed(16)), (0, MAX, Text)])),
            (4, MAX, Fixed(1)),
            (8, 10, Fixed(1)),
            (8, MAX, Fixed(1)),
        ],
        ApiKey::OffsetCommit => OFFSET_COMMIT,
        ApiKey::OffsetFetch => OFFSET_FETCH,
        ApiKey::FindCoordinator => &[(0, 3, Text), (1, MAX, Fixed(1)), (4, MAX, TEXTS)],
        ApiKey::JoinGroup => JOIN_GROUP,
        ApiKey::SyncGroup => SYNC_GROUP,
        ApiKey::Heartbeat => &[(0, MAX, Text), (0, MAX, Fixed(4)), (0, MAX, Text), (3, MAX, Text)],
        ApiKey::LeaveGroup => &[
            (0, MAX, Text),
            (0, 2, Text),
            (3, MAX, List(&[(0, MAX, Text), (0, MAX, Text), (5, MAX, Text)])),
        ],
        ApiKey::DescribeGroups => &[(0, MAX, TEXTS), (3, MAX, Fixed(1))],
        ApiKey::ListGroups => &[(4, MAX, TEXTS), (5, MAX, TEXTS)],
        ApiKey::DeleteGroups => &[(0, MAX, TEXTS)],
        ApiKey::ApiVersions => &[(3, MAX, Text), (3, MAX, Text)],
        ApiKey::CreateTopics => CREATE_TOPICS,
        ApiKey::DeleteTopics => &[
            (6, MAX, List(&[(0, MAX, Text), (0, MAX, Fixed(16))])),
            (0, 5, TEXTS),
            (0, MAX, Fixed(4)),
        ],
        ApiKey::CreatePartitions => &[
            (
                0,
                MAX,
                List(&[(0, MAX, Text), (0, MAX, Fixed(4)), (0, MAX, List(&[(0, MAX, NUMBERS)]))]),
            ),
            (0, MAX, Fixed(5)),
        ],
        ApiKey::DeleteRecords => &[
            (0, MAX, List(&[(0, MAX, Text), (0, MAX, List(&[(0, MAX, Fixed(12))]))])),
            (0, MAX, Fixed(4)),
        ],
        ApiKey::InitProducerId => &[(0, MAX, Text), (0, MAX, Fixed(4)), (3, MAX, Fixed(10))],
        ApiKey::OffsetForLeaderEpoch => &[
            (3, MAX, Fixed(4)),
            (0, MAX, List(&[(0, MAX, Text), (0, MAX, List(&[(0, MAX, Fixed(12))]))])),
        ],
        ApiKey::DescribeConfigs => &[
            (0, MAX, List(&[(0, MAX, Fixed(1)), (0, MAX, Text), (0, MAX, TEXTS)])),
            (0, MAX, Fixed(1)),
            (3, MAX, Fixed(1)),
        ],
        ApiKey::AlterConfigs => &[(0, MAX, List(ALTERED)), (0, MAX, Fixed(1))],
        ApiKey::IncrementalAlterConfigs => &[(0, MAX, List(ALTERED_IN_PART)), (0, MAX, Fixed(1))],
        ApiKey::DescribeCluster => &[(0, MAX, Fixed(1)), (1, MAX, Fixed(1))],
        ApiKey::OffsetDelete => &[
            (0, MAX, Text),
            (0, MAX, List(&[(0, MAX, Text), (0, MAX, List(&[(0, MAX, Fixed(4))]))])),
        ],
        _ => return None,
    })
}

const FETCH: &[Versioned] = &[
    (0, MAX, Fixed(17)),
    (7, MAX, Fixed(8)),
    (
        0,
        MAX,
        List(&[
            (0, MAX, Text),
            (
                0,
                MAX,
                List(&[
                    (0, MAX, Fixed(4)),
                    (9, MAX, Fixed(4)),
                    (0, MAX, Fixed(8)),
                    (12, MAX, Fixed(4)),
                    (5, MAX, Fixed(8)),
                    (0, MAX, Fixed(4)),
                ]),
            ),
        ]),
    ),
    (7, MAX, List(&[(0, MAX, Text), (0, MAX, NUMBERS)])),
    (11, MAX, Text),
];

const OFFSET_COMMIT: &[Versioned] = &[
    (0, MAX, Text),
    (0, MAX, Fixed(4)),
    (0, MAX, Text),
    (7, MAX, Text),
    (2, 4, Fixed(8)),
    (
        0,
        MAX,
        List(&[
            (0, MAX, Text),
            (0, MAX, List(&[(0, MAX, Fixed(12)), (6, MAX, Fixed(4)), (0, MAX, Text)])),
        ]),
    ),
];

const OFFSET_FETCH: &[Versioned] = &[
    (0, 7, Text),
    (0, 7, List(&[(0, MAX, Text), (0, MAX, NUMBERS)])),
    (
        8,
        MAX,
        List(&[
            (0, MAX, Text),
            (9, MAX, Text),
            (9, MAX, Fixed(4)),
            (0, MAX, List(&[(0, MAX, Text), (0, MAX, NUMBERS)])),
        ]),
    ),
    (7, MAX, Fixed(1)),
];

const JOIN_GROUP: &[Versioned] = &[
    (0, MAX, Text),
    (0, MAX, Fixed(4)),
    (1, MAX, Fixed(4)),
    (0, MAX, Text),
    (5, MAX, Text),
    (0, MAX, Text),
    (0, MAX, List(&[(0, MAX, Text), (0, MAX, Bytes)])),
    (8, MAX, Text),
];

const SYNC_GROUP: &[Versioned] = &[
    (0, MAX, Text),
    (0, MAX, Fixed(4)),
    (0, MAX, Text),
    (3, MAX, Text),
    (5, MAX, Text),
    (5, MAX, Text),
    (0, MAX, List(&[(0, MAX, Text), (0, MAX, Bytes)])),
];

const CREATE_TOPICS: &[Versioned] = &[
    (
        0,
        MAX,
        List(&[
            (0, MAX, Text),
            (0, MAX, Fixed(6)),
            (0, MAX, List(&[(0, MAX, Fixed(4)), (0, MAX, NUMBERS)])),
            (0, MAX, List(&[(0, MAX, Text), (0, MAX, Text)])),
        ]),
    ),
    (0, MAX, Fixed(5)),
];

const ALTERED: &[Versioned] =
    &[(0, MAX, Fixed(1)), (0, MAX, Text), (0, MAX, List(&[(0, MAX, Text), (0, MAX, Text)]))];

const ALTERED_IN_PART: &[Versioned] = &[
    (0, MAX, Fixed(1)),
    (0, MAX, Text),
    (0, MAX, List(&[(0, MAX, Text), (0, MAX, Fixed(1)), (0, MAX, Text)])),
];
