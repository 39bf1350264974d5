//! How to fetch, from the keys of a Java consumer and within a budget of memory.

use std::time::Duration;

use crate::{
    admin::Isolation,
    fetched::{LONGEST_RECORD, Reading},
    settings::{ClientSettings, SettingsError},
};

const MIB: u64 = 1024 * 1024;
/// Most bytes of one record that comes compressed.
const LONGEST: &str = "sluice.record.max.bytes";

/// What happens where there is no offset to start from (`auto.offset.reset`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Reset {
    Earliest,
    Latest,
    None,
}

impl Reset {
    /// Connect's default is earliest.
    fn parse(text: Option<&str>) -> Result<Self, SettingsError> {
        match text.unwrap_or("earliest").to_ascii_lowercase().as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            "none" => Ok(Self::None),
            _ => Err(SettingsError::Refused {
                key: "auto.offset.reset".to_owned(),
                reason: "must be earliest, latest or none",
            }),
        }
    }
}

/// Settings of a fetcher.
#[derive(Debug, Clone)]
pub(in super::super) struct FetchSettings {
    pub(super) wait: Duration,
    pub(super) request_timeout: Duration,
    pub(super) least_bytes: i32,
    pub(super) most_bytes: i32,
    pub(super) partition_bytes: i32,
    /// Beyond this many bytes that wait to be handed out, only partitions that have none are fetched.
    pub(super) most_held: usize,
    pub(super) isolation: Isolation,
    pub(super) reset: Reset,
    pub(super) reading: Reading,
    /// Where we are, for brokers that let a nearer replica answer (KIP-392).
    pub(super) rack: String,
}

impl FetchSettings {
    /// Java's defaults, but for what the budget bounds: an answer has at most half of it.
    pub(in super::super) fn parse(
        settings: &ClientSettings,
        isolation: Option<Isolation>,
        budget: usize,
    ) -> Result<Self, SettingsError> {
        let half = (budget as u64 / 2).max(MIB);
        let most = |key, default| -> Result<u64, SettingsError> {
            Ok(settings.number(key)?.unwrap_or(default))
        };
        let partition_bytes = most("max.partition.fetch.bytes", MIB)?.clamp(1, half);
        let most_bytes = most("fetch.max.bytes", 50 * MIB)?.clamp(1, half).max(partition_bytes);
        let least_bytes = most("fetch.min.bytes", 1)?.min(most_bytes);
        let configured = match settings.text("isolation.level") {
            Some("read_committed") => Isolation::Committed,
            _ => Isolation::Uncommitted,
        };
        Ok(Self {
            wait: settings.duration("fetch.max.wait.ms", Duration::from_millis(500))?,
            request_timeout: settings.duration("request.timeout.ms", Duration::from_secs(30))?,
            least_bytes: bounded(least_bytes),
            most_bytes: bounded(most_bytes),
            partition_bytes: bounded(partition_bytes),
            most_held: half as usize,
            isolation: isolation.unwrap_or(configured),
            reset: Reset::parse(settings.text("auto.offset.reset"))?,
            reading: Reading {
                check_crcs: settings.text("check.crcs") != Some("false"),
                longest_record: bounded(most(LONGEST, LONGEST_RECORD as u64)?) as usize,
            },
            rack: settings.text("client.rack").unwrap_or_default().to_owned(),
        })
    }
}

fn bounded(bytes: u64) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use sluice_config::Properties;

    use super::*;

    fn parse(more: &[(&str, &str)], budget: usize) -> Result<FetchSettings, SettingsError> {
        let entries = [("bootstrap.servers", "a:1")].into_iter().chain(more.iter().copied());
        let properties: Properties =
            entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        FetchSettings::parse(&ClientSettings::parse(&properties)?, None, budget)
    }

    #[test]
    fn defaults_are_those_of_java_and_connect() {
        let fetch = parse(&[], 256 << 20).unwrap();
        assert_eq!((fetch.least_bytes, fetch.most_bytes), (1, 50 << 20));
        assert_eq!((fetch.partition_bytes, fetch.wait), (1 << 20, Duration::from_millis(500)));
        assert_eq!((fetch.reset, fetch.isolation), (Reset::Earliest, Isolation::Uncommitted));
        assert!(fetch.reading.check_crcs);
        assert_eq!(fetch.reading.longest_record, 64 << 20);
    }

    #[test]
    fn keys_are_read_and_wrong_ones_named() {
        let keys = [
            ("auto.offset.reset", "LATEST"),
            ("isolation.level", "read_committed"),
            ("check.crcs", "false"),
            ("fetch.min.bytes", "7"),
            ("sluice.record.max.bytes", "9"),
        ];
        let fetch = parse(&keys, 64 << 20).unwrap();
        assert_eq!((fetch.reset, fetch.isolation), (Reset::Latest, Isolation::Committed));
        assert_eq!((fetch.reading.check_crcs, fetch.least_bytes), (false, 7));
        assert_eq!(fetch.reading.longest_record, 9);
        let error = parse(&[("auto.offset.reset", "sometimes")], 64 << 20).err().unwrap();
        assert!(error.to_string().contains("auto.offset.reset"), "{error}");
    }

    #[test]
    fn answers_stay_within_the_budget() {
        for budget in [1_usize << 20, 4 << 20, 64 << 20] {
            let fetch = parse(&[("fetch.max.bytes", "52428800")], budget).unwrap();
            assert!(fetch.most_bytes as usize <= (budget / 2).max(1 << 20));
            assert!(fetch.partition_bytes <= fetch.most_bytes);
            assert!(fetch.most_held <= (budget / 2).max(1 << 20));
        }
    }
}
