//! Every transform and predicate keeps what its trait asks for.

use sluice_plugin::{
    Predicate, PredicatePlugin, Properties, Transform, TransformPlugin,
    conformance::{Broken, TransformCase, predicate, transform},
};
use sluice_transforms::{
    Cast, DropHeaders, ExtractField, Filter, Flatten, HasHeaderKey, HeaderFrom, HoistField,
    InsertField, InsertHeader, MaskField, OfPart, OnKey, OnValue, RecordIsTombstone, RegexRouter,
    ReplaceField, SetSchemaMetadata, TimestampConverter, TimestampRouter, TopicNameMatches,
    ValueToKey,
};

fn settings(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn case<T: Transform>(pairs: &[(&str, &str)]) -> TransformCase {
    TransformCase::new(TransformPlugin::of::<T>(), settings(pairs))
}

/// A transform for keys and for values, with the same settings.
fn both<T: OfPart>(pairs: &[(&str, &str)]) -> Result<(), Broken> {
    transform(&case::<OnKey<T>>(pairs))?;
    transform(&case::<OnValue<T>>(pairs))
}

/// One that leaves a schema beside a value which that does not describe, as the same one of Java does.
fn both_without_validation<T: OfPart>(pairs: &[(&str, &str)]) -> Result<(), Broken> {
    transform(&case::<OnKey<T>>(pairs).leaves_validation())?;
    transform(&case::<OnValue<T>>(pairs).leaves_validation())
}

#[test]
fn those_of_keys_and_values_do() -> Result<(), Broken> {
    both::<Cast>(&[("spec", "a:string,id:int64,name:boolean")])?;
    // The name of a logical type stays where the type of the whole value is another one.
    both_without_validation::<Cast>(&[("spec", "string")])?;
    // The field of a row that is null is null.
    both_without_validation::<ExtractField>(&[("field", "id")])?;
    let path = [("field", "a.b"), ("field.syntax.version", "V2")];
    both_without_validation::<ExtractField>(&path)?;
    both::<Flatten>(&[])?;
    both::<HeaderFrom>(&[("fields", "id"), ("headers", "h"), ("operation", "move")])?;
    both::<HoistField>(&[("field", "whole")])?;
    both::<InsertField>(&[("topic.field", "topic"), ("static.field", "s"), ("static.value", "v")])?;
    both::<MaskField>(&[("fields", "email,phone")])?;
    both::<ReplaceField>(&[("exclude", "email"), ("renames", "a:c")])?;
    // A logical type under another name is none.
    both_without_validation::<SetSchemaMetadata>(&[("schema.name", "n"), ("schema.version", "2")])?;
    both::<TimestampConverter>(&[("field", "ts"), ("target.type", "unix")])?;
    both::<TimestampConverter>(&[("target.type", "string"), ("format", "yyyy-MM-dd")])
}

#[test]
fn those_of_records_do() -> Result<(), Broken> {
    transform(&case::<DropHeaders>(&[("headers", "a,b")]))?;
    transform(&case::<Filter>(&[]))?;
    transform(&case::<InsertHeader>(&[("header", "h"), ("value.literal", "5")]))?;
    transform(&case::<RegexRouter>(&[("regex", "(a+)(.*)"), ("replacement", "$2-$1")]))?;
    transform(&case::<TimestampRouter>(&[]))?;
    transform(&case::<ValueToKey>(&[("fields", "id")]))
}

#[test]
fn predicates_do() -> Result<(), Broken> {
    fn check<P: Predicate>(pairs: &[(&str, &str)]) -> Result<(), Broken> {
        predicate(PredicatePlugin::of::<P>(), &settings(pairs))
    }
    check::<HasHeaderKey>(&[("name", "a")])?;
    check::<RecordIsTombstone>(&[])?;
    check::<TopicNameMatches>(&[("pattern", "a+.*")])
}
