//! Those of `DistributedHerderTest` about exactly-once support, transaction boundaries and names of groups.

use async_trait::async_trait;
use sluice_config::{ConfigDef, ConfigValue};
use sluice_plugin::{Error, Result, SourceContext, SourceTask};

use super::*;

/// A source that says this of itself.
struct Source {
    support: fn() -> Result<Option<ExactlyOnceSupport>>,
    boundaries: fn() -> Result<bool>,
}

#[async_trait]
impl AnySourceConnector for Source {
    fn name(&self) -> &'static str {
        "Source"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn validate(&self, _: &Properties) -> Report {
        Report::default()
    }

    async fn split(&self, _: &Properties, _: usize) -> Result<Vec<Properties>> {
        Ok(Vec::new())
    }

    fn exactly_once_support(&self, _: &Properties) -> Result<Option<ExactlyOnceSupport>> {
        (self.support)()
    }

    fn defines_transactions(&self, _: &Properties) -> Result<bool> {
        (self.boundaries)()
    }

    async fn open(&self, _: &Properties, _: SourceContext) -> Result<Box<dyn SourceTask>> {
        Err(Error::fatal("no task"))
    }
}

const fn source() -> Source {
    Source { support: || Ok(Some(ExactlyOnceSupport::Supported)), boundaries: || Ok(true) }
}

/// The errors of both keys.
fn errors(source: &Source, is_enabled: bool, support: &str, boundary: &str) -> [Vec<String>; 2] {
    let mut report = Report {
        values: [(SUPPORT, support), (BOUNDARY, boundary)]
            .map(|(key, value)| ConfigValue::new(key, Some(value.to_owned())))
            .into(),
    };
    check_source(&Nullable::new(), source, is_enabled, &mut report);
    [SUPPORT, BOUNDARY].map(|key| report.value(key).map(|it| it.errors.clone()).unwrap_or_default())
}

#[test]
fn a_source_that_must_deliver_exactly_once_is_asked_whether_it_does() {
    const DISABLED: &str = "This worker does not have exactly-once source support enabled.";
    let unsupported =
        || Source { support: || Ok(Some(ExactlyOnceSupport::Unsupported)), ..source() };
    let unknown = || Source { support: || Ok(None), ..source() };
    let failing = || Source { support: || Err(Error::fatal("time to be failing")), ..source() };
    let silent = || Source { support: || Err(Error::fatal(" ")), ..source() };
    for (source, is_enabled, support, expected) in [
        (source(), true, "required", &[][..]),
        (source(), true, "REQUIRED", &[]),
        (source(), false, "required", &[DISABLED]),
        (source(), false, "requested", &[]),
        (unsupported(), true, "requested", &[]),
        (
            unsupported(),
            true,
            "required",
            &["does not support exactly-once semantics with the provided"],
        ),
        (unsupported(), false, "required", &[DISABLED, "does not support exactly-once semantics"]),
        (
            unknown(),
            true,
            "required",
            &["does not implement the API required for preflight validation"],
        ),
        (
            failing(),
            true,
            "required",
            &["An unexpected error occurred during validation: time to be failing"],
        ),
        (silent(), true, "required", &["please see the worker logs for more details."]),
    ] {
        let [errors, none] = errors(&source, is_enabled, support, "poll");
        assert!(none.is_empty(), "{none:?}");
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(error.contains(expected), "{error}");
        }
    }
}

#[test]
fn a_source_that_is_to_end_transactions_is_asked_whether_it_does() {
    let unable = || Source { boundaries: || Ok(false), ..source() };
    let failing = || Source { boundaries: || Err(Error::fatal("wait I thought")), ..source() };
    for (source, boundary, expected) in [
        (source(), "connector", None),
        (unable(), "poll", None),
        (unable(), "interval", None),
        (unable(), "connector", Some("does not support connector-defined transaction boundaries")),
        (
            failing(),
            "connector",
            Some("An unexpected error occurred during validation: wait I thought"),
        ),
    ] {
        let [none, errors] = errors(&source, true, "requested", boundary);
        assert!(none.is_empty(), "{none:?}");
        assert_eq!(errors.len(), usize::from(expected.is_some()), "{errors:?}");
        assert!(errors.iter().zip(expected).all(|(error, it)| error.contains(it)), "{errors:?}");
    }
}

#[test]
fn a_sink_whose_consumers_would_join_the_workers_is_refused() {
    const OVERRIDE: &str = "consumer.override.group.id";
    for (settings, key, expected) in [
        (&[("name", "sink")][..], "name", None),
        (
            &[("name", "cluster")],
            "name",
            Some(
                "Consumer group for sink connector named cluster conflicts with Connect worker group connect-cluster",
            ),
        ),
        (&[("name", "cluster"), (OVERRIDE, "mine")], OVERRIDE, None),
        (
            &[("name", "sink"), (OVERRIDE, "connect-cluster")],
            OVERRIDE,
            Some(
                "Consumer group connect-cluster conflicts with Connect worker group connect-cluster",
            ),
        ),
    ] {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), Some((*value).to_owned()));
        let settings: Nullable = settings.iter().map(own).collect();
        let name = ConfigValue::new("name", settings["name"].clone());
        let mut report = Report { values: vec![name] };
        check_group(&settings, "connect-cluster", &mut report);
        let errors: Vec<&String> = report.values.iter().flat_map(|it| &it.errors).collect();
        assert_eq!(errors, expected.as_slice(), "{settings:?}");
        assert!(report.value(key).is_some(), "{settings:?}");
    }
}
