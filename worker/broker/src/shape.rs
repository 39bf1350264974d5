//! Refuses requests whose announced lengths do not fit the bytes that are there, before anything is allocated for
//! them. The decoder reserves room for as many elements as a request claims to have; this walk over the same bytes
//! shows first that they exist.

use bytes::Buf;
use kafka_protocol::messages::ApiKey;

/// Elements of all lists of one request together.
const ELEMENTS: usize = 1_000_000;

/// One field of a request; sizes in bytes.
#[derive(Debug)]
enum Field {
    Fixed(usize),
    Text,
    Bytes,
    /// A list of structures.
    List(&'static [Versioned]),
    /// A list of single values.
    Plain(&'static Field),
}

/// First version, last version, field.
type Versioned = (i16, i16, Field);

use Field::{Bytes, Fixed, List, Plain, Text};

const MAX: i16 = i16::MAX;
const NUMBERS: Field = Plain(&Fixed(4));
const TEXTS: Field = Plain(&Text);

#[allow(clippy::too_many_lines, reason = "a table")]
/// The body of each kind of request, in wire order.
fn fields(api: ApiKey) -> Option<&'static [Versioned]> {
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

/// Whether the body of a request has the shape of its kind, to the last byte.
pub(crate) fn fits(api: ApiKey, version: i16, body: &[u8]) -> bool {
    let Some(fields) = fields(api) else { return false };
    let flexible = api.request_header_version(version) >= 2;
    let mut walk = Walk { version, flexible, rest: body, elements: ELEMENTS };
    walk.structure(fields).is_some() && walk.rest.is_empty()
}

struct Walk<'a> {
    version: i16,
    flexible: bool,
    rest: &'a [u8],
    elements: usize,
}

impl Walk<'_> {
    fn structure(&mut self, fields: &[Versioned]) -> Option<()> {
        for (first, last, field) in fields {
            if (*first..=*last).contains(&self.version) {
                self.field(field)?;
            }
        }
        if self.flexible { self.tagged() } else { Some(()) }
    }

    fn field(&mut self, field: &Field) -> Option<()> {
        match field {
            Fixed(size) => self.skip(*size),
            Text => {
                let length = if self.flexible { self.compact()? } else { self.length_16()? };
                self.skip(length)
            }
            Bytes => {
                let length = if self.flexible { self.compact()? } else { self.length_32()? };
                self.skip(length)
            }
            List(fields) => (0..self.count()?).try_for_each(|_| self.structure(fields)),
            Plain(field) => (0..self.count()?).try_for_each(|_| self.field(field)),
        }
    }

    fn count(&mut self) -> Option<usize> {
        let count = if self.flexible { self.compact()? } else { self.length_32()? };
        self.elements = self.elements.checked_sub(count)?;
        Some(count)
    }

    fn tagged(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let size = self.varint()?;
            self.skip(size)?;
        }
        Some(())
    }

    /// Lengths of -1 stand for null.
    fn length_16(&mut self) -> Option<usize> {
        match self.rest.try_get_i16().ok()? {
            -1 => Some(0),
            length => usize::try_from(length).ok(),
        }
    }

    fn length_32(&mut self) -> Option<usize> {
        match self.rest.try_get_i32().ok()? {
            -1 => Some(0),
            length => usize::try_from(length).ok(),
        }
    }

    /// Compact lengths are one more than they say; 0 stands for null.
    fn compact(&mut self) -> Option<usize> {
        Some(self.varint()?.saturating_sub(1))
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok().map(|value| value as usize);
            }
        }
        None
    }

    fn skip(&mut self, size: usize) -> Option<()> {
        self.rest = self.rest.get(size..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
