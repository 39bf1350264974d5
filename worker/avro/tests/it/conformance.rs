//! The converter keeps what converters owe.

use sluice_avro::AvroConverter;
use sluice_plugin::{
    ConverterRole, Properties,
    conformance::{Broken, ConverterCase, converter},
};

fn settings(entries: &[(&str, &str)]) -> Properties {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn it_does_for_values_and_for_keys() -> Result<(), Broken> {
    for (role, scope) in [(ConverterRole::Value, "values"), (ConverterRole::Key, "keys")] {
        let url = format!("mock://conformance-{scope}");
        let settings = settings(&[("schema.registry.url", &url), ("scrub.invalid.names", "true")]);
        // Schemas come back with the version of the registry, and names scrubbed; the oracle compares all of that.
        converter(&ConverterCase::new(&AvroConverter, settings).role(role).expected(|_| None))?;
    }
    Ok(())
}
