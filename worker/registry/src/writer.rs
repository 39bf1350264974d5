//! The id that each schema is written with, asked for once.

use std::{sync::Arc, time::Instant};

use crate::{
    Recent, Registered, Registry, RegistryError, RegistrySettings, SchemaId, SchemaIdPlace,
    SchemaText, settings::Way,
};

/// Tells under which id, and with which schema, records are written.
pub struct Writer {
    registry: Registry,
    way: Way,
    normalize: bool,
    place: SchemaIdPlace,
    known: Recent<(Arc<str>, SchemaText), SchemaToUse>,
    latest: Recent<Arc<str>, SchemaToUse>,
    latest_for: Option<std::time::Duration>,
}

/// What to write a record with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaToUse {
    /// The id that the record names.
    pub id: SchemaId,
    /// The registry's schema, where records are not written with their own: that of `use.schema.id` or the latest version.
    pub other: Option<SchemaText>,
    /// After this, it has to be asked for again; none is never.
    pub until: Option<Instant>,
}

impl SchemaToUse {
    /// Whether it still counts.
    pub fn is_fresh(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

impl Writer {
    /// For one part of the records of a task.
    pub fn new(registry: Registry, settings: &RegistrySettings) -> Self {
        let (latest, latest_for) = settings.latest();
        Self {
            registry,
            way: settings.way(),
            normalize: settings.normalizes(),
            place: settings.schema_id_place(),
            known: Recent::new(settings.most_schemas()),
            latest: Recent::new(latest),
            latest_for,
        }
    }

    /// What the registry was asked for, for errors: the words of Java.
    pub const fn asks_for(&self) -> &'static str {
        match self.way {
            Way::Register => "Error registering schema",
            Way::Find => "Error retrieving schema",
            Way::Use(_) => "Error retrieving schema ID",
            Way::UseLatest => "Error retrieving latest version of schema",
        }
    }

    /// What to write a record of `schema` with. Asks the registry only for what is not known.
    pub fn schema_to_use(
        &mut self,
        subject: &str,
        schema: &SchemaText,
    ) -> Result<SchemaToUse, RegistryError> {
        let subject: Arc<str> = subject.into();
        if self.way == Way::UseLatest {
            return self.latest(subject);
        }
        let key = (subject, schema.clone());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let subject = &key.0;
        let found = match self.way {
            Way::Register => {
                self.of(&self.registry.register(subject, schema, self.normalize)?, None, None)?
            }
            Way::Use(id) => {
                let id = SchemaId::Number(id);
                let (other, guid) = self.registry.schema(id, Some(subject))?;
                SchemaToUse { id: self.id(id, guid)?, other: Some(other), until: None }
            }
            Way::Find | Way::UseLatest => {
                self.of(&self.registry.find(subject, schema, self.normalize)?, None, None)?
            }
        };
        self.known.put(key, found.clone());
        Ok(found)
    }

    fn latest(&mut self, subject: Arc<str>) -> Result<SchemaToUse, RegistryError> {
        if let Some(known) = self.latest.get(&subject)
            && known.is_fresh()
        {
            return Ok(known.clone());
        }
        let registered = self.registry.latest(&subject)?;
        let until = self.latest_for.and_then(|it| Instant::now().checked_add(it));
        let other = registered.schema.clone();
        let found = self.of(&registered, other, until)?;
        self.latest.put(subject, found.clone());
        Ok(found)
    }

    fn of(
        &self,
        registered: &Registered,
        other: Option<SchemaText>,
        until: Option<Instant>,
    ) -> Result<SchemaToUse, RegistryError> {
        let id = self.id(SchemaId::Number(registered.id), registered.guid)?;
        Ok(SchemaToUse { id, other, until })
    }

    /// A header holds a GUID, what stands before a record a number.
    fn id(&self, number: SchemaId, guid: Option<uuid::Uuid>) -> Result<SchemaId, RegistryError> {
        if self.place == SchemaIdPlace::Prefix {
            return Ok(number);
        }
        let missing = || {
            RegistryError::Unusable(
                "the registry gives schemas no GUID, which HeaderSchemaIdSerializer writes: use \
                 PrefixSchemaIdSerializer"
                    .to_owned(),
            )
        };
        guid.map(SchemaId::Guid).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests;
