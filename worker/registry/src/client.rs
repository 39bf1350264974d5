//! The calls of the API that converters make. Each waits for its answer; caches are of those who call.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sluice_plugin::Error;

use crate::{
    Registered, RegistryError, RegistrySettings, SchemaId, SchemaText,
    answers::{self, Posted, Told},
    transport::{self, Call, Transport},
};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How many schemas one may name, through others as well.
const MOST_REFERENCES: usize = 1000;

/// A client of the registries of one converter. Clones are the same client. Nothing is sent before the first call.
#[derive(Clone)]
pub struct Registry {
    transport: Arc<dyn Transport>,
}

impl Registry {
    /// The client that settings describe.
    pub fn open(settings: &RegistrySettings) -> Result<Self, Error> {
        let transport = transport::of(settings.connection()).map_err(Error::fatal)?;
        Ok(Self { transport })
    }

    /// Registers a schema, or finds it registered (`POST /subjects/{subject}/versions`).
    pub fn register(
        &self,
        subject: &str,
        schema: &SchemaText,
        normalize: bool,
    ) -> Result<Registered, RegistryError> {
        self.post(&format!("/subjects/{}/versions?normalize={normalize}", segment(subject)), schema)
    }

    /// Finds a schema in a subject, with its version (`POST /subjects/{subject}`).
    pub fn find(
        &self,
        subject: &str,
        schema: &SchemaText,
        normalize: bool,
    ) -> Result<Registered, RegistryError> {
        let subject = segment(subject);
        self.post(&format!("/subjects/{subject}?normalize={normalize}&deleted=true"), schema)
    }

    /// The latest version of a subject, with its schema (`GET /subjects/{subject}/versions/latest`).
    pub fn latest(&self, subject: &str) -> Result<Registered, RegistryError> {
        let (from, told) = self.get(format!("/subjects/{}/versions/latest", segment(subject)))?;
        told.registered(&from)
    }

    /// A version of a subject, with its schema, even if it was deleted since (`GET /subjects/{subject}/versions/{version}`).
    pub fn version(&self, subject: &str, version: i32) -> Result<Registered, RegistryError> {
        let subject = segment(subject);
        let (from, told) =
            self.get(format!("/subjects/{subject}/versions/{version}?deleted=true"))?;
        told.registered(&from)
    }

    /// The schema that records name, and its GUID where the registry says it (`GET /schemas/ids/{id}`,
    /// `/schemas/guids/{guid}`). A subject tells the registry where to look, if it is known.
    pub fn schema(
        &self,
        id: SchemaId,
        subject: Option<&str>,
    ) -> Result<(SchemaText, Option<uuid::Uuid>), RegistryError> {
        let path = match (id, subject) {
            (SchemaId::Number(number), Some(subject)) => {
                format!("/schemas/ids/{number}?subject={}", segment(subject))
            }
            (SchemaId::Number(number), None) => format!("/schemas/ids/{number}"),
            (SchemaId::Guid(guid), _) => format!("/schemas/guids/{guid}"),
        };
        let (from, told) = self.get(path)?;
        Ok((told.schema(&from)?, told.guid()))
    }

    /// The schemas that a schema names, those that they name among them, each before whoever names it.
    pub fn references(
        &self,
        schema: &SchemaText,
    ) -> Result<Vec<(String, SchemaText)>, RegistryError> {
        let mut found = Vec::new();
        self.gather(schema, &mut found, &mut Vec::new())?;
        Ok(found)
    }

    fn gather(
        &self,
        schema: &SchemaText,
        found: &mut Vec<(String, SchemaText)>,
        path: &mut Vec<String>,
    ) -> Result<(), RegistryError> {
        for reference in schema.references.iter() {
            if found.iter().any(|(name, _)| *name == reference.name) {
                continue;
            }
            if path.contains(&reference.name) || found.len() + path.len() >= MOST_REFERENCES {
                return Err(RegistryError::Unusable(format!(
                    "the schema {} names itself through others, or names more than {MOST_REFERENCES}",
                    reference.name
                )));
            }
            let registered = self.version(&reference.subject, reference.version)?;
            let Some(named) = registered.schema else { continue };
            path.push(reference.name.clone());
            self.gather(&named, found, path)?;
            path.pop();
            found.push((reference.name.clone(), named));
        }
        Ok(())
    }

    fn post(&self, path: &str, schema: &SchemaText) -> Result<Registered, RegistryError> {
        let body = serde_json::to_string(&Posted::of(schema))
            .map_err(|error| RegistryError::Unusable(error.to_string()))?;
        let answer = self.transport.carry(Call { path: path.to_owned(), body: Some(body) })?;
        answers::read(&answer)?.registered(&answer.from)
    }

    fn get(&self, path: String) -> Result<(String, Told), RegistryError> {
        let answer = self.transport.carry(Call { path, body: None })?;
        let told = answers::read(&answer)?;
        Ok((answer.from, told))
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests;
