//! Offsets of sinks: those that their consumer group has committed (`SinkUtils`).

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json, json};
use sluice_kafka::{
    admin::{Admin, has_members},
    wire,
};
use sluice_plugin::{AnySinkConnector, model::TopicPartition};

use super::{Asked, JsonOffset, OffsetsChange, OffsetsRefusal};

const TOPIC: &str = "kafka_topic";
const PARTITION: &str = "kafka_partition";
const OFFSET: &str = "kafka_offset";

impl Asked<'_> {
    pub(super) async fn read_sink(&self) -> Result<Vec<JsonOffset>, OffsetsRefusal> {
        let failed = || {
            let name = self.name();
            let what = "Failed to retrieve consumer group offsets for sink connector";
            OffsetsRefusal::Failed(format!("{what} {name}"))
        };
        let (group, admin) = self.group()?;
        let committed = admin.group_offsets(&group).await.map_err(|error| {
            tracing::error!(connector = self.name(), %error, "its offsets cannot be read");
            failed()
        })?;
        Ok(committed.into_iter().map(|(of, offset)| shown(&of, offset)).collect())
    }

    pub(super) async fn change_sink(
        &self,
        sink: Arc<dyn AnySinkConnector>,
        change: OffsetsChange,
    ) -> Result<bool, OffsetsRefusal> {
        let (group, admin) = self.group()?;
        let is_reset = change == OffsetsChange::Reset;
        let wanted = match change {
            OffsetsChange::Alter(offsets) => parse(offsets)?,
            OffsetsChange::Reset => {
                let committed = admin.group_offsets(&group).await.map_err(|error| {
                    let what =
                        "Failed to list offsets prior to resetting offsets for sink connector";
                    self.refused(what, &error)
                })?;
                committed.into_keys().map(|of| (of, None)).collect()
            }
        };
        if wanted.values().any(|offset| offset.is_some_and(|it| it < 0)) {
            return Err(self
                .not_changed("sink", &OffsetsRefusal::Failed("an offset is negative".to_owned())));
        }
        let settings = self.settings.clone();
        let given: Vec<_> = wanted.clone().into_iter().collect();
        let hook = move || async move { sink.alter_offsets(&settings, &given).await };
        let is_complete = self.ask(hook).await?;
        let (verb, what, changed) = if is_reset {
            let what = "Failed to reset consumer group offsets for sink connector";
            ("reset", what, admin.delete_group(&group).await)
        } else {
            let what = "Failed to alter consumer group offsets for connector";
            ("alter", what, alter(&admin, &group, wanted).await)
        };
        changed.map_err(|error| {
            if has_members(&error) {
                return OffsetsRefusal::Failed(has_zombies(self.name(), verb));
            }
            self.refused(what, &error)
        })?;
        Ok(is_complete)
    }

    fn group(&self) -> Result<(String, Admin), OffsetsRefusal> {
        let group = self.clients.group();
        let asked = group.and_then(|group| Ok((group, self.clients.connector_admin()?)));
        asked.map_err(|error| OffsetsRefusal::Failed(error.headline()))
    }

    fn refused(&self, what: &str, error: &wire::Error) -> OffsetsRefusal {
        let name = self.name();
        tracing::error!(connector = name, %error, "{what}");
        OffsetsRefusal::Failed(format!("{what} {name}"))
    }
}

async fn alter(
    admin: &Admin,
    group: &str,
    wanted: BTreeMap<TopicPartition, Option<i64>>,
) -> Result<(), wire::Error> {
    let (mut set, mut forgotten) = (BTreeMap::new(), Vec::new());
    for (of, offset) in wanted {
        match offset {
            Some(offset) => drop(set.insert(of, offset)),
            None => forgotten.push(of),
        }
    }
    if !set.is_empty() {
        admin.commit_group_offsets(group, &set).await?;
    }
    if !forgotten.is_empty() {
        admin.delete_group_offsets(group, &forgotten).await?;
    }
    Ok(())
}

fn has_zombies(connector: &str, verb: &str) -> String {
    format!(
        "Failed to {verb} consumer group offsets for connector {connector} either because its tasks haven't stopped \
         completely yet or the connector was resumed before the request to {verb} its offsets could be successfully \
         completed. If the connector is in a stopped state, this operation can be safely retried. If it doesn't \
         eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie sink tasks."
    )
}

fn shown(of: &TopicPartition, offset: i64) -> JsonOffset {
    let partition =
        [(TOPIC.to_owned(), json!(&*of.topic)), (PARTITION.to_owned(), json!(of.partition))];
    let offset = [(OFFSET.to_owned(), json!(offset))];
    (Some(partition.into_iter().collect()), Some(offset.into_iter().collect()))
}

/// The offsets that a client wants a sink's group to have; numbers may be texts.
fn parse(
    offsets: Vec<JsonOffset>,
) -> Result<BTreeMap<TopicPartition, Option<i64>>, OffsetsRefusal> {
    offsets
        .into_iter()
        .map(|(partition, offset)| Ok((parse_partition(partition)?, parse_offset(offset)?)))
        .collect::<Result<_, String>>()
        .map_err(OffsetsRefusal::BadRequest)
}

fn parse_partition(partition: Option<Map<String, Json>>) -> Result<TopicPartition, String> {
    let partition =
        partition.ok_or("The partition for a sink connector offset cannot be null or missing")?;
    let (Some(topic), Some(number)) = (partition.get(TOPIC), partition.get(PARTITION)) else {
        return Err(format!(
            "The partition for a sink connector offset must contain the keys '{TOPIC}' and '{PARTITION}'"
        ));
    };
    if topic.is_null() {
        return Err("Kafka topic names must be valid strings and may not be null".to_owned());
    }
    if number.is_null() {
        return Err("Kafka partitions must be valid numbers and may not be null".to_owned());
    }
    let number = text(number);
    let parsed = number.parse::<i32>().map_err(|_| {
        format!(
            "Failed to parse the following Kafka partition value in the provided offsets: '{number}'. Partition values \
             for sink connectors need to be integers."
        )
    })?;
    Ok(TopicPartition::new(text(topic), parsed))
}

fn parse_offset(offset: Option<Map<String, Json>>) -> Result<Option<i64>, String> {
    let Some(offset) = offset else { return Ok(None) };
    let number = offset.get(OFFSET).ok_or_else(|| {
        format!(
            "The offset for a sink connector should either be null or contain the key '{OFFSET}'"
        )
    })?;
    let number = text(number);
    let parsed = number.parse().map_err(|_| {
        format!(
            "Failed to parse the following Kafka offset value in the provided offsets: '{number}'. Offset values for \
             sink connectors need to be integers."
        )
    })?;
    Ok(Some(parsed))
}

/// As Java prints what Jackson has read.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: Json) -> Option<Map<String, Json>> {
        match json {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    #[test]
    fn numbers_may_be_texts() {
        for (partition, offset) in [(json!(3), json!(7)), (json!("3"), json!("7"))] {
            let entry = (
                object(json!({"kafka_topic": "t", "kafka_partition": partition})),
                object(json!({"kafka_offset": offset})),
            );
            let parsed = parse(vec![entry]).expect("numbers");
            assert_eq!(parsed, BTreeMap::from([(TopicPartition::new("t", 3), Some(7))]));
        }
        let forgotten = (object(json!({"kafka_topic": "t", "kafka_partition": 3})), None);
        assert_eq!(parse(vec![forgotten]).expect("none").into_values().next(), Some(None));
    }

    #[test]
    fn what_makes_no_sense_is_told_in_javas_words() {
        let good = || object(json!({"kafka_topic": "t", "kafka_partition": 3}));
        let at = |offset: Json| object(json!({"kafka_offset": offset}));
        for (partition, offset, expected) in [
            (None, None, "cannot be null or missing"),
            (object(json!({"kafka_topic": "t"})), None, "must contain the keys 'kafka_topic' and"),
            (object(json!({"kafka_topic": null, "kafka_partition": 1})), None, "topic names must"),
            (object(json!({"kafka_topic": "t", "kafka_partition": null})), None, "valid numbers"),
            (
                object(json!({"kafka_topic": "t", "kafka_partition": 1.5})),
                None,
                "value in the provided offsets: '1.5'",
            ),
            (good(), object(json!({"offset": 1})), "contain the key 'kafka_offset'"),
            (good(), at(json!("x")), "provided offsets: 'x'. Offset values"),
            (good(), at(json!(null)), "provided offsets: 'null'. Offset values"),
        ] {
            let refused = parse(vec![(partition, offset)]).expect_err(expected);
            assert!(
                matches!(&refused, OffsetsRefusal::BadRequest(it) if it.contains(expected)),
                "{refused}"
            );
        }
    }
}
