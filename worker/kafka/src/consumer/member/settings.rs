//! How to be a member, from the keys of a Java consumer.

use std::time::Duration;

use crate::{
    consumer::assign::Assignor,
    settings::{ClientSettings, SettingsError},
};

const SESSION: &str = "session.timeout.ms";
const HEARTBEAT: &str = "heartbeat.interval.ms";
const POLL: &str = "max.poll.interval.ms";
const PROTOCOL: &str = "group.protocol";

/// The longest time that Kafka's protocol can name.
const LONGEST: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);

/// Settings of a member.
#[derive(Debug, Clone)]
pub(in super::super) struct MemberSettings {
    /// `group.id`.
    pub(super) group: String,
    /// `group.instance.id`.
    pub(super) instance: Option<String>,
    pub(super) session_timeout: Duration,
    pub(super) heartbeat_interval: Duration,
    /// How long the consumer may do without asking for records; the group waits as long for it to join again.
    pub(super) max_poll_interval: Duration,
    /// How often the leader looks whether topics have more partitions.
    pub(super) metadata_age: Duration,
    pub(super) creates_topics: bool,
    pub(super) assignors: Vec<Assignor>,
    pub(super) rack: Option<String>,
}

impl MemberSettings {
    /// Java's defaults; refuses what a Java consumer would not start with.
    pub(in super::super) fn parse(
        settings: &ClientSettings,
        group: String,
    ) -> Result<Self, SettingsError> {
        let millis = Duration::from_millis;
        let within = |key, default, least: u64| {
            let time = settings.duration(key, millis(default))?;
            if (millis(least)..=LONGEST).contains(&time) {
                return Ok(time);
            }
            let reason = format!("must be between {least} and {}", LONGEST.as_millis());
            Err(SettingsError::Invalid { key, reason })
        };
        let protocol = settings.text(PROTOCOL).unwrap_or("classic");
        if protocol.eq_ignore_ascii_case("consumer") {
            return Err(SettingsError::Refused {
                key: PROTOCOL.to_owned(),
                reason: "only the classic protocol is supported",
            });
        }
        let session_timeout = within(SESSION, 45_000, 1)?;
        let heartbeat_interval = within(HEARTBEAT, 3000, 1)?;
        if heartbeat_interval >= session_timeout {
            let reason = "Heartbeat must be set lower than the session timeout".to_owned();
            return Err(SettingsError::Invalid { key: HEARTBEAT, reason });
        }
        let text = |key| settings.text(key).map(str::to_owned);
        Ok(Self {
            group,
            instance: text("group.instance.id"),
            session_timeout,
            heartbeat_interval,
            max_poll_interval: within(POLL, 300_000, 1)?,
            metadata_age: within("metadata.max.age.ms", 300_000, 0)?,
            creates_topics: settings.text("allow.auto.create.topics") != Some("false"),
            assignors: Assignor::configured(settings)?,
            rack: text("client.rack"),
        })
    }

    /// Whether partitions move one by one: only if all assignors can, or the group might choose another.
    pub(super) fn is_cooperative(&self) -> bool {
        self.assignors.iter().all(|it| it.is_cooperative())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rows: &[(&str, &str)]) -> Result<MemberSettings, SettingsError> {
        let rows = rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        MemberSettings::parse(&ClientSettings::parse(&rows.collect())?, "g".to_owned())
    }

    #[test]
    fn defaults_are_those_of_java() {
        let settings = parse(&[]).unwrap();
        let seconds = [
            settings.session_timeout,
            settings.heartbeat_interval,
            settings.max_poll_interval,
            settings.metadata_age,
        ]
        .map(|it| it.as_secs());
        assert_eq!(seconds, [45, 3, 300, 300]);
        assert_eq!(settings.assignors, [Assignor::Range, Assignor::CooperativeSticky]);
        assert!(!settings.is_cooperative() && settings.creates_topics);
    }

    #[test]
    fn assignors_are_named_by_class_or_by_name() {
        use Assignor::{CooperativeSticky, Range, RoundRobin, Sticky};
        let package = "org.apache.kafka.clients.consumer.";
        let rows: &[(&str, &[Assignor], bool)] = &[
            ("RangeAssignor", &[Range], false),
            ("CooperativeStickyAssignor", &[CooperativeSticky], true),
            ("RoundRobinAssignor, org.example.StickyAssignor", &[RoundRobin, Sticky], false),
            ("cooperative-sticky,range,range", &[CooperativeSticky, Range], false),
        ];
        for (names, assignors, is_cooperative) in rows {
            for names in [(*names).to_owned(), format!("{package}{names}")] {
                let settings = parse(&[("partition.assignment.strategy", &names)]).unwrap();
                assert_eq!(settings.assignors, *assignors, "{names}");
                assert_eq!(settings.is_cooperative(), *is_cooperative, "{names}");
            }
        }
    }

    #[test]
    fn what_java_would_not_start_with_is_refused_by_name() {
        let rows: &[(&str, &str, &str)] = &[
            ("session.timeout.ms", "soon", "session.timeout.ms"),
            ("session.timeout.ms", "0", "session.timeout.ms: must be between 1 and 2147483647"),
            ("session.timeout.ms", "2147483648", "2147483647"),
            ("session.timeout.ms", "3000", "Heartbeat must be set lower than the session timeout"),
            ("max.poll.interval.ms", "0", "max.poll.interval.ms"),
            ("partition.assignment.strategy", "org.example.Mine", "partition.assignment.strategy"),
            ("group.protocol", "CONSUMER", "group.protocol"),
        ];
        for (key, value, part) in rows {
            let error = parse(&[(key, value)]).expect_err(value);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
