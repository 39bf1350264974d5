//! The topics there are, by name and by id, and where their partitions are kept.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use kafka_protocol::error::ResponseError;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::journal::{Entry, Facts, Journal};
use crate::log::Partition;
use crate::memory::Memory;
use crate::random;
use crate::topic_config::TopicConfig;

/// Most partitions of one topic; a bound against requests that would exhaust files and memory.
const MAX_PARTITIONS: i32 = 10_000;

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) partitions: Vec<Arc<Partition>>,
    pub(crate) config: TopicConfig,
}

impl Topic {
    pub(crate) fn partition(&self, index: i32) -> Option<&Arc<Partition>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }
}

/// Why a topic was not created or changed: the wire's code and a text for the client.
pub(crate) type Refusal = (ResponseError, String);

#[derive(Debug)]
pub(crate) struct Topics {
    folder: Option<PathBuf>,
    memory: Arc<Memory>,
    by_name: RwLock<BTreeMap<String, Arc<Topic>>>,
    journal: Mutex<Journal>,
    /// Rings whenever a record is appended anywhere.
    pub(crate) appended: Notify,
}

impl Topics {
    /// Opens the topics that `facts` names.
    pub(crate) fn open(
        folder: Option<PathBuf>,
        memory: Arc<Memory>,
        journal: Journal,
        facts: &Facts,
    ) -> io::Result<Self> {
        let topics = Self {
            folder,
            memory,
            by_name: RwLock::default(),
            journal: Mutex::new(journal),
            appended: Notify::new(),
        };
        for (name, known) in &facts.topics {
            let partitions = (0..known.partitions)
                .map(|index| {
                    let start = known.starts.get(&index).copied().unwrap_or(0);
                    topics.open_partition(known.id, index, start)
                })
                .collect::<io::Result<_>>()?;
            topics.insert(Topic {
                name: name.clone(),
                id: known.id,
                partitions,
                config: known.config.clone(),
            });
        }
        Ok(topics)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().get(name).map(Arc::clone)
    }

    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.read().values().find(|topic| topic.id == id).map(Arc::clone)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.read().values().map(Arc::clone).collect()
    }

    pub(crate) fn partition(&self, topic: &str, index: i32) -> Option<Arc<Partition>> {
        self.read().get(topic)?.partition(index).map(Arc::clone)
    }

    /// Whether a topic could be created so; touches nothing.
    pub(crate) fn check_new(&self, name: &str, partitions: i32) -> Result<(), Refusal> {
        check_name(name)?;
        if self.get(name).is_some() {
            let text = format!("Topic '{name}' already exists.");
            return Err((ResponseError::TopicAlreadyExists, text));
        }
        check_partitions(partitions)
    }

    /// Creates a topic; its settings must have been checked.
    pub(crate) fn create(
        &self,
        name: &str,
        partitions: i32,
        config: TopicConfig,
    ) -> Result<Arc<Topic>, Refusal> {
        let mut journal = self.journal();
        self.check_new(name, partitions)?;
        let id = random::uuid();
        let opened = (0..partitions)
            .map(|index| self.open_partition(id, index, 0))
            .collect::<io::Result<_>>()
            .map_err(|error| storage(&error))?;
        let topic = Topic { name: name.to_owned(), id, partitions: opened, config };
        journal.write(&[fact(&topic)]).map_err(|error| storage(&error))?;
        Ok(self.insert(topic))
    }

    /// Gives a topic more partitions; its records stay where they are.
    pub(crate) fn grow(&self, topic: &Topic, partitions: i32) -> Result<(), Refusal> {
        check_partitions(partitions)?;
        let mut opened = topic.partitions.clone();
        for index in topic.partitions.len() as i32..partitions {
            let partition = self.open_partition(topic.id, index, 0);
            opened.push(partition.map_err(|error| storage(&error))?);
        }
        self.replace(topic, opened, topic.config.clone())
    }

    /// Gives a topic other settings, which must have been checked.
    pub(crate) fn configure(&self, topic: &Topic, config: TopicConfig) -> Result<(), Refusal> {
        self.replace(topic, topic.partitions.clone(), config)
    }

    /// Deletes a topic, its records and the offsets that groups committed for it.
    pub(crate) fn delete(&self, topic: &Topic) -> Result<(), Refusal> {
        let entry = Entry::TopicDeleted { name: topic.name.clone() };
        self.journal().write(&[entry]).map_err(|error| storage(&error))?;
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).remove(&topic.name);
        if let Some(folder) = &self.folder {
            for index in 0..topic.partitions.len() as i32 {
                let removed = std::fs::remove_file(folder.join(file_name(topic.id, index)));
                removed.map_err(|error| storage(&error))?;
            }
        }
        Ok(())
    }

    /// Keeps facts beyond a restart.
    pub(crate) fn note(&self, entries: &[Entry]) -> Result<(), ResponseError> {
        self.journal().write(entries).map_err(|error| storage(&error).0)
    }

    /// Brings everything written to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        for topic in self.all() {
            for partition in &topic.partitions {
                partition.sync()?;
            }
        }
        self.journal().sync()
    }

    fn replace(
        &self,
        topic: &Topic,
        partitions: Vec<Arc<Partition>>,
        config: TopicConfig,
    ) -> Result<(), Refusal> {
        let changed = Topic { name: topic.name.clone(), id: topic.id, partitions, config };
        self.journal().write(&[fact(&changed)]).map_err(|error| storage(&error))?;
        self.insert(changed);
        Ok(())
    }

    fn insert(&self, topic: Topic) -> Arc<Topic> {
        let topic = Arc::new(topic);
        let mut topics = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        topics.insert(topic.name.clone(), Arc::clone(&topic));
        topic
    }

    fn open_partition(&self, id: Uuid, index: i32, start: i64) -> io::Result<Arc<Partition>> {
        let memory = Arc::clone(&self.memory);
        let partition = match &self.folder {
            None => Partition::in_memory(memory),
            Some(folder) => Partition::in_file(memory, &folder.join(file_name(id, index)), start)?,
        };
        Ok(Arc::new(partition))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Topic>>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Named by id, so that no topic name ever becomes a path.
fn file_name(id: Uuid, partition: i32) -> String {
    format!("{:032x}-{partition}.log", id.as_u128())
}

fn fact(topic: &Topic) -> Entry {
    Entry::Topic {
        name: topic.name.clone(),
        id: topic.id.to_string(),
        partitions: topic.partitions.len() as i32,
        config: topic.config.clone(),
    }
}

fn storage(error: &io::Error) -> Refusal {
    tracing::error!(%error, "the data folder could not be written");
    (ResponseError::KafkaStorageError, "the broker's data folder could not be written".to_owned())
}

fn check_partitions(partitions: i32) -> Result<(), Refusal> {
    match partitions {
        ..1 => Err((
            ResponseError::InvalidPartitions,
            "Number of partitions must be larger than 0.".to_owned(),
        )),
        1..=MAX_PARTITIONS => Ok(()),
        _ => Err((
            ResponseError::InvalidPartitions,
            format!("this development broker takes at most {MAX_PARTITIONS} partitions a topic"),
        )),
    }
}

/// Kafka's rule for topic names.
fn check_name(name: &str) -> Result<(), Refusal> {
    let legal = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    let complaint = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." | ".." => format!("'{name}' is not allowed"),
        _ if name.len() > 249 => {
            format!("the length of '{name}' is longer than the max allowed length 249")
        }
        _ if !name.chars().all(legal) => format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ),
        _ => return Ok(()),
    };
    Err((ResponseError::InvalidTopicException, format!("Topic name is invalid: {complaint}")))
}
