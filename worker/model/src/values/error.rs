//! Why a value cannot become another one.

use crate::{Schema, Value, logical::LogicalError};

/// Why not. The texts are those of Java's exceptions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// There is no value, and the target needs one.
    #[error("Unable to convert a null value to a schema that requires a value")]
    Null,
    /// Nothing leads from the value to the target.
    #[error("Unable to convert {value} (class {class}) to {target}")]
    Unconvertible {
        /// The value as text.
        value: String,
        /// Its Java class.
        class: &'static str,
        /// The target: a schema, or `a number`.
        target: String,
    },
    /// The value is outside of a logical type.
    #[error(transparent)]
    Logical(#[from] LogicalError),
    /// A text is no number where only one will do (`NumberFormatException`; the text is ours).
    #[error("\"{0}\" is not a number")]
    NotANumber(String),
    /// No bytes are no decimal (`NumberFormatException`).
    #[error("Zero length BigInteger")]
    NoBytes,
    /// A text spells null where a value must be. Java runs into it (`NullPointerException`; the text is ours).
    #[error("the text spells null, which is no value to convert")]
    SpelledNull,
    /// The parts of an array or a map are all null, so that their schema cannot be told (`SchemaBuilderException`).
    #[error("type cannot be null")]
    AllNull,
    /// Arrays and maps nest deeper than [`crate::values::MAX_DEPTH`]. Java runs out of stack.
    #[error("arrays and maps nest too deeply")]
    TooDeep,
}

impl ValuesError {
    pub(crate) fn unconvertible(value: &Value, target: impl Into<String>) -> Self {
        Self::Unconvertible {
            value: value.to_string(),
            class: value.java_class(),
            target: target.into(),
        }
    }

    pub(crate) fn unconvertible_to(value: &Value, target: &Schema) -> Self {
        Self::unconvertible(value, target.to_string())
    }

    /// The name of the Java exception.
    pub const fn java_class(&self) -> &'static str {
        match self {
            Self::Null | Self::Unconvertible { .. } | Self::Logical(_) => {
                "org.apache.kafka.connect.errors.DataException"
            }
            Self::NotANumber(_) | Self::NoBytes => "java.lang.NumberFormatException",
            Self::SpelledNull => "java.lang.NullPointerException",
            Self::AllNull => "org.apache.kafka.connect.errors.SchemaBuilderException",
            Self::TooDeep => "java.lang.StackOverflowError",
        }
    }
}
