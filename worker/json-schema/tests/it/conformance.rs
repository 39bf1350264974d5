//! The converter keeps what converters owe.

use sluice_json_schema::JsonSchemaConverter;
use sluice_plugin::{
    ConverterRole, Properties,
    conformance::{Broken, ConverterCase, converter},
};

#[test]
fn it_does_for_values_and_for_keys() -> Result<(), Broken> {
    for (role, scope) in [(ConverterRole::Value, "values"), (ConverterRole::Key, "keys")] {
        let url = format!("mock://json-conformance-{scope}");
        let settings = Properties::from([("schema.registry.url".to_owned(), url)]);
        // Schemas come back with the version of the registry; properties that are missing are null, as in Java.
        let case = ConverterCase::new(&JsonSchemaConverter, settings).role(role);
        converter(&case.expected(|_| None).leaves_validation())?;
    }
    Ok(())
}
