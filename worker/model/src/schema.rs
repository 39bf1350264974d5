//! Schemas: the types of `org.apache.kafka.connect.data.Schema`.

mod kept;

use std::{fmt, ops::Deref, sync::Arc};

use crate::{Parameters, Value};

/// A schema shared by the records that have it. One that is the same in every program, such as that of plain bytes, is
/// shared without a count.
#[derive(Clone)]
pub struct SchemaRef(Shared);

#[derive(Clone)]
enum Shared {
    Constant(&'static Schema),
    Counted(Arc<Schema>),
}

impl SchemaRef {
    /// Shares a schema.
    pub fn new(schema: Schema) -> Self {
        Self(Shared::Counted(Arc::new(schema)))
    }

    /// Shares a schema that lives for ever.
    pub const fn constant(schema: &'static Schema) -> Self {
        Self(Shared::Constant(schema))
    }

    /// Whether both are the same schema in memory.
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        std::ptr::eq(&raw const **left, &raw const **right)
    }
}

impl Deref for SchemaRef {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        match &self.0 {
            Shared::Constant(schema) => schema,
            Shared::Counted(schema) => schema,
        }
    }
}

impl From<Schema> for SchemaRef {
    fn from(schema: Schema) -> Self {
        Self::new(schema)
    }
}

impl PartialEq for SchemaRef {
    fn eq(&self, other: &Self) -> bool {
        Self::ptr_eq(self, other) || **self == **other
    }
}

impl fmt::Debug for SchemaRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

/// The physical type of a value (`org.apache.kafka.connect.data.Schema.Type`).
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Signed 8-bit integer.
    Int8,
    /// Signed 16-bit integer.
    Int16,
    /// Signed 32-bit integer.
    Int32,
    /// Signed 64-bit integer.
    Int64,
    /// IEEE 754 single.
    Float32,
    /// IEEE 754 double.
    Float64,
    /// True or false.
    Boolean,
    /// Unicode text.
    String,
    /// Uninterpreted bytes.
    Bytes,
    /// An ordered sequence of values of one schema.
    Array(SchemaRef),
    /// Pairs of a key schema and a value schema.
    Map(SchemaRef, SchemaRef),
    /// Named fields in a fixed order.
    Struct(Vec<Field>),
    /// None: Java's null instead of the schema of elements, keys or values, which [`crate::values`] leaves where an
    /// array or a map is empty or mixed. Never the type of a whole value.
    Untyped,
}

impl Type {
    /// The place in the order in which numbers widen; none of other types.
    pub(crate) const fn width(&self) -> Option<u8> {
        Some(match self {
            Self::Int8 => 0,
            Self::Int16 => 1,
            Self::Int32 => 2,
            Self::Int64 => 3,
            Self::Float32 => 4,
            Self::Float64 => 5,
            _ => return None,
        })
    }
}

/// A member of a struct schema. Its place in the list is its index in [`crate::Struct`].
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name, unique in its struct.
    pub name: Arc<str>,
    /// Schema of the values.
    pub schema: SchemaRef,
}

/// Type, optionality and description of a value. Equality covers every part, as in Java.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Physical type with the schemas of its parts.
    pub r#type: Type,
    /// Whether null is a value.
    pub optional: bool,
    /// Name, for structs and logical types.
    pub name: Option<Arc<str>>,
    /// Version of the named schema.
    pub version: Option<i32>,
    /// Human text.
    pub doc: Option<Arc<str>>,
    /// What stands in for a missing value.
    pub default: Option<Value>,
    /// Free parameters of a logical type, such as a decimal's scale.
    pub parameters: Parameters,
}

impl Schema {
    /// A required schema of the type, with no name.
    pub const fn required(r#type: Type) -> Self {
        Self {
            r#type,
            optional: false,
            name: None,
            version: None,
            doc: None,
            default: None,
            parameters: Parameters::new(),
        }
    }

    /// An optional schema of the type, with no name.
    pub const fn optional(r#type: Type) -> Self {
        let mut schema = Self::required(r#type);
        schema.optional = true;
        schema
    }

    /// The same schema under a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The schema, unless it stands for none ([`Type::Untyped`]): what it describes has no schema then.
    pub fn known(&self) -> Option<&Self> {
        (!matches!(self.r#type, Type::Untyped)).then_some(self)
    }

    /// The fields of a struct schema; none for other types.
    pub fn fields(&self) -> &[Field] {
        if let Type::Struct(fields) = &self.r#type { fields } else { &[] }
    }

    /// The index of a field by name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields().iter().position(|field| &*field.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_schemas_are_compared_by_content() {
        static CONSTANT: Schema = Schema::optional(Type::Bytes);
        let constant = SchemaRef::constant(&CONSTANT);
        let counted = SchemaRef::new(Schema::optional(Type::Bytes));
        assert_eq!(constant, counted);
        assert!(!SchemaRef::ptr_eq(&constant, &counted));
        assert!(SchemaRef::ptr_eq(&counted, &counted.clone()));
        assert!(SchemaRef::ptr_eq(&constant, &SchemaRef::constant(&CONSTANT)));
        assert_ne!(constant, SchemaRef::from(Schema::required(Type::Bytes)));
    }
}
