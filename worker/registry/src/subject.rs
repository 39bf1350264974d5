//! The subject under which a schema is registered (`io.confluent.kafka.serializers.subject`).

use std::borrow::Cow;

use sluice_plugin::ConverterRole;

/// How subjects are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Topic,
    Record,
    TopicRecord,
}

/// Names the subjects of one part of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subjects {
    strategy: Strategy,
    is_key: bool,
}

/// The classes that name subjects here. `AssociatedNameStrategy` asks a registry of Confluent Cloud for associations and
/// takes the subject of the topic where there is none; as none can be made through a converter, that is what it is here.
pub(crate) const STRATEGIES: [&str; 4] = [
    "io.confluent.kafka.serializers.subject.AssociatedNameStrategy",
    "io.confluent.kafka.serializers.subject.TopicNameStrategy",
    "io.confluent.kafka.serializers.subject.RecordNameStrategy",
    "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy",
];

impl Subjects {
    /// By the class that settings name, in full or as a simple name; none if it is unknown.
    pub(crate) fn of(class: &str, role: ConverterRole) -> Option<Self> {
        let simple = class.rsplit('.').next().unwrap_or(class);
        let strategy = match simple {
            "AssociatedNameStrategy" | "TopicNameStrategy" => Strategy::Topic,
            "RecordNameStrategy" => Strategy::Record,
            "TopicRecordNameStrategy" => Strategy::TopicRecord,
            _ => return None,
        };
        Some(Self { strategy, is_key: role == ConverterRole::Key })
    }

    /// By the topic alone.
    pub(crate) fn of_topics(role: ConverterRole) -> Self {
        Self { strategy: Strategy::Topic, is_key: role == ConverterRole::Key }
    }

    /// Whether subjects need no name of a record, so that one can be named before its schema is known.
    pub fn are_of_topics(&self) -> bool {
        self.strategy == Strategy::Topic
    }

    /// The subject of a schema whose full name is `record`; none if it has no name.
    ///
    /// # Errors
    /// What Java says where the strategy needs a name that the schema has not.
    pub fn name<'a>(&self, topic: &str, record: Option<&'a str>) -> Result<Cow<'a, str>, String> {
        let record = match self.strategy {
            Strategy::Topic => {
                let part = if self.is_key { "key" } else { "value" };
                return Ok(format!("{topic}-{part}").into());
            }
            Strategy::Record | Strategy::TopicRecord => record,
        };
        let Some(record) = record else {
            let part = if self.is_key { "key" } else { "value" };
            return Err(format!(
                "In configuration {part}.subject.name.strategy = {} the message {part} must only be a record schema",
                match self.strategy {
                    Strategy::Record => "io.confluent.kafka.serializers.subject.RecordNameStrategy",
                    _ => "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy",
                }
            ));
        };
        Ok(match self.strategy {
            Strategy::TopicRecord => format!("{topic}-{record}").into(),
            _ => record.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_named_as_java_names_them() {
        let prefix = "io.confluent.kafka.serializers.subject.";
        for (class, key, value) in [
            ("TopicNameStrategy", "t-key", "t-value"),
            ("AssociatedNameStrategy", "t-key", "t-value"),
            ("RecordNameStrategy", "a.R", "a.R"),
            ("TopicRecordNameStrategy", "t-a.R", "t-a.R"),
        ] {
            for class in [class.to_owned(), format!("{prefix}{class}")] {
                let name = |role| {
                    let subjects = Subjects::of(&class, role).unwrap();
                    subjects.name("t", Some("a.R")).unwrap().into_owned()
                };
                assert_eq!(name(ConverterRole::Key), key);
                assert_eq!(name(ConverterRole::Value), value);
            }
        }
        assert_eq!(Subjects::of("com.example.Mine", ConverterRole::Key), None);
    }

    #[test]
    fn what_has_no_name_has_no_subject_of_its_own() {
        let subjects = Subjects::of("RecordNameStrategy", ConverterRole::Key).unwrap();
        let error = subjects.name("t", None).unwrap_err();
        assert!(error.contains("the message key must only be a record schema"), "{error}");
        let subjects = Subjects::of("TopicNameStrategy", ConverterRole::Key).unwrap();
        assert_eq!(subjects.name("t", None).unwrap(), "t-key");
    }
}
