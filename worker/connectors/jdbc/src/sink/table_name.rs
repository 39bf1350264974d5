//! Which table the records of a topic go to.

use std::collections::BTreeMap;

/// How a topic becomes the name of a table.
#[derive(Debug, Clone)]
pub(crate) struct TableNames {
    /// Text with `${topic}` for the topic; with `${source.FIELD}` too, for a field of an envelope's source.
    pub(crate) format: String,
    /// Tables of single topics, which count before the format.
    pub(crate) by_topic: BTreeMap<String, String>,
    /// Whether what is no letter, digit or underscore of ASCII becomes an underscore.
    pub(crate) normalize: bool,
    /// Whether dots of the topic become underscores, as Debezium has it.
    pub(crate) dots_to_underscores: bool,
}

impl TableNames {
    /// The table's name as users would write it, with its schema before a dot if there is one. `source` answers for the
    /// fields of an envelope's source; none where there is no such field.
    pub(crate) fn of(
        &self,
        topic: &str,
        source: impl Fn(&str) -> Option<String>,
    ) -> Result<String, String> {
        if let Some(table) = self.by_topic.get(topic) {
            return Ok(table.clone());
        }
        let topic_text =
            if self.dots_to_underscores { topic.replace('.', "_") } else { topic.to_owned() };
        let mut name = String::new();
        let mut rest = self.format.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((variable, after)) = after.split_once('}') else { break };
            name.push_str(before);
            match variable.strip_prefix("source.") {
                None if variable == "topic" => name.push_str(&topic_text),
                Some(field) => name.push_str(&source(field).ok_or_else(|| {
                    format!(
                        "the table name {} needs a field that the record's source has not: {field}",
                        self.format
                    )
                })?),
                None => {
                    return Err(format!(
                        "the table name {} has an unknown variable: {variable}",
                        self.format
                    ));
                }
            }
            rest = after;
        }
        name.push_str(rest);
        if self.normalize {
            let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
            name = name.chars().map(|it| if is_plain(it) { it } else { '_' }).collect();
        }
        if name.is_empty() {
            return Err(format!("the table name {} is empty for the topic {topic}", self.format));
        }
        Ok(name)
    }
}

/// `topic:table` entries of `topics.to.tables.mapping`.
pub(crate) fn mapping(entries: &[String]) -> Result<BTreeMap<String, String>, String> {
    let pair = |entry: &String| match entry.split_once(':') {
        Some((topic, table)) if !topic.is_empty() && !table.is_empty() => {
            Ok((topic.to_owned(), table.to_owned()))
        }
        _ => Err(format!("{entry} is not of the form topic:table")),
    };
    entries.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_become_tables() {
        let plain = |format: &str| TableNames {
            format: format.to_owned(),
            by_topic: BTreeMap::from([("mapped".to_owned(), "s.other".to_owned())]),
            normalize: false,
            dots_to_underscores: false,
        };
        let normal = |format| TableNames { normalize: true, ..plain(format) };
        let debezium = |format| TableNames { dots_to_underscores: true, ..plain(format) };
        let source = |field: &str| (field == "db").then(|| "shop".to_owned());
        for (names, topic, expected) in [
            (plain("${topic}"), "a.b", Ok("a.b")),
            (plain("kafka_${topic}"), "orders", Ok("kafka_orders")),
            (plain("${topic}"), "mapped", Ok("s.other")),
            (plain("fixed"), "orders", Ok("fixed")),
            (plain("a${topic"), "orders", Ok("a${topic")),
            (normal("${topic}"), "a.b-ü", Ok("a_b__")),
            (debezium("${topic}"), "a.b", Ok("a_b")),
            (debezium("${source.db}_${topic}"), "a.b", Ok("shop_a_b")),
            (plain("${topic}"), "", Err("is empty for the topic")),
            (
                plain("${source.table}"),
                "t",
                Err("needs a field that the record's source has not: table"),
            ),
            (plain("${tpoic}"), "t", Err("has an unknown variable: tpoic")),
        ] {
            match (names.of(topic, source), expected) {
                (Ok(name), Ok(expected)) => assert_eq!(name, expected),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                (other, _) => panic!("{topic}: {other:?}"),
            }
        }
    }

    #[test]
    fn mappings_are_pairs() {
        let entries = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let read = mapping(&entries(&["a:b", "c:d.e"])).unwrap();
        assert_eq!(read.get("c").map(String::as_str), Some("d.e"));
        for wrong in ["a", ":b", "a:", ""] {
            assert!(mapping(&entries(&[wrong])).is_err(), "{wrong}");
        }
    }
}
