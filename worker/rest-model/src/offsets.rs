//! Positions of a connector: `GET`, `PATCH` of `/connectors/{name}/offsets`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fields::Fields;

/// All positions of one connector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Fields")]
#[schemars(!try_from)]
pub struct ConnectorOffsets {
    /// One entry per partition.
    #[schemars(required)]
    pub offsets: Option<Vec<ConnectorOffset>>,
}

/// The position in one partition. A sink names `kafka_topic`, `kafka_partition` and `kafka_offset`; a source what it
/// likes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Fields")]
#[schemars(!try_from)]
pub struct ConnectorOffset {
    /// Which partition.
    #[schemars(required)]
    pub partition: Option<Map<String, Value>>,
    /// Where in it; `null` in a request forgets it.
    pub offset: Option<Map<String, Value>>,
}

impl TryFrom<Fields> for ConnectorOffsets {
    type Error = serde_json::Error;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        fields.check(&["offsets"])?;
        Ok(Self { offsets: fields.read("offsets")? })
    }
}

impl TryFrom<Fields> for ConnectorOffset {
    type Error = serde_json::Error;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        fields.check(&["partition", "offset"])?;
        Ok(Self { partition: fields.read("partition")?, offset: fields.read("offset")? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_of_a_field_counts_and_others_are_refused() {
        let text = r#"{"offsets":[{"offset":{},"offset":null,"partition":{"a":1,"a":2}}]}"#;
        let read: ConnectorOffsets = serde_json::from_str(text).unwrap();
        let entry = &read.offsets.expect("offsets")[0];
        assert_eq!(entry.partition.clone().map(Value::Object), Some(json!({ "a": 2 })));
        assert_eq!(entry.offset, None);
        for (text, told) in [
            (r#"{"other":1}"#, "unknown field \"other\""),
            (r#"{"offsets":[{"other":1}]}"#, "unknown field \"other\""),
            (r#"{"offsets":[],"offsets":[]}"#, "the field \"offsets\" is there again"),
        ] {
            let error = serde_json::from_str::<ConnectorOffsets>(text).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
