//! Timestamps of records as Connect takes them (`ConnectUtils.checkAndConvertTimestamp`).

use crate::trace::Failure;

/// What stands for no timestamp.
const NONE: i64 = -1;

/// A timestamp in milliseconds since 1970, or none. Any other negative one fails the task, whatever it tolerates.
#[inline]
pub(crate) fn checked(timestamp: Option<i64>) -> Result<Option<i64>, Failure> {
    match timestamp {
        None | Some(NONE) => Ok(None),
        Some(0..) => Ok(timestamp),
        Some(wrong) => Err(Failure::of(
            "org.apache.kafka.common.InvalidRecordException",
            format!("Invalid record timestamp {wrong}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_kept_left_out_or_the_end() {
        for (timestamp, expected) in [
            (None, Ok(None)),
            (Some(-1), Ok(None)),
            (Some(0), Ok(Some(0))),
            (Some(i64::MAX), Ok(Some(i64::MAX))),
            (
                Some(-3),
                Err("org.apache.kafka.common.InvalidRecordException: Invalid record timestamp -3"),
            ),
        ] {
            let found = checked(timestamp).map_err(|it| it.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{timestamp:?}");
        }
    }
}
