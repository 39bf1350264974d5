//! What columns become: the schema of a table's records, and a value for each cell. Made once for the columns of a result.

mod convert;

use std::collections::HashSet;

use sluice_plugin::model::{Field, Logical, Schema, SchemaRef, Struct, Type};

use super::{NumericMapping, TimestampGranularity, settings::Mapping};
use crate::{Cell, Class, Column, DbError, SqlType};

/// What a column becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    /// Connect's Decimal of this scale.
    Decimal(i32),
    String,
    Bytes,
    Date,
    Time,
    Timestamp(TimestampGranularity),
}

/// How rows of one result become values.
#[derive(Debug)]
pub(super) struct Plan {
    columns: Vec<Column>,
    schema: SchemaRef,
    /// For each column what it becomes; none if it is left out.
    kinds: Vec<Option<Kind>>,
    mapping: Mapping,
}

impl Plan {
    /// The plan for these columns. `table` names the schema.
    pub(super) fn of(
        table: Option<&str>,
        columns: &[Column],
        mapping: &Mapping,
    ) -> Result<Self, DbError> {
        let mut names = HashSet::new();
        if let Some(twice) = columns.iter().find(|it| !names.insert(&it.name)) {
            let text = format!(
                "the result has two columns {}: give one another name in the query",
                twice.name
            );
            return Err(DbError::new(Class::Other, text));
        }
        let kinds: Vec<Option<Kind>> = columns.iter().map(|it| kind(it.r#type, mapping)).collect();
        let field = |(column, kind): (&Column, &Option<Kind>)| {
            let mut schema = schema((*kind)?);
            schema.optional = column.nullable;
            Some(Field { name: column.name.as_str().into(), schema: schema.into() })
        };
        let fields = columns.iter().zip(&kinds).filter_map(field).collect();
        let mut schema = Schema::required(Type::Struct(fields));
        if let Some(table) = table {
            schema = schema.named(table);
        }
        Ok(Self {
            columns: columns.to_vec(),
            schema: schema.into(),
            kinds,
            mapping: mapping.clone(),
        })
    }

    /// Whether it was made for these columns.
    pub(super) fn fits(&self, columns: &[Column]) -> bool {
        self.columns == columns
    }

    pub(super) const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Columns that are left out, with their types.
    pub(super) fn left_out(&self) -> Vec<String> {
        let unknown = self.columns.iter().zip(&self.kinds).filter(|it| it.1.is_none());
        unknown.map(|(it, _)| format!("{} ({})", it.name, it.type_name)).collect()
    }

    /// Columns that become Decimals, which most converters write as bytes.
    pub(super) fn decimals(&self) -> Vec<&str> {
        let decimals = self.columns.iter().zip(&self.kinds);
        decimals.filter(|it| matches!(it.1, Some(Kind::Decimal(_)))).map(|it| &*it.0.name).collect()
    }

    /// The value of a row.
    pub(super) fn value(&self, cells: Vec<Cell>) -> Result<Struct, DbError> {
        let mut values = Vec::with_capacity(self.schema.fields().len());
        for ((cell, column), kind) in cells.into_iter().zip(&self.columns).zip(&self.kinds) {
            let Some(kind) = kind else { continue };
            let value = convert::value(cell, *kind, column.nullable, &self.mapping);
            values.push(value.map_err(|why| {
                let text = format!("column {} of type {} {why}", column.name, column.type_name);
                DbError::new(Class::Data, text)
            })?);
        }
        Ok(Struct::new(self.schema.clone(), values))
    }
}

const fn kind(r#type: SqlType, mapping: &Mapping) -> Option<Kind> {
    Some(match r#type {
        SqlType::Boolean => Kind::Boolean,
        SqlType::Bit(..=8) | SqlType::TinyInt { unsigned: false } => Kind::Int8,
        SqlType::Bit(_) | SqlType::Bytes => Kind::Bytes,
        SqlType::TinyInt { unsigned: true } | SqlType::SmallInt { unsigned: false } => Kind::Int16,
        SqlType::SmallInt { unsigned: true } | SqlType::Integer { unsigned: false } => Kind::Int32,
        SqlType::Integer { unsigned: true } | SqlType::BigInt { .. } => Kind::Int64,
        SqlType::Real => Kind::Float32,
        SqlType::Double => Kind::Float64,
        SqlType::Numeric { digits } => numeric(digits, mapping.numeric),
        SqlType::Text => Kind::String,
        SqlType::Date => Kind::Date,
        SqlType::Time => Kind::Time,
        SqlType::Timestamp { .. } => Kind::Timestamp(mapping.granularity),
        SqlType::Other => return None,
    })
}

/// `numeric.mapping`. A number whose digits the column does not bound is a double to those that fit best.
const fn numeric(digits: Option<(u32, i32)>, mapping: NumericMapping) -> Kind {
    /// More digits than that do not fit 64 bits.
    const MOST: u32 = 18;
    let (precision, scale) = match (digits, mapping) {
        (None, NumericMapping::None | NumericMapping::PrecisionOnly) => return Kind::Decimal(0),
        (None, _) => return Kind::Float64,
        (Some(digits), _) => digits,
    };
    let integer = match precision {
        0..=2 => Kind::Int8,
        3..=4 => Kind::Int16,
        5..=9 => Kind::Int32,
        _ => Kind::Int64,
    };
    match mapping {
        NumericMapping::PrecisionOnly if scale == 0 && precision <= MOST => integer,
        NumericMapping::BestFit | NumericMapping::BestFitEagerDouble
            if scale < 1 && precision <= MOST =>
        {
            integer
        }
        NumericMapping::BestFit if scale > 0 && precision <= MOST => Kind::Float64,
        NumericMapping::BestFitEagerDouble if scale > 0 => Kind::Float64,
        _ => Kind::Decimal(scale),
    }
}

fn schema(kind: Kind) -> Schema {
    use TimestampGranularity as Granularity;
    let plain = match kind {
        Kind::Decimal(scale) => return Logical::Decimal.schema(scale),
        Kind::Date => return Logical::Date.schema(0),
        Kind::Time => return Logical::Time.schema(0),
        Kind::Timestamp(Granularity::Logical) => return Logical::Timestamp.schema(0),
        Kind::Timestamp(Granularity::MicrosLong | Granularity::NanosLong) | Kind::Int64 => {
            Type::Int64
        }
        Kind::Timestamp(_) | Kind::String => Type::String,
        Kind::Boolean => Type::Boolean,
        Kind::Int8 => Type::Int8,
        Kind::Int16 => Type::Int16,
        Kind::Int32 => Type::Int32,
        Kind::Float32 => Type::Float32,
        Kind::Float64 => Type::Float64,
        Kind::Bytes => Type::Bytes,
    };
    Schema::required(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_what_the_mapping_says() {
        use NumericMapping::{BestFit, BestFitEagerDouble, None as Plain, PrecisionOnly};
        for (digits, expected) in [
            (Some((2, 0)), [Kind::Decimal(0), Kind::Int8, Kind::Int8, Kind::Int8]),
            (Some((4, 0)), [Kind::Decimal(0), Kind::Int16, Kind::Int16, Kind::Int16]),
            (Some((9, 0)), [Kind::Decimal(0), Kind::Int32, Kind::Int32, Kind::Int32]),
            (Some((18, 0)), [Kind::Decimal(0), Kind::Int64, Kind::Int64, Kind::Int64]),
            (Some((19, 0)), [Kind::Decimal(0); 4]),
            (Some((10, 2)), [Kind::Decimal(2), Kind::Decimal(2), Kind::Float64, Kind::Float64]),
            (Some((38, 2)), [Kind::Decimal(2), Kind::Decimal(2), Kind::Decimal(2), Kind::Float64]),
            (Some((5, -2)), [Kind::Decimal(-2), Kind::Decimal(-2), Kind::Int32, Kind::Int32]),
            (None, [Kind::Decimal(0), Kind::Decimal(0), Kind::Float64, Kind::Float64]),
        ] {
            let seen =
                [Plain, PrecisionOnly, BestFit, BestFitEagerDouble].map(|it| numeric(digits, it));
            assert_eq!(seen, expected, "{digits:?}");
        }
    }
}
