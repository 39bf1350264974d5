//! The scalar types of Protobuf and the messages that wrap them.

use prost_reflect::Kind;
use sluice_plugin::model::{Schema, Type};

use crate::options::parameter;

/// A scalar type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Int32,
    Sint32,
    Sfixed32,
    Uint32,
    Fixed32,
    Int64,
    Sint64,
    Sfixed64,
    Uint64,
    Fixed64,
    Float,
    Double,
    Bool,
    String,
    Bytes,
}

use Scalar::{
    Bool, Bytes, Double, Fixed32, Fixed64, Float, Int32, Int64, Sfixed32, Sfixed64, Sint32, Sint64,
    String, Uint32, Uint64,
};

/// The file of the wrappers.
pub(crate) const WRAPPERS: &str = "google/protobuf/wrappers.proto";

/// The wrappers in the order of their file, which is their index as well.
const WRAPPED: [(Scalar, &str); 9] = [
    (Double, "google.protobuf.DoubleValue"),
    (Float, "google.protobuf.FloatValue"),
    (Int64, "google.protobuf.Int64Value"),
    (Uint64, "google.protobuf.UInt64Value"),
    (Int32, "google.protobuf.Int32Value"),
    (Uint32, "google.protobuf.UInt32Value"),
    (Bool, "google.protobuf.BoolValue"),
    (String, "google.protobuf.StringValue"),
    (Bytes, "google.protobuf.BytesValue"),
];

impl Scalar {
    /// The word of the language.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Int32 => "int32",
            Sint32 => "sint32",
            Sfixed32 => "sfixed32",
            Uint32 => "uint32",
            Fixed32 => "fixed32",
            Int64 => "int64",
            Sint64 => "sint64",
            Sfixed64 => "sfixed64",
            Uint64 => "uint64",
            Fixed64 => "fixed64",
            Float => "float",
            Double => "double",
            Bool => "bool",
            String => "string",
            Bytes => "bytes",
        }
    }

    /// What a Connect schema of a plain value becomes; none for those that have parts. The parameter of integers counts.
    ///
    /// # Errors
    /// Where the parameter is no type of such integers.
    pub(crate) fn of(schema: &Schema) -> Result<Option<Self>, std::string::String> {
        let (plain, others): (Self, &[Self]) = match schema.r#type {
            Type::Int8 | Type::Int16 => (Int32, &[]),
            Type::Int32 => (Int32, &[Sint32, Sfixed32]),
            Type::Int64 => (Int64, &[Uint32, Fixed32, Uint64, Sint64, Fixed64, Sfixed64]),
            Type::Float32 => (Float, &[]),
            Type::Float64 => (Double, &[]),
            Type::Boolean => (Bool, &[]),
            Type::String => (String, &[]),
            Type::Bytes => (Bytes, &[]),
            _ => return Ok(None),
        };
        let Some(wished) = schema.parameters.get(parameter::TYPE).filter(|_| !others.is_empty())
        else {
            return Ok(Some(plain));
        };
        let mut known = others.iter().chain([&plain]);
        let found = known.find(|it| it.name() == &**wished).copied();
        found.map(Some).ok_or_else(|| {
            format!(
                "The parameter {} is \"{wished}\", which is no type of such integers",
                parameter::TYPE
            )
        })
    }

    /// The message that wraps the type, where Connect uses it for values that may be null.
    pub(crate) fn wrapper(self) -> &'static str {
        let wrapped = match self {
            Sint32 | Sfixed32 => Int32,
            Fixed32 => Uint32,
            Fixed64 => Uint64,
            Sint64 | Sfixed64 => Int64,
            other => other,
        };
        WRAPPED[wrapped.place()].1
    }

    /// The type that a message wraps.
    pub(crate) fn wrapped_by(message: &str) -> Option<Self> {
        WRAPPED.iter().find(|(_, name)| *name == message).map(|(scalar, _)| *scalar)
    }

    /// The place of the type's wrapper in their file.
    pub(crate) fn place(self) -> usize {
        WRAPPED.iter().position(|(scalar, _)| *scalar == self).unwrap_or_default()
    }
}

/// The scalar type of a field; none if it is a message or an enum.
pub(crate) const fn scalar_of(kind: &Kind) -> Option<Scalar> {
    Some(match kind {
        Kind::Double => Double,
        Kind::Float => Float,
        Kind::Int32 => Int32,
        Kind::Int64 => Int64,
        Kind::Uint32 => Uint32,
        Kind::Uint64 => Uint64,
        Kind::Sint32 => Sint32,
        Kind::Sint64 => Sint64,
        Kind::Fixed32 => Fixed32,
        Kind::Fixed64 => Fixed64,
        Kind::Sfixed32 => Sfixed32,
        Kind::Sfixed64 => Sfixed64,
        Kind::Bool => Bool,
        Kind::String => String,
        Kind::Bytes => Bytes,
        Kind::Message(_) | Kind::Enum(_) => return None,
    })
}
