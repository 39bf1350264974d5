//! Allocations per record, counted by the allocator itself.

use bytes::{Bytes, BytesMut};
use sluice_converters::{ByteArrayConverter, JsonConverter, StringConverter};
use sluice_plugin::config::Properties;
use sluice_plugin::conformance::{CountingAllocator, allocations};
use sluice_plugin::{Converter, ConverterFactory, ConverterRole};

#[global_allocator]
static COUNTING: CountingAllocator = CountingAllocator;

/// Records of a batch.
const RECORDS: usize = 1000;

const SCHEMA: &str = r#"{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"name"},{"type":"double","optional":true,"field":"amount"},{"type":"boolean","optional":true,"field":"active"},{"type":"string","optional":true,"field":"city"},{"type":"int32","optional":true,"field":"age"}],"optional":false}"#;

fn payload(number: usize) -> String {
    format!(
        r#"{{"id":{number},"name":"customer {number}","amount":{number}.5,"active":true,"city":"Århus","age":null}}"#
    )
}

fn envelope(number: usize) -> String {
    format!(r#"{{"schema":{SCHEMA},"payload":{}}}"#, payload(number))
}

/// Records as slices of one buffer, as they come from Kafka.
fn batch(record: impl Fn(usize) -> String) -> Vec<Bytes> {
    let texts: Vec<String> = (0..RECORDS).map(record).collect();
    let mut all = BytesMut::from(texts.concat().as_bytes()).freeze();
    texts.iter().map(|it| all.split_to(it.len())).collect()
}

fn converter(factory: &dyn ConverterFactory, schemas: bool) -> Box<dyn Converter> {
    let settings = Properties::from([("schemas.enable".to_owned(), schemas.to_string())]);
    factory.create(&settings, ConverterRole::Value).expect("the settings are right")
}

/// How many allocations a record costs, once it has come twice. What comes out is kept until all are done.
fn per_record<T>(mut once: impl FnMut(usize) -> T) -> f64 {
    let mut kept = Vec::with_capacity(RECORDS);
    once(0);
    once(0);
    let before = allocations();
    kept.extend((0..RECORDS).map(once));
    (allocations() - before) as f64 / RECORDS as f64
}

fn check(factory: &dyn ConverterFactory, schemas: bool, records: &[Bytes], most: [f64; 2]) {
    let mut made = converter(factory, schemas);
    let mut read = Vec::with_capacity(RECORDS + 2);
    let reading = per_record(|it| {
        read.push(made.decode("topic", Some(records[it].clone())).expect("the record is right"));
    });
    let written = per_record(|it| {
        let of = &read[it];
        made.encode("topic", of.schema.as_ref(), &of.value).expect("what was read is right")
    });
    assert!(reading <= most[0] && written <= most[1], "{}: {reading}, {written}", factory.name());
}

#[test]
fn a_flat_row_with_its_schema_is_one_allocation() {
    check(&JsonConverter, true, &batch(envelope), [1.01, 0.1]);
}

#[test]
fn a_flat_map_is_one_allocation() {
    check(&JsonConverter, false, &batch(payload), [1.01, 0.1]);
}

#[test]
fn bytes_and_text_go_through_without_any() {
    for factory in [&ByteArrayConverter as &dyn ConverterFactory, &StringConverter] {
        check(factory, false, &batch(payload), [0.0, 0.0]);
    }
}
