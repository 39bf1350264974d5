//! What the offsets topic says now, by parsed key. Pure.
//!
//! Other writers may order the fields of a key in another way than we do. Each key is therefore kept as it was
//! read and used again, or compaction and Java's lookup by exact bytes would miss it.

use std::collections::BTreeMap;

use sluice_plugin::model::{SourceOffset, SourcePartition};

use super::{OffsetError, OffsetRecord, json};

/// All keys of the topic and their newest values.
#[derive(Debug, Default)]
pub(super) struct Index {
    connectors: BTreeMap<String, BTreeMap<String, Known>>,
}

#[derive(Debug)]
struct Known {
    partition: SourcePartition,
    offset: Option<SourceOffset>,
    /// The forms of the key that were seen; usually one.
    keys: Vec<Vec<u8>>,
}

impl Index {
    /// Takes in a record as read. Returns whether it belongs into the topic.
    pub(super) fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> bool {
        let Some((connector, partition)) = json::read_key(key) else { return false };
        let offset = match value {
            None | Some(b"null") => None,
            Some(value) => match json::read_fields(value) {
                Some(fields) => Some(SourceOffset(fields)),
                None => return false,
            },
        };
        let known = self.connectors.entry(connector).or_default();
        let known = known.entry(json::canonical(&partition)).or_insert_with(|| Known {
            partition: SourcePartition(partition),
            offset: None,
            keys: Vec::new(),
        });
        known.offset = offset;
        if !known.keys.iter().any(|it| it == key) {
            known.keys.push(key.to_owned());
        }
        true
    }

    /// The newest position of a partition.
    pub(super) fn offset(
        &self,
        connector: &str,
        partition: &SourcePartition,
    ) -> Option<SourceOffset> {
        self.known(connector, partition)?.offset.clone()
    }

    /// All partitions of a connector that have a position.
    pub(super) fn all(&self, connector: &str) -> Vec<(SourcePartition, SourceOffset)> {
        let known = self.connectors.get(connector).into_iter().flat_map(BTreeMap::values);
        known.filter_map(|it| Some((it.partition.clone(), it.offset.clone()?))).collect()
    }

    /// The records that set a position: one under each known form of the key, so that no reader finds an old one.
    pub(super) fn entries(
        &self,
        connector: &str,
        partition: &SourcePartition,
        offset: Option<&SourceOffset>,
    ) -> Result<Vec<OffsetRecord>, OffsetError> {
        let value = offset.map(|it| json::write_fields(&it.0)).transpose()?.map(String::into_bytes);
        let keys = match self.known(connector, partition) {
            Some(known) => known.keys.clone(),
            None => vec![json::write_key(connector, &partition.0)?.into_bytes()],
        };
        Ok(keys.into_iter().map(|key| (key, value.clone())).collect())
    }

    /// The records that set several positions.
    pub(super) fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<Vec<OffsetRecord>, OffsetError> {
        let mut records = Vec::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            records.extend(self.entries(connector, partition, offset.as_ref())?);
        }
        Ok(records)
    }

    fn known(&self, connector: &str, partition: &SourcePartition) -> Option<&Known> {
        self.connectors.get(connector)?.get(&json::canonical(&partition.0))
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::Value;

    use super::*;

    fn partition(entries: &[(&str, &str)]) -> SourcePartition {
        SourcePartition(entries.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect())
    }

    fn position(number: i64) -> SourceOffset {
        SourceOffset([("position".to_owned(), Value::from(number))].into())
    }

    #[test]
    fn keys_are_used_again_as_they_were_read() {
        let mut index = Index::default();
        let foreign = br#"["c", {"table":"t","protocol":"1"}]"#;
        assert!(index.apply(foreign, Some(br#"{"position":1}"#)));
        let of = partition(&[("protocol", "1"), ("table", "t")]);
        assert_eq!(index.offset("c", &of), Some(position(1)));
        let entries = index.entries("c", &of, Some(&position(2))).expect("primitives");
        assert_eq!(entries, vec![(foreign.to_vec(), Some(br#"{"position":2}"#.to_vec()))]);
    }

    #[test]
    fn all_forms_of_a_key_are_kept_in_step() {
        let mut index = Index::default();
        let forms: [&[u8]; 2] = [br#"["c",{"a":"1","b":"2"}]"#, br#"["c",{"b":"2","a":"1"}]"#];
        for form in forms {
            index.apply(form, Some(br#"{"position":1}"#));
        }
        let entries =
            index.entries("c", &partition(&[("a", "1"), ("b", "2")]), None).expect("none");
        assert_eq!(entries, forms.map(|form| (form.to_vec(), None)));
    }

    #[test]
    fn tombstones_hide_partitions_and_junk_changes_nothing() {
        let mut index = Index::default();
        let of = partition(&[("file", "a")]);
        assert!(index.apply(br#"["c",{"file":"a"}]"#, Some(br#"{"position":1}"#)));
        assert!(!index.apply(b"junk", Some(b"{}")));
        assert!(!index.apply(br#"["c",{"file":"a"}]"#, Some(b"junk")));
        assert_eq!(index.all("c"), vec![(of.clone(), position(1))]);
        assert!(index.apply(br#"["c",{"file":"a"}]"#, None));
        assert_eq!(index.all("c"), vec![]);
        assert_eq!(index.offset("c", &of), None);
        assert_eq!(index.all("other"), vec![]);
    }
}
