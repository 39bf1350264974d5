//! The names of a row's fields as they stand in JSON text, made once for each schema.

use sluice_plugin::model::{Schema, Type};

use super::encode::write_string;

/// For a struct schema, the text before each value and the names within it; nothing for other schemas.
pub(super) struct Names(Vec<(Box<str>, Names)>);

impl Names {
    /// Names that are not known.
    pub(super) const NONE: &Self = &Self(Vec::new());

    pub(super) fn of(schema: &Schema) -> Self {
        let Type::Struct(fields) = &schema.r#type else { return Self(Vec::new()) };
        let named = fields.iter().map(|field| {
            let mut text = ",".to_owned();
            write_string(&mut text, &field.name);
            text.push(':');
            (text.into(), Self::of(&field.schema))
        });
        Self(named.collect())
    }

    /// What stands before the value of a field, such as `,"name":`, and the names within the value.
    pub(super) fn field(&self, index: usize) -> Option<(&str, &Self)> {
        let (text, names) = self.0.get(index)?;
        Some((&text[usize::from(index == 0)..], names))
    }
}
