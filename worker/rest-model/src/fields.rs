//! The fields of an object in a request. One that is there more than once counts as it is there last, as for Jackson; and as
//! for Jackson, none may come again once all that there can be are there.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::{Error, value::RawValue};

/// Fields that have not been read yet, in their order.
pub(crate) struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Refuses others than these, and more of them once all are there.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), Error> {
        let mut missing = known.to_vec();
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                let told = format_args!("unknown field {name:?}, expected one of {known}");
                return Err(Error::custom(told));
            }
            if missing.is_empty() {
                return Err(Error::custom(format_args!("the field {name:?} is there again")));
            }
            missing.retain(|it| it != name);
        }
        Ok(())
    }

    /// Reads a field; one that is not there is empty. The error names it.
    pub(crate) fn read<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, Error> {
        let last = self.0.iter().rev().find(|it| it.0 == name);
        let Some((_, value)) = last else { return Ok(T::default()) };
        serde_json::from_str(value.get())
            .map_err(|error| Error::custom(format_args!("{name:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Fields;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}
