//! The transforms of a connector, in order, each with the predicate that says which records it is for
//! (`TransformationChain`).

use std::sync::Arc;

use sluice_plugin::{
    self as plugin, AnyPredicate, AnyTransform, Properties, Verdict, model::ConnectRecord,
};

use crate::{
    plugins::PluginSource,
    settings::{boolean_at, under},
    trace::Failure,
};

/// The chain of one task.
#[derive(Default)]
pub(crate) struct Chain {
    links: Vec<Link>,
}

struct Link {
    class: Arc<str>,
    transform: Box<dyn AnyTransform>,
    predicate: Option<Condition>,
}

struct Condition {
    predicate: Box<dyn AnyPredicate>,
    negate: bool,
}

impl Chain {
    /// Makes the transforms that a connector names in `transforms`.
    pub(crate) fn new(plugins: &dyn PluginSource, connector: &Properties) -> Result<Self, Failure> {
        let links = aliases(connector).map(|alias| Link::new(plugins, connector, alias));
        Ok(Self { links: links.collect::<Result<_, _>>()? })
    }

    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Applies the transforms from number `next` on. After an error `next` is the one that failed, and the record is
    /// as that one got it.
    pub(crate) fn apply(
        &mut self,
        next: &mut usize,
        record: &mut ConnectRecord,
    ) -> plugin::Result<Verdict> {
        while let Some(link) = self.links.get_mut(*next) {
            if link.apply(record)? == Verdict::Drop {
                return Ok(Verdict::Drop);
            }
            *next += 1;
        }
        Ok(Verdict::Keep)
    }

    /// The class of a transform.
    pub(crate) fn class(&self, number: usize) -> Arc<str> {
        self.links.get(number).map_or_else(|| "".into(), |it| Arc::clone(&it.class))
    }
}

impl Link {
    fn new(
        plugins: &dyn PluginSource,
        connector: &Properties,
        alias: &str,
    ) -> Result<Self, Failure> {
        let settings = under(connector, &format!("transforms.{alias}."));
        let key = format!("transforms.{alias}.type");
        let class = settings.get("type").ok_or_else(|| missing(&key))?.trim();
        let plugin = plugins.transform(class).ok_or_else(|| unknown(&key, class))?;
        let negate = boolean_at(&settings, "negate", &format!("transforms.{alias}.negate"))?;
        let predicate = settings.get("predicate").map(|it| it.trim()).filter(|it| !it.is_empty());
        Ok(Self {
            class: plugin.name.into(),
            transform: (plugin.create)(&settings).map_err(wrapped)?,
            predicate: predicate
                .map(|name| Condition::new(plugins, connector, name, negate.unwrap_or(false)))
                .transpose()?,
        })
    }

    #[inline]
    fn apply(&mut self, record: &mut ConnectRecord) -> plugin::Result<Verdict> {
        if let Some(condition) = &mut self.predicate
            && condition.predicate.test(record)? == condition.negate
        {
            return Ok(Verdict::Keep);
        }
        self.transform.apply(record)
    }
}

impl Condition {
    fn new(
        plugins: &dyn PluginSource,
        connector: &Properties,
        name: &str,
        negate: bool,
    ) -> Result<Self, Failure> {
        let settings = under(connector, &format!("predicates.{name}."));
        let key = format!("predicates.{name}.type");
        let class = settings.get("type").ok_or_else(|| missing(&key))?.trim();
        let plugin = plugins.predicate(class).ok_or_else(|| unknown(&key, class))?;
        Ok(Self { predicate: (plugin.create)(&settings).map_err(wrapped)?, negate })
    }
}

/// The names that a connector has given its transforms, in order.
pub(crate) fn aliases(connector: &Properties) -> impl Iterator<Item = &str> {
    let aliases = connector.get("transforms").map_or("", String::as_str);
    aliases.split(',').map(str::trim).filter(|it| !it.is_empty())
}

/// As `ConnectorConfig.initializeTransformations` wraps what goes wrong there.
fn wrapped(error: plugin::Error) -> Failure {
    let failure = Failure::from(error);
    let message = failure.headline();
    failure.within(message)
}

fn missing(key: &str) -> Failure {
    Failure::of(
        "org.apache.kafka.common.config.ConfigException",
        format!("Missing required configuration \"{key}\" which has no default value."),
    )
}

fn unknown(key: &str, class: &str) -> Failure {
    Failure::of(
        "org.apache.kafka.common.config.ConfigException",
        format!("Invalid value {class} for configuration {key}: Class {class} could not be found."),
    )
}

#[cfg(test)]
mod tests;
