//! A registry in this process, `mock://NAME`, as Confluent's `MockSchemaRegistry` is: for trials and tests. All converters of a
//! process that give the same name share it; it is gone with the process. It answers the same calls as a server, takes every
//! schema, and knows no compatibility.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::{
    Reference, RegistryError,
    answers::{Posted, Refusal, Told},
    transport::{Answer, Call, Transport},
};

/// Most registries of a process, and most schemas of one: what is asked for beyond that is refused.
const MOST: usize = 100_000;

static NAMED: LazyLock<Mutex<HashMap<String, Arc<InProcess>>>> = LazyLock::new(Mutex::default);

/// The registry of a name.
pub(crate) fn named(name: &str) -> Arc<InProcess> {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(named.entry(name.to_owned()).or_default())
}

#[derive(Default)]
pub(crate) struct InProcess {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The schema with id n is at n - 1.
    schemas: Vec<Schema>,
    ids: HashMap<Schema, i32>,
    /// The ids of each version, from 1.
    subjects: HashMap<String, Vec<i32>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Schema {
    text: String,
    r#type: Option<String>,
    references: Vec<Reference>,
}

impl Transport for InProcess {
    fn carry(&self, call: Call) -> Result<Answer, RegistryError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, body) = match held.answer(&call) {
            Ok(told) => (200, serde_json::to_vec(&told)),
            Err(refusal) => (refused_status(refusal.error_code), serde_json::to_vec(&refusal)),
        };
        let body = body.map_err(|error| RegistryError::Unusable(error.to_string()))?;
        Ok(Answer { from: "mock registry".to_owned(), status, body })
    }
}

/// Codes begin with the status.
fn refused_status(code: i32) -> u16 {
    u16::try_from(code / 100).unwrap_or(500)
}

impl Held {
    fn answer(&mut self, call: &Call) -> Result<Told, Refusal> {
        let path = call.path.split('?').next().unwrap_or_default();
        let decoded = |it: &str| percent_decode_str(it).decode_utf8_lossy().into_owned();
        let parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let posted = call.body.as_deref().map(serde_json::from_str::<Posted>).transpose();
        let posted = posted.map_err(|_| refusal(42201, "Invalid schema"))?.map(Schema::of);
        match (parts.as_slice(), posted) {
            (["subjects", subject, "versions"], Some(schema)) => self.register(subject, schema),
            (["subjects", subject], Some(schema)) => self.find(subject, &schema),
            (["subjects", subject, "versions", version], None) => self.version(subject, version),
            (["schemas", "ids", id], None) => self.schema(id.parse().ok()),
            (["schemas", "guids", guid], None) => {
                let id = Uuid::parse_str(guid).ok().map(|it| it.as_u128() as i32);
                self.schema(id)
            }
            _ => Err(refusal(40400, "HTTP 404 Not Found")),
        }
    }

    fn register(&mut self, subject: &str, schema: Schema) -> Result<Told, Refusal> {
        if self.schemas.len() >= MOST {
            return Err(refusal(42205, "the registry in this process is full"));
        }
        let id = self.ids.get(&schema).copied().unwrap_or_else(|| {
            self.schemas.push(schema.clone());
            self.schemas.len() as i32
        });
        self.ids.insert(schema, id);
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        if !versions.contains(&id) {
            versions.push(id);
        }
        Ok(Told { id: Some(id), guid: Some(guid(id).to_string()), ..Told::default() })
    }

    fn find(&self, subject: &str, schema: &Schema) -> Result<Told, Refusal> {
        let versions = self.versions(subject)?;
        let id = self.ids.get(schema);
        let index = id.and_then(|id| versions.iter().position(|it| it == id));
        let index = index.ok_or_else(|| refusal(40403, "Schema not found"))?;
        self.told(versions[index], Some(index))
    }

    fn version(&self, subject: &str, version: &str) -> Result<Told, Refusal> {
        let versions = self.versions(subject)?;
        let index = match version.parse::<usize>() {
            Ok(version) => version.checked_sub(1),
            Err(_) => versions.len().checked_sub(1),
        };
        let index = index.filter(|it| *it < versions.len());
        let missing = || refusal(40402, &format!("Version {version} not found."));
        let index = index.ok_or_else(missing)?;
        self.told(versions[index], Some(index))
    }

    fn versions(&self, subject: &str) -> Result<&[i32], Refusal> {
        let missing = || refusal(40401, &format!("Subject '{subject}' not found."));
        self.subjects.get(subject).map(Vec::as_slice).ok_or_else(missing)
    }

    fn schema(&self, id: Option<i32>) -> Result<Told, Refusal> {
        self.told(id.unwrap_or(-1), None)
    }

    fn told(&self, id: i32, index: Option<usize>) -> Result<Told, Refusal> {
        let place = usize::try_from(id).ok().and_then(|it| it.checked_sub(1));
        let missing = || refusal(40403, &format!("Schema {id} not found"));
        let schema = place.and_then(|it| self.schemas.get(it)).ok_or_else(missing)?;
        Ok(Told {
            id: Some(id),
            guid: Some(guid(id).to_string()),
            version: index.map(|it| it as i32 + 1),
            schema_type: schema.r#type.clone(),
            schema: Some(schema.text.clone()),
            references: Some(schema.references.clone()),
            ..Told::default()
        })
    }
}

impl Schema {
    fn of(posted: Posted) -> Self {
        let Posted { schema, schema_type, references } = posted;
        Self { text: schema, r#type: schema_type, references }
    }
}

fn guid(id: i32) -> Uuid {
    Uuid::from_u128(u128::from(id as u32))
}

fn refusal(code: i32, message: &str) -> Refusal {
    Refusal { error_code: code, message: message.to_owned() }
}
