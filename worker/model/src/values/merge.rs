//! The one schema for the parts of an array or a map (`Values.SchemaMerger`).

use crate::SchemaRef;

/// What is known of the parts so far.
#[derive(Default)]
pub(super) enum Common {
    /// No part had a schema yet.
    #[default]
    Open,
    /// This schema is that of all.
    One(SchemaRef),
    /// They have none in common.
    Mixed,
}

impl Common {
    /// Takes the schema of one more part into account; nulls have none.
    pub(super) fn merge(&mut self, next: Option<&SchemaRef>) {
        let Some(next) = next else { return };
        *self = match std::mem::take(self) {
            Self::Open => Self::One(next.clone()),
            Self::One(known) => wider(known, next).map_or(Self::Mixed, Self::One),
            Self::Mixed => Self::Mixed,
        };
    }

    /// The schema that is common to all.
    pub(super) fn into_schema(self) -> Option<SchemaRef> {
        match self {
            Self::One(schema) => Some(schema),
            Self::Open | Self::Mixed => None,
        }
    }
}

/// The schema that holds the values of both. Of two with the same type it is the newer, whatever their names are: that
/// makes the days of a date out of a number that came before it.
fn wider(known: SchemaRef, next: &SchemaRef) -> Option<SchemaRef> {
    if std::mem::discriminant(&known.r#type) == std::mem::discriminant(&next.r#type) {
        return Some(next.clone());
    }
    let (left, right) = (known.r#type.width()?, next.r#type.width()?);
    Some(if left < right { next.clone() } else { known })
}
