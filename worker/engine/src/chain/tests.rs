//! Chains over transforms that write down that they were there.

use sluice_plugin::{
    ConnectorPlugin, ConverterPlugin, Predicate, PredicatePlugin, Transform, TransformPlugin,
    config::Config, model::SchemaAndValue,
};

use super::*;

/// Appends a mark to the topic.
struct Mark(String);

#[derive(Config)]
struct MarkConfig {
    /// The mark.
    #[config(key = "mark", importance = High)]
    mark: String,
}

impl Transform for Mark {
    type Config = MarkConfig;
    const NAME: &'static str = "x.Mark";

    fn configure(config: MarkConfig) -> plugin::Result<Self> {
        Ok(Self(config.mark))
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> plugin::Result<Verdict> {
        record.topic = format!("{}{}", record.topic, self.0).into();
        Ok(Verdict::Keep)
    }
}

/// Means records of one topic.
struct Of(String);

#[derive(Config)]
struct OfConfig {
    /// The topic.
    #[config(key = "topic", importance = High)]
    topic: String,
}

impl Predicate for Of {
    type Config = OfConfig;
    const NAME: &'static str = "x.Of";

    fn configure(config: OfConfig) -> plugin::Result<Self> {
        Ok(Self(config.topic))
    }

    fn test(&mut self, record: &ConnectRecord) -> plugin::Result<bool> {
        Ok(*record.topic == *self.0)
    }
}

struct Fake;

impl PluginSource for Fake {
    fn connector(&self, _: &str) -> Option<ConnectorPlugin> {
        None
    }

    fn converter(&self, _: &str) -> Option<ConverterPlugin> {
        None
    }

    fn transform(&self, class: &str) -> Option<TransformPlugin> {
        (class == "Mark").then(TransformPlugin::of::<Mark>)
    }

    fn predicate(&self, class: &str) -> Option<PredicatePlugin> {
        (class == "Of").then(PredicatePlugin::of::<Of>)
    }
}

/// A chain of these settings, given as `key=value`, over marks `a` and `b`.
fn chain(settings: &[&str]) -> Result<Chain, Failure> {
    let marks = [
        "transforms.a.type=Mark",
        "transforms.a.mark=1",
        "transforms.b.type=Mark",
        "transforms.b.mark=2",
        "predicates.p.type=Of",
        "predicates.p.topic=t",
    ];
    let settings = marks.iter().chain(settings).filter_map(|it| it.split_once('='));
    let settings: Properties =
        settings.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Chain::new(&Fake, &settings)
}

#[test]
fn transforms_apply_in_their_order_to_the_records_that_they_are_for() {
    for (settings, expected) in [
        (&[][..], "t"),
        (&["transforms=a"], "t1"),
        (&["transforms=a, b"], "t12"),
        (&["transforms=b,a"], "t21"),
        (&["transforms=a", "transforms.a.predicate=p"], "t1"),
        (&["transforms=a", "transforms.a.predicate=p", "transforms.a.negate=false"], "t1"),
        (&["transforms=a", "transforms.a.predicate=p", "transforms.a.negate=true"], "t"),
        (&["transforms=a", "transforms.a.predicate=p", "predicates.p.topic=u"], "t"),
        (
            &[
                "transforms=a",
                "transforms.a.predicate=p",
                "transforms.a.negate=true",
                "predicates.p.topic=u",
            ],
            "t1",
        ),
        // A predicate sees the record as the transform before has left it.
        (&["transforms=a,b", "transforms.b.predicate=p", "predicates.p.topic=t1"], "t12"),
        (&["transforms=a,b", "transforms.b.predicate=p"], "t1"),
    ] {
        let mut chain = chain(settings).expect("a chain");
        let mut record = ConnectRecord::new("t", SchemaAndValue::NULL, SchemaAndValue::NULL);
        let verdict = chain.apply(&mut 0, &mut record).expect("no error");
        assert_eq!((verdict, &*record.topic), (Verdict::Keep, expected), "{settings:?}");
    }
}

#[test]
fn settings_that_make_no_chain_are_named() {
    for (settings, expected) in [
        (&["transforms=c"][..], "transforms.c.type"),
        (&["transforms=a,c"], "transforms.c.type"),
        (
            &["transforms=a", "transforms.a.type=Of"],
            "transforms.a.type: Class Of could not be found",
        ),
        (&["transforms=c", "transforms.c.type=Mark"], "\"mark\""),
        (&["transforms=a", "transforms.a.negate=x"], "transforms.a.negate"),
        (&["transforms=a", "transforms.a.predicate=q"], "predicates.q.type"),
        (
            &["transforms=a", "transforms.a.predicate=p", "predicates.p.type=Mark"],
            "predicates.p.type: Class Mark could not be found",
        ),
        (&["transforms=a", "transforms.a.predicate=q", "predicates.q.type=Of"], "\"topic\""),
    ] {
        let failure = chain(settings).err().expect("no chain").to_string();
        assert!(failure.contains(expected), "{settings:?}: {failure}");
        assert!(failure.contains("org.apache.kafka.common.config.ConfigException: "), "{failure}");
    }
}
