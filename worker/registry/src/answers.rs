//! The JSON of the API (`io.confluent.kafka.schemaregistry.client.rest.entities`).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Reference, Registered, RegistryError, SchemaFormat, SchemaText, transport::Answer};

/// What is posted to register or to find a schema. Fields stand in Java's order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    pub(crate) schema: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<Reference>,
}

impl Posted {
    pub(crate) fn of(schema: &SchemaText) -> Self {
        let is_avro = schema.format == SchemaFormat::Avro;
        Self {
            schema: (*schema.text).to_owned(),
            schema_type: (!is_avro).then(|| schema.format.as_str().to_owned()),
            references: schema.references.to_vec(),
        }
    }
}

/// What is answered about a schema: all that any of the calls says.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) references: Option<Vec<Reference>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule_set: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error_code: i32,
    pub(crate) message: String,
}

/// Reads an answer, or the refusal that it is.
pub(crate) fn read(answer: &Answer) -> Result<Told, RegistryError> {
    let Answer { from, status, body } = answer;
    if !(200..300).contains(status) {
        return Err(match serde_json::from_slice(body) {
            Ok(Refusal { error_code, message }) => {
                RegistryError::Refused { status: *status, code: error_code, message }
            }
            // A server in between, whose page is nothing to show. It judges who asks and how much; of whether there is
            // such a schema it knows nothing.
            Err(_) if matches!(status, 401 | 403 | 407 | 413 | 414 | 431) => {
                RegistryError::Refused {
                    status: *status,
                    code: i32::from(*status),
                    message: format!("{from} answers {status}"),
                }
            }
            Err(_) => RegistryError::Outage(format!(
                "{from} answers {status}, and not as a Schema Registry does; check schema.registry.url if it stays so"
            )),
        });
    }
    let told: Told = serde_json::from_slice(body).map_err(|error| {
        RegistryError::Unusable(format!(
            "{from} answers what is no answer of a Schema Registry: {error}; check schema.registry.url"
        ))
    })?;
    if told.has_rules() {
        return Err(RegistryError::Unusable(format!(
            "{from} has a schema with rules of a data contract (id {:?}), which are not run here: its records would be \
             written or read as the contract does not allow",
            told.id
        )));
    }
    Ok(told)
}

impl Told {
    /// The GUID of the answer.
    pub(crate) fn guid(&self) -> Option<Uuid> {
        Uuid::parse_str(self.guid.as_deref()?).ok()
    }

    /// Rules that change or refuse records, such as encryption of fields.
    fn has_rules(&self) -> bool {
        let kinds = ["domainRules", "migrationRules", "encodingRules"];
        let rules = |kind| self.rule_set.as_ref()?.get(kind)?.as_array();
        kinds.into_iter().any(|kind| rules(kind).is_some_and(|it| !it.is_empty()))
    }

    /// The schema of the answer.
    pub(crate) fn schema(&self, from: &str) -> Result<SchemaText, RegistryError> {
        let Some(text) = &self.schema else {
            return Err(RegistryError::Unusable(format!("{from} answers without a schema")));
        };
        let format = SchemaFormat::parse(self.schema_type.as_deref()).ok_or_else(|| {
            let name = self.schema_type.as_deref().unwrap_or_default();
            RegistryError::Unusable(format!("{from} has a schema of an unknown type {name:?}"))
        })?;
        let references = self.references.clone().unwrap_or_default();
        Ok(SchemaText::new(format, text.as_str()).with_references(references))
    }

    /// The answer to a call whose answer has an id at least.
    pub(crate) fn registered(&self, from: &str) -> Result<Registered, RegistryError> {
        let without_id = || RegistryError::Unusable(format!("{from} answers without an id"));
        Ok(Registered {
            id: self.id.ok_or_else(without_id)?,
            guid: self.guid(),
            version: self.version,
            schema: self.schema.is_some().then(|| self.schema(from)).transpose()?,
        })
    }
}
