//! The plugins, each with the settings and records that it is asked with.

use proptest::prelude::*;
use proptest::strategy::Union;
use sluice_plugin::{PredicatePlugin, TransformPlugin};
use sluice_transforms::{
    Cast, DropHeaders, ExtractField, Filter, Flatten, HasHeaderKey, HeaderFrom, HoistField,
    InsertField, InsertHeader, MaskField, OfPart, OnKey, OnValue, RecordIsTombstone, RegexRouter,
    ReplaceField, SetSchemaMetadata, TimestampConverter, TimestampRouter, TopicNameMatches,
    ValueToKey,
};

use super::{Case, configs, records};

/// Makes a plugin of settings.
#[derive(Clone, Copy)]
pub(super) enum Maker {
    Transform(TransformPlugin),
    Predicate(PredicatePlugin),
}

impl std::fmt::Debug for Maker {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Maker")
    }
}

/// A plugin with the classes that it has.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) makers: &'static [Maker],
}

const fn parts<T: OfPart>() -> [Maker; 2] {
    [
        Maker::Transform(TransformPlugin::of::<OnKey<T>>()),
        Maker::Transform(TransformPlugin::of::<OnValue<T>>()),
    ]
}

const fn family(name: &'static str, makers: &'static [Maker]) -> Family {
    Family { name, makers }
}

pub(super) const FAMILIES: [Family; 19] = [
    family("Cast", const { &parts::<Cast>() }),
    family("DropHeaders", const { &[Maker::Transform(TransformPlugin::of::<DropHeaders>())] }),
    family("ExtractField", const { &parts::<ExtractField>() }),
    family("Filter", const { &[Maker::Transform(TransformPlugin::of::<Filter>())] }),
    family("Flatten", const { &parts::<Flatten>() }),
    family("HeaderFrom", const { &parts::<HeaderFrom>() }),
    family("HoistField", const { &parts::<HoistField>() }),
    family("InsertField", const { &parts::<InsertField>() }),
    family("InsertHeader", const { &[Maker::Transform(TransformPlugin::of::<InsertHeader>())] }),
    family("MaskField", const { &parts::<MaskField>() }),
    family("RegexRouter", const { &[Maker::Transform(TransformPlugin::of::<RegexRouter>())] }),
    family("ReplaceField", const { &parts::<ReplaceField>() }),
    family("SetSchemaMetadata", const { &parts::<SetSchemaMetadata>() }),
    family("TimestampConverter", const { &parts::<TimestampConverter>() }),
    family(
        "TimestampRouter",
        const { &[Maker::Transform(TransformPlugin::of::<TimestampRouter>())] },
    ),
    family("ValueToKey", const { &[Maker::Transform(TransformPlugin::of::<ValueToKey>())] }),
    family("HasHeaderKey", const { &[Maker::Predicate(PredicatePlugin::of::<HasHeaderKey>())] }),
    family(
        "RecordIsTombstone",
        const { &[Maker::Predicate(PredicatePlugin::of::<RecordIsTombstone>())] },
    ),
    family(
        "TopicNameMatches",
        const { &[Maker::Predicate(PredicatePlugin::of::<TopicNameMatches>())] },
    ),
];

/// The cases of a plugin, now of one of its classes, now of the other.
pub(super) fn cases(family: &Family) -> BoxedStrategy<Case> {
    Union::new(family.makers.iter().map(|maker| of_class(family.name, *maker))).boxed()
}

fn of_class(name: &'static str, maker: Maker) -> BoxedStrategy<Case> {
    let class = match maker {
        Maker::Transform(plugin) => plugin.name,
        Maker::Predicate(plugin) => plugin.name,
    };
    let part = match name {
        "Cast" => records::part(records::simple_field(), records::simple()),
        "TimestampConverter" => records::part(records::moment_field(), records::moment()),
        "MaskField" => records::part(records::maskable_field(), records::any_value()),
        "DropHeaders" | "Filter" | "InsertHeader" | "RegexRouter" | "TimestampRouter"
        | "HasHeaderKey" | "RecordIsTombstone" | "TopicNameMatches" => records::small(),
        _ => records::part(records::any_field(), records::any_value()),
    };
    let is_endless = name == "TimestampConverter";
    (configs::of(name), records::record(part, class.ends_with("$Key")))
        .prop_map(move |(config, mut record)| {
            // Java gives such a default the schema that it is the default of, which has no end.
            if is_endless {
                records::without_default(&mut record.key);
                records::without_default(&mut record.value);
            }
            Case { class, maker, config, record }
        })
        .boxed()
}
