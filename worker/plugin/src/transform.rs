//! Transforms and predicates: what authors write (typed), and what the engine sees (erased).

use sluice_config::{Config, ConfigDef, Report};
use sluice_model::ConnectRecord;

use crate::{Error, Properties, Result, usual_version};

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// It goes no further; its position counts as done.
    Drop,
}

/// Changes records one at a time, between connector and converter (`org.apache.kafka.connect.transforms.Transformation`).
///
/// - **Threads**: each task has an instance of its own, called on the task's thread, in the order of the records. It must
///   not block. It may keep bounded caches inside.
/// - **Repetition**: the same record may come again, after an error of a later transform or a crash; a result that
///   depends on what came before may differ then.
/// - **Errors**: a retriable one is tried again as long as `errors.retry.timeout` allows. After that it is treated as any
///   other: `errors.tolerance` decides between the failure of the task and the loss of this record, which is logged and
///   goes to the dead letter queue as the connector is set up. A panic fails the task.
/// - **Values**: what it leaves is described by the schema beside it. Null is a value like others: most transforms let
///   tombstones through.
pub trait Transform: Send + Sized + 'static {
    /// The transform's own keys.
    type Config: Config;
    /// Full Java class name that users write in `transforms.ALIAS.type`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = usual_version(Self::NAME);

    /// A transform for one task, or what is wrong with keys that are right one by one.
    fn configure(config: Self::Config) -> Result<Self>;

    /// Changes the record, or says that it goes no further.
    ///
    /// After an error the record is as it was: the call may be repeated, and the record reported.
    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict>;
}

/// Says which records a transform is for (`org.apache.kafka.connect.transforms.predicates.Predicate`).
///
/// What [`Transform`] says of threads, repetition and errors holds here too: an error is one of the transform that asked.
pub trait Predicate: Send + Sized + 'static {
    /// The predicate's own keys.
    type Config: Config;
    /// Full Java class name that users write in `predicates.ALIAS.type`.
    const NAME: &'static str;
    /// Version shown by the REST API.
    const VERSION: &'static str = usual_version(Self::NAME);

    /// A predicate for one task, or what is wrong with keys that are right one by one.
    fn configure(config: Self::Config) -> Result<Self>;

    /// Whether the record is meant.
    fn test(&mut self, record: &ConnectRecord) -> Result<bool>;
}

/// A transform without its types.
pub trait AnyTransform: Send {
    /// See [`Transform::apply`].
    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict>;
}

/// A predicate without its types.
pub trait AnyPredicate: Send {
    /// See [`Predicate::test`].
    fn test(&mut self, record: &ConnectRecord) -> Result<bool>;
}

/// A transform class as the catalog holds it.
pub type TransformPlugin = Class<dyn AnyTransform>;

/// A predicate class as the catalog holds it.
pub type PredicatePlugin = Class<dyn AnyPredicate>;

/// A class of plugins `P` that are made from nothing but settings.
pub struct Class<P: ?Sized> {
    /// Full Java class name.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
    /// Definition of the plugin's own keys.
    pub definition: fn() -> ConfigDef,
    /// Checks the plugin's own keys (prefix `transforms.ALIAS.` or `predicates.ALIAS.` already taken off).
    pub validate: fn(&Properties) -> Report,
    /// A plugin for one task.
    pub create: fn(&Properties) -> Result<Box<P>>,
}

impl<P: ?Sized> Clone for Class<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: ?Sized> Copy for Class<P> {}

impl TransformPlugin {
    /// The class of a transform.
    pub const fn of<T: Transform>() -> Self {
        Self {
            name: T::NAME,
            version: T::VERSION,
            definition: T::Config::definition,
            validate: validate::<T::Config>,
            create: |settings| Ok(Box::new(T::configure(parse(settings)?)?)),
        }
    }
}

impl PredicatePlugin {
    /// The class of a predicate.
    pub const fn of<T: Predicate>() -> Self {
        Self {
            name: T::NAME,
            version: T::VERSION,
            definition: T::Config::definition,
            validate: validate::<T::Config>,
            create: |settings| Ok(Box::new(T::configure(parse(settings)?)?)),
        }
    }
}

impl<T: Transform> AnyTransform for T {
    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        Transform::apply(self, record)
    }
}

impl<T: Predicate> AnyPredicate for T {
    fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
        Predicate::test(self, record)
    }
}

/// The report of all keys. Rules over several keys count once each of them is right.
pub(crate) fn validate<C: Config>(settings: &Properties) -> Report {
    let mut report = Report::of(&C::definition(), settings);
    if report.is_ok() {
        match C::read(settings) {
            Ok((_, told)) => report.take_warnings(told),
            Err(wrong) => return wrong,
        }
    }
    report
}

/// The typed settings; all that is wrong with them as one error (`ConfigException`).
pub(crate) fn parse<C: Config>(settings: &Properties) -> Result<C> {
    C::parse(settings).map_err(|report| {
        Error::fatal(report.to_string()).named("org.apache.kafka.common.config.ConfigException")
    })
}
