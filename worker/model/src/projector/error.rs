//! Why a value cannot be projected.

use crate::Invalid;

/// Why not. The texts are those of Java's exceptions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// A type does not widen to another one.
    #[error("Schema type mismatch. source type: {source_type} and target type: {target}")]
    Type {
        /// The source's.
        source_type: &'static str,
        /// The target's.
        target: &'static str,
    },
    /// Names differ.
    #[error("Schema name mismatch. source name: {source_name} and target name: {target}")]
    Name {
        /// The source's.
        source_name: String,
        /// The target's.
        target: String,
    },
    /// Parameters differ.
    #[error(
        "Schema parameters not equal. source parameters: {source_parameters} and target parameters: {target}"
    )]
    Parameters {
        /// The source's.
        source_parameters: String,
        /// The target's.
        target: String,
    },
    /// Null has nothing to become.
    #[error("Writer schema is optional, however, target schema does not provide a default value.")]
    NoDefault,
    /// A field has nothing to come from.
    #[error("Required field `{field}` is missing from source schema: {source_schema}")]
    MissingField {
        /// Its name.
        field: String,
        /// The source.
        source_schema: String,
    },
    /// A field cannot be projected.
    #[error("Error projecting {field}")]
    Field {
        /// Its name.
        field: String,
        /// Why not.
        source: Box<ProjectError>,
    },
    /// The value lacks a field that its schema has.
    #[error("{0} is not a valid field name")]
    UnknownField(String),
    /// A projected field does not fit its schema.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The value is not of the source's type (`ClassCastException`; the text is ours).
    #[error("class {class} is no value of a schema of type {expected}")]
    Class {
        /// The class of the value.
        class: &'static str,
        /// The type of the schema.
        expected: &'static str,
    },
    /// Elements, keys or values have no schema (`NullPointerException`; the text is ours).
    #[error("the parts of an array or a map have no schema")]
    Untyped,
}

impl ProjectError {
    /// The name of the Java exception.
    pub const fn java_class(&self) -> &'static str {
        match self {
            Self::UnknownField(_) | Self::Invalid(_) => {
                "org.apache.kafka.connect.errors.DataException"
            }
            Self::Class { .. } => "java.lang.ClassCastException",
            Self::Untyped => "java.lang.NullPointerException",
            _ => "org.apache.kafka.connect.errors.SchemaProjectorException",
        }
    }

    /// Whether Java catches it where it goes through the fields of a struct.
    pub(super) fn is_of_projector(&self) -> bool {
        self.java_class().ends_with("SchemaProjectorException")
    }
}
