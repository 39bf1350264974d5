//! `Filter`: drops records.

use sluice_config::Config;
use sluice_plugin::{Result, Transform, Verdict, model::ConnectRecord};

/// [`Filter`] has no keys.
#[derive(Debug, Config)]
pub struct NoConfig {}

/// Drops every record that it gets. A predicate says which ones that are.
pub struct Filter;

impl Transform for Filter {
    type Config = NoConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.Filter";

    fn configure(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn apply(&mut self, _: &mut ConnectRecord) -> Result<Verdict> {
        Ok(Verdict::Drop)
    }
}
