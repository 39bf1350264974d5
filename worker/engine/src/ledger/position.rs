//! Positions in little memory: as many wait as there are records on their way, and nearly all have the same fields.

use std::sync::Arc;

use sluice_plugin::model::{SourceOffset, Value};

/// The values of a position, and the names of their fields, which it shares with others.
#[derive(Debug)]
pub(super) struct Position {
    fields: Arc<[String]>,
    values: Values,
}

/// Nearly all positions have one field, and cost no allocation of their own.
#[derive(Debug)]
enum Values {
    One(Value),
    Many(Box<[Value]>),
}

impl Position {
    /// Keeps a position; `fields` are those of the one before it, and afterwards its own.
    pub(super) fn pack(offset: SourceOffset, fields: &mut Arc<[String]>) -> Self {
        if !offset.0.keys().eq(fields.iter()) {
            *fields = offset.0.keys().cloned().collect();
        }
        let mut values = offset.0.into_values();
        let values = match (values.len(), values.next()) {
            (1, Some(one)) => Values::One(one),
            (_, first) => Values::Many(first.into_iter().chain(values).collect()),
        };
        Self { fields: Arc::clone(fields), values }
    }

    /// The position as it was.
    pub(super) fn unpack(self) -> SourceOffset {
        let fields = self.fields.iter().cloned();
        SourceOffset(match self.values {
            Values::One(value) => fields.zip([value]).collect(),
            Values::Many(values) => fields.zip(values).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_out_as_they_went_in_and_share_what_they_can() {
        let offset = |fields: &[(&str, i64)]| {
            let one = |(name, value): &(&str, i64)| ((*name).to_owned(), Value::Int64(*value));
            SourceOffset(fields.iter().map(one).collect())
        };
        let mut fields = Arc::default();
        let offsets = [
            offset(&[("a", 1)]),
            offset(&[("a", 2)]),
            offset(&[("a", 2), ("b", 3)]),
            offset(&[]),
            offset(&[("b", 4)]),
        ];
        let packed: Vec<Position> =
            offsets.iter().map(|it| Position::pack(it.clone(), &mut fields)).collect();
        assert!(Arc::ptr_eq(&packed[0].fields, &packed[1].fields));
        let unpacked: Vec<SourceOffset> = packed.into_iter().map(Position::unpack).collect();
        assert_eq!(unpacked, offsets);
    }
}
