//! `TimestampRouter`: makes the topic of its name and of the record's timestamp.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use sluice_config::Config;
use sluice_plugin::{Error, Result, Transform, Verdict, model::ConnectRecord};

use crate::dates::DateFormat;

/// Keys of [`TimestampRouter`].
#[derive(Debug, Config)]
pub struct TimestampRouterConfig {
    /// The new topic. `${topic}` stands for the old one, `${timestamp}` for the timestamp in the form of `timestamp.format`.
    #[config(key = "topic.format", default = "${topic}-${timestamp}", importance = High)]
    topic_format: String,
    /// Pattern of the timestamp, in the letters of `java.text.SimpleDateFormat`. The time zone is UTC.
    #[config(key = "timestamp.format", default = "yyyyMMdd", importance = High)]
    timestamp_format: String,
}

/// Makes the topic of its name and of the record's timestamp.
pub struct TimestampRouter {
    topic_format: String,
    /// Java finds out at the first record whether the pattern is one.
    format: std::result::Result<DateFormat, String>,
    timestamp: String,
    last: Option<Last>,
}

/// The last answer: most records have the topic and the day of the one before.
struct Last {
    topic: Arc<str>,
    timestamp: String,
    routed: Arc<str>,
}

impl Transform for TimestampRouter {
    type Config = TimestampRouterConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.TimestampRouter";

    fn configure(config: TimestampRouterConfig) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Ok(Self {
            topic_format: config.topic_format,
            format: DateFormat::new(&config.timestamp_format, now as i64),
            timestamp: String::new(),
            last: None,
        })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        let Some(timestamp) = record.timestamp else {
            let topic = &record.topic;
            return Err(Error::bad_record(format!(
                "Timestamp missing on record: it comes from topic {topic}"
            )));
        };
        let format = self.format.as_ref().map_err(|error| {
            Error::bad_record(error.as_str()).named("java.lang.IllegalArgumentException")
        })?;
        self.timestamp.clear();
        format.write(timestamp, &mut self.timestamp);
        if let Some(last) = &self.last
            && last.topic == record.topic
            && last.timestamp == self.timestamp
        {
            record.topic = Arc::clone(&last.routed);
            return Ok(Verdict::Keep);
        }
        // One after the other, as Java does: the old topic may hold the second placeholder.
        let routed = self.topic_format.replace("${topic}", &record.topic);
        let routed: Arc<str> = routed.replace("${timestamp}", &self.timestamp).into();
        let topic = std::mem::replace(&mut record.topic, Arc::clone(&routed));
        self.last = Some(Last { topic, timestamp: self.timestamp.clone(), routed });
        Ok(Verdict::Keep)
    }
}
