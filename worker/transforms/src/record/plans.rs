//! What a transform works out once for each schema that it meets.

use sluice_plugin::{Result, model::SchemaRef};

/// As many as Java's caches of schemas hold.
const CAPACITY: usize = 16;

/// Plans by input schema, the latest used first. A schema is compared by pointer first, then by content.
pub(crate) struct Plans<P>(Vec<(SchemaRef, P)>);

impl<P> Plans<P> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The plan for a schema, made if there is none. An error is not remembered.
    pub(crate) fn get(
        &mut self,
        schema: &SchemaRef,
        make: impl FnOnce(&SchemaRef) -> Result<P>,
    ) -> Result<&P> {
        let plans = &mut self.0;
        let same = plans.iter().position(|(known, _)| SchemaRef::ptr_eq(known, schema));
        let known = same.or_else(|| plans.iter().position(|(known, _)| known == schema));
        if let Some(at) = known {
            plans[..=at].rotate_right(1);
            if same.is_none() {
                // The next record most likely has the same pointer as this one.
                plans[0].0 = SchemaRef::clone(schema);
            }
        } else {
            let plan = make(schema)?;
            plans.truncate(CAPACITY - 1);
            plans.insert(0, (SchemaRef::clone(schema), plan));
        }
        Ok(&plans[0].1)
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::{Schema, Type};

    use super::*;

    #[test]
    fn a_plan_is_made_once_for_equal_schemas_and_few_are_kept() {
        let mut plans = Plans::new();
        let schema = |version: i32| {
            SchemaRef::new(Schema { version: Some(version), ..Schema::required(Type::Int8) })
        };
        let mut made = 0;
        for version in [1, 1, 2, 1] {
            let plan = plans.get(&schema(version), |it| {
                made += 1;
                Ok(it.version)
            });
            assert_eq!(plan.ok(), Some(&Some(version)));
        }
        assert_eq!(made, 2);
        for version in 2..100 {
            assert!(plans.get(&schema(version), |it| Ok(it.version)).is_ok());
        }
        assert_eq!(plans.0.len(), CAPACITY);
    }
}
