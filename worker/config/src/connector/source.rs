//! Keys of sources: `SourceConnectorConfig`.

use super::{Surroundings, aliases, common_definition};
use crate::{
    ConfigDef, ConfigKey, Default,
    Importance::{Low, Medium},
    Parsed,
    Type::{List, Long, String},
    Validator, Width,
};

const EXACTLY_ONCE: &str = "Exactly Once Support";

/// Keys of sources: the common ones, their own, those of aliases.
pub fn source_definition(around: &Surroundings<'_>) -> ConfigDef {
    let mut definition = common_definition(around);
    definition.keys.extend(source_keys());
    aliases::enrich(&mut definition, around);
    definition
}

fn source_keys() -> Vec<ConfigKey> {
    let at_least_zero = Validator::at_least(0);
    let interval = Validator::rule(at_least_zero.to_string(), move |name, value| match value {
        Parsed::Null => Ok(()),
        value => at_least_zero.check(name, value),
    });
    vec![
        ConfigKey::new("topic.creation.groups", List, Default::value(""), Low, "Groups of settings for topics to create.")
            .valid(aliases::unique("topic creation groups"))
            .grouped("Topic Creation", 1, Width::Long)
            .shown("Topic Creation Groups"),
        ConfigKey::new("exactly.once.support", String, Default::value("requested"), Medium, "required: the connector is refused unless it delivers exactly once; requested: it is not.")
            .valid(Validator::InAnyCase(&["requested", "required"]))
            .grouped(EXACTLY_ONCE, 2, Width::Short)
            .shown("Exactly once support"),
        ConfigKey::new("transaction.boundary", String, Default::value("poll"), Medium, "What a transaction holds: the records of one poll, those of an interval, or what the connector says.")
            .valid(Validator::InAnyCase(&["poll", "interval", "connector"]))
            .grouped(EXACTLY_ONCE, 3, Width::Short)
            .shown("Transaction Boundary"),
        ConfigKey::new("transaction.boundary.interval.ms", Long, Default::Null, Low, "Length of a transaction, in ms.")
            .valid(interval)
            .grouped(EXACTLY_ONCE, 4, Width::Short)
            .shown("Transaction boundary interval"),
        ConfigKey::new("offsets.storage.topic", String, Default::Null, Low, "Offsets topic of this connector alone.")
            .valid(Validator::NonEmpty)
            .grouped("offsets.topic", 1, Width::Long)
            .shown("Offsets topic"),
    ]
}
