//! What widens, what stands in, and what is refused in which words.

use super::*;

fn field(name: &str, schema: Schema) -> Field {
    Field { name: name.into(), schema: schema.into() }
}

fn row(fields: Vec<Field>) -> Schema {
    Schema::required(Type::Struct(fields))
}

fn with_default(schema: Schema, default: Value) -> Schema {
    Schema { default: Some(default), ..schema }
}

#[test]
fn values_become_those_of_the_target() {
    let required = Schema::required;
    let optional = Schema::optional;
    for (source, value, target, expected) in [
        (required(Type::Int8), Value::Int8(-1), required(Type::Int64), Value::Int64(-1)),
        (required(Type::Int64), Value::Int64(3), required(Type::Float32), Value::Float32(3.0)),
        (required(Type::String), Value::from("a"), optional(Type::String), Value::from("a")),
        (optional(Type::String), Value::Null, optional(Type::String), Value::Null),
        (
            optional(Type::Int8),
            Value::Null,
            with_default(required(Type::Int16), Value::Int16(9)),
            Value::Int16(9),
        ),
        (
            required(Type::Array(required(Type::Int8).into())),
            Value::Array(vec![Value::Int8(1)]),
            required(Type::Array(required(Type::Int16).into())),
            Value::Array(vec![Value::Int16(1)]),
        ),
        (
            required(Type::Map(required(Type::Int64).into(), required(Type::Int8).into())),
            // Both keys are the same single.
            Value::Map(vec![
                (Value::Int64(16_777_216), Value::Int8(1)),
                (Value::Int64(16_777_217), Value::Int8(2)),
            ]),
            required(Type::Map(required(Type::Float32).into(), required(Type::Int8).into())),
            Value::Map(vec![(Value::Float32(16_777_216.0), Value::Int8(2))]),
        ),
    ] {
        let target = SchemaRef::new(target);
        assert_eq!(project(&source, &value, &target), Ok(expected), "{source} to {}", *target);
    }
}

#[test]
fn fields_come_by_name() {
    let source = SchemaRef::new(row(vec![
        field("a", Schema::required(Type::Int8)),
        field("gone", Schema::required(Type::Int8)),
    ]));
    let target = SchemaRef::new(row(vec![
        field("missing", Schema::optional(Type::Int8)),
        field("default", with_default(Schema::required(Type::Int8), Value::Int8(7))),
        field("a", Schema::required(Type::Int32)),
    ]));
    let value = Value::Struct(Struct::new(source.clone(), vec![Value::Int8(1), Value::Int8(2)]));
    let expected = vec![Value::Null, Value::Int8(7), Value::Int32(1)];
    let expected = Value::Struct(Struct::new(target.clone(), expected));
    assert_eq!(project(&source, &value, &target), Ok(expected));
}

#[test]
fn what_does_not_fit_is_told_in_java_s_words() {
    let required = Schema::required;
    let struct_of = |schema| row(vec![field("f", schema)]);
    let value_of = |schema: &Schema, value| {
        Value::Struct(Struct::new(SchemaRef::new(schema.clone()), vec![value]))
    };
    let (source, target) = (struct_of(required(Type::String)), struct_of(required(Type::Int8)));
    let wrong_field = value_of(&source, Value::from("a"));
    for (source, value, target, expected) in [
        (
            required(Type::Int16),
            Value::Int16(1),
            required(Type::Int8),
            "Schema type mismatch. source type: INT16 and target type: INT8",
        ),
        (
            required(Type::Int8).named("a"),
            Value::Int8(1),
            required(Type::Int8),
            "Schema name mismatch. source name: a and target name: null",
        ),
        (
            Schema::optional(Type::Int8),
            Value::Int8(1),
            required(Type::Int8),
            "Writer schema is optional, however, target schema does not provide a default value.",
        ),
        (source, wrong_field, target, "Error projecting f"),
        (
            row(vec![]),
            Value::Struct(Struct::new(row(vec![]).into(), vec![])),
            struct_of(required(Type::Int8)),
            "Required field `f` is missing from source schema: Schema{STRUCT}",
        ),
    ] {
        let error = project(&source, &value, &SchemaRef::new(target)).expect_err(expected);
        assert_eq!(error.to_string(), expected);
        assert!(error.is_of_projector());
    }
}
