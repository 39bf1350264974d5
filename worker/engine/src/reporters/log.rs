//! The log of records that failed, in the words of `LogReporter`.

use std::fmt::Write as _;

use super::Original;
use crate::{guard::LogPolicy, stage::Step, task::TaskId, trace::Failure};

/// Logs a record that failed.
pub(super) fn write(
    id: &TaskId,
    policy: LogPolicy,
    step: &Step,
    failure: &Failure,
    original: Original<'_>,
) {
    let message = message(id, policy, step, original);
    tracing::error!(connector = id.connector, task = id.task, error = %failure, "{message}");
}

fn message(id: &TaskId, policy: LogPolicy, step: &Step, original: Original<'_>) -> String {
    let mut text = format!(
        "Error encountered in task {id}. Executing stage '{}' with class '{}'",
        step.stage.name(),
        step.class
    );
    if policy.names_record {
        describe(&mut text, original);
    }
    text.push('.');
    text
}

fn describe(text: &mut String, original: Original<'_>) {
    // Writing to a string cannot fail.
    let _ = match original {
        Original::Consumed(message) => {
            let _ = write!(
                text,
                ", where consumed record is {{topic='{}', partition={}, offset={}",
                message.topic, message.partition, message.offset
            );
            if let Some(name) = message.timestamp_type.java_name() {
                let _ = write!(text, ", timestamp={}, timestampType={name}", message.timestamp);
            }
            text.write_char('}')
        }
        Original::Polled(record) => write!(text, ", where source record is = {record}"),
    };
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::{
        ConnectRecord, Schema, SchemaAndValue, SourceOffset, SourcePartition, SourceRecord, Type,
        Value,
    };

    use super::*;
    use crate::{
        clients::{Message, TimestampType},
        stage::Stage,
    };

    fn of(names_record: bool, original: Original<'_>) -> String {
        let step = Step::new(Stage::KeyConverter, "org.example.Converter");
        message(&TaskId::new("orders", 3), LogPolicy { names_record }, &step, original)
    }

    #[test]
    fn messages_are_java_s() {
        let mut consumed = Message {
            topic: "t".into(),
            partition: 5,
            offset: 100,
            timestamp: 1234,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers: Vec::new(),
        };
        let start = "Error encountered in task orders-3. Executing stage 'KEY_CONVERTER' with class \
                     'org.example.Converter'";
        assert_eq!(of(false, Original::Consumed(&consumed)), format!("{start}."));
        assert_eq!(
            of(true, Original::Consumed(&consumed)),
            format!(
                "{start}, where consumed record is {{topic='t', partition=5, offset=100, timestamp=1234, \
                 timestampType=CreateTime}}."
            )
        );
        consumed.timestamp_type = TimestampType::NoTimestampType;
        assert_eq!(
            of(true, Original::Consumed(&consumed)),
            format!("{start}, where consumed record is {{topic='t', partition=5, offset=100}}.")
        );
        let value = SchemaAndValue::new(Schema::required(Type::String), "v");
        let polled = SourceRecord {
            source_partition: SourcePartition([("file".to_owned(), "a".into())].into()).into(),
            source_offset: SourceOffset([("line".to_owned(), Value::Int64(1))].into()),
            data: ConnectRecord::new("t", SchemaAndValue::NULL, value),
        };
        assert_eq!(
            of(true, Original::Polled(&polled)),
            format!(
                "{start}, where source record is = SourceRecord{{sourcePartition={{file=a}}, \
                 sourceOffset={{line=1}}}} ConnectRecord{{topic='t', kafkaPartition=null, key=null, \
                 keySchema=null, value=v, valueSchema=Schema{{STRING}}, timestamp=null, \
                 headers=ConnectHeaders(headers=)}}."
            )
        );
    }
}
