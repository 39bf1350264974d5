//! What a record costs in `JsonConverter` and beside it, in nanoseconds: `cargo bench -p sluice-converters`.
//!
//! Records are slices of one buffer, as they come from Kafka. Each figure is the best and the median of some rounds; a
//! word as argument chooses the lines that hold it.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sluice_converters::{ByteArrayConverter, JsonConverter, StringConverter};
use sluice_plugin::config::Properties;
use sluice_plugin::model::SchemaAndValue;
use sluice_plugin::{Converter, ConverterFactory, ConverterRole};

/// Records of a batch.
const RECORDS: usize = 500;
const ROUNDS: usize = 201;
const ROUND: Duration = Duration::from_millis(3);

const FLAT: &str = r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"name"},{"type":"double","optional":true,"field":"amount"},{"type":"string","optional":true,"field":"city"},{"type":"int32","optional":true,"field":"age"}],"optional":false,"name":"customer"},"payload":"#;

fn flat(number: usize) -> String {
    format!(
        r#"{{"id":{},"name":"customer-{number}","amount":{}.25,"city":"Amsterdam","age":{}}}"#,
        1_000_000 + number,
        number % 1000,
        20 + number % 60
    )
}

fn nested(number: usize) -> String {
    let row = flat(number);
    format!(
        r#"{{"before":null,"after":{row},"op":"c","tags":["a","b"],"source":{{"table":"customers","position":{number}}}}}"#
    )
}

fn batch(record: impl Fn(usize) -> String) -> Vec<Bytes> {
    let texts: Vec<String> = (0..RECORDS).map(record).collect();
    let mut all = BytesMut::new();
    for text in &texts {
        all.extend_from_slice(text.as_bytes());
    }
    let mut all = all.freeze();
    texts.iter().map(|it| all.split_to(it.len())).collect()
}

fn converter(factory: &dyn ConverterFactory, schemas: bool) -> Box<dyn Converter> {
    let settings = Properties::from([("schemas.enable".to_owned(), schemas.to_string())]);
    factory.create(&settings, ConverterRole::Value).expect("the settings are right")
}

/// Prints nanoseconds per call of `once`, which is called with the number of each record in turn.
fn line(name: &str, size: usize, mut once: impl FnMut(usize)) {
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    if wanted.is_some_and(|it| !name.contains(&it)) {
        return;
    }
    let mut figures: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < ROUND {
                (0..RECORDS).for_each(&mut once);
                calls += RECORDS;
            }
            start.elapsed().as_nanos() as f64 / calls as f64
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    let (best, median) = (figures[0], figures[ROUNDS / 2]);
    let _ = writeln!(std::io::stdout(), "| {name} | {size} | {best:.0} | {median:.0} |");
}

fn both_ways(name: &str, factory: &dyn ConverterFactory, schemas: bool, records: &[Bytes]) {
    let size = records[RECORDS / 2].len();
    let mut made = converter(factory, schemas);
    let mut decode = |number: usize| {
        made.decode("topic", Some(records[number].clone())).expect("the record is right")
    };
    let read: Vec<SchemaAndValue> = (0..RECORDS).map(&mut decode).collect();
    line(&format!("decode {name}"), size, |number| {
        black_box(decode(number));
    });
    line(&format!("encode {name}"), size, |number| {
        let SchemaAndValue { schema, value } = &read[number];
        black_box(made.encode("topic", schema.as_ref(), value).expect("what was read is right"));
    });
}

fn main() {
    let _ = writeln!(
        std::io::stdout(),
        "| converter | bytes | best ns | median ns |\n|---|---|---|---|"
    );
    let payload = batch(flat);
    both_ways("bytes", &ByteArrayConverter, false, &payload);
    both_ways("string", &StringConverter, false, &payload);
    both_ways("json without schema, flat", &JsonConverter, false, &payload);
    both_ways("json without schema, nested", &JsonConverter, false, &batch(nested));
    let envelope = batch(|it| format!("{FLAT}{}}}", flat(it)));
    both_ways("json with schema, flat", &JsonConverter, true, &envelope);
    let late =
        |it: usize| format!("{FLAT}{}}}", flat(it).replacen("\"id\"", "\"later\":1,\"id\"", 1));
    both_ways("json with schema, unplanned member", &JsonConverter, true, &batch(late));
}
