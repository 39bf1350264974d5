//! Plans beside trees: whatever the text, both read the same, and what is ordinary needs no tree.

use proptest::prelude::*;

use super::*;

/// A schema and payloads of it, mostly right ones.
#[derive(Debug, Clone)]
struct Shape {
    schema: String,
    payload: BoxedStrategy<String>,
}

fn shape() -> BoxedStrategy<Shape> {
    let leaf = prop::sample::select(vec![
        ("boolean", "", "true|false"),
        ("int8", "", "-?[0-9]{1,4}"),
        ("int16", "", "-?[0-9]{1,3}"),
        ("int32", "", "-?[0-9]{1,11}"),
        ("int64", "", "-?[0-9]{1,21}"),
        ("float", "", "-?[0-9]{1,4}(\\.[0-9]{1,9})?(e-?[0-9]{1,2})?"),
        ("double", "", "-?[0-9]{1,20}(\\.[0-9]{1,9})?(E[+-]?[0-9]{1,3})?"),
        ("string", "", "\"([a-zé😀 ]|\\\\[nt\"\\\\u]|\\\\u00[0-9a-f]{2}){0,12}\""),
        ("bytes", "", "\"([A-Za-z0-9+/]{4}){0,3}([A-Z]{2}==)?\""),
        ("int32", "Date", "-?[0-9]{1,10}"),
        ("int32", "Time", "[0-9]{1,9}"),
        ("int64", "Timestamp", "-?[0-9]{1,20}"),
        ("bytes", "Decimal", "\"AQ==\"|-?[0-9]{1,20}(\\.[0-9]{1,3})?"),
        ("string", "Date", "[0-9]"),
    ]);
    let leaf = (leaf, "|,\"optional\":true|,\"optional\":true,\"default\":1").prop_map(
        |((r#type, logical, payload), rest)| {
            let name = if logical.is_empty() {
                String::new()
            } else {
                format!(
                    r#","name":"org.apache.kafka.connect.data.{logical}","parameters":{{"scale":"2"}}"#
                )
            };
            // A default has to fit its schema.
            let is_number = matches!(r#type, "int8" | "int64") && logical.is_empty();
            let rest = if rest.contains("default") && !is_number { "" } else { &rest };
            let schema = format!(r#"{{"type":"{type}"{name}{rest}}}"#);
            let payload = prop_oneof![
                12 => proptest::string::string_regex(payload).unwrap(),
                1 => Just("null".to_owned()),
            ];
            Shape { schema, payload: payload.boxed() }
        },
    );
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(array),
            (inner.clone(), prop::bool::weighted(0.8)).prop_map(|(it, text)| map(&it, text)),
            prop::collection::vec(inner, 0..5).prop_map(|it| row(&it)),
        ]
    })
    .boxed()
}

fn array(items: Shape) -> Shape {
    let schema = format!(r#"{{"type":"array","items":{}}}"#, items.schema);
    let payload = prop::collection::vec(items.payload, 0..4).prop_map(|it| {
        let items = it.join(" , ");
        format!("[ {items}]")
    });
    Shape { schema, payload: payload.boxed() }
}

fn map(values: &Shape, has_text_keys: bool) -> Shape {
    let keys = if has_text_keys { "string" } else { "int32" };
    let schema =
        format!(r#"{{"type":"map","keys":{{"type":"{keys}"}},"values":{}}}"#, values.schema);
    let entries = prop::collection::vec(("[abc]", values.payload.clone()), 0..20);
    let payload = entries.prop_map(|it| {
        let entries: Vec<_> = it.iter().map(|(key, it)| format!("\"{key}\" : {it}")).collect();
        format!("{{{}}}", entries.join(","))
    });
    Shape { schema, payload: payload.boxed() }
}

/// Mostly the members in order; else some of them are missing, come twice or come early.
fn row(fields: &[Shape]) -> Shape {
    let named: Vec<String> = fields
        .iter()
        .enumerate()
        .map(|(place, it)| format!(r#"{},"field":"f{place}"}}"#, &it.schema[..it.schema.len() - 1]))
        .collect();
    let schema = format!(r#"{{"type":"struct","fields":[{}]}}"#, named.join(","));
    let values: Vec<_> = fields.iter().map(|it| it.payload.clone()).collect();
    let places = prop_oneof![
        4 => Just((0..fields.len()).collect()),
        1 => prop::sample::subsequence((0..fields.len()).collect::<Vec<_>>(), 0..=fields.len()),
        1 => Just((0..fields.len()).collect::<Vec<_>>()).prop_shuffle(),
        1 => prop::collection::vec(0..fields.len() + 1, 0..=fields.len()),
    ];
    let payload = (values, places, " |").prop_map(|(values, places, space)| {
        let value = |place: usize| values.get(place).map_or("1", String::as_str);
        let members: Vec<_> = places
            .into_iter()
            .map(|it| format!("{space}\"f{it}\"{space}:{space}{}{space}", value(it)))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    Shape { schema, payload: payload.boxed() }
}

/// A record, and how long it is up to its payload. One byte in it may be any other.
fn record() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let payload = shape().prop_flat_map(|it| (Just(it.schema), it.payload));
    let end = prop::sample::select(vec!["}", " }", "}x", "", ",\"x\":1}", ",\"payload\":1}", "]"]);
    let end = prop_oneof![4 => Just("}"), 1 => end];
    let broken = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    (payload, end, broken).prop_map(|((schema, payload), end, broken)| {
        let beginning = format!("{{\"schema\":{schema},\"payload\":");
        let length = beginning.len();
        let mut bytes = format!("{beginning}{payload}{end}").into_bytes();
        if let Some((place, byte)) = broken.filter(|_| bytes.len() > length) {
            let place = length + place.index(bytes.len() - length);
            bytes[place] = byte;
        }
        (length, bytes)
    })
}

fn known_of(beginning: &[u8], replace_null: bool) -> Option<Known> {
    let text = [beginning, b"null}"].concat();
    let bytes = text.into();
    let document = Document::new(&bytes, 0);
    let node = node::parse(&document).unwrap().unwrap();
    let schema = schema::read(node.get("schema").unwrap(), replace_null).ok()?;
    known(&document, schema.as_ref(), replace_null)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn plans_read_as_trees_do((length, bytes) in record(), replace_null: bool) {
        let Some(known) = known_of(&bytes[..length], replace_null) else { return Ok(()) };
        prop_assert_eq!(&*known.beginning, &bytes[..length]);
        let bytes = Bytes::from(bytes);
        // As text, for which 0.0 and -0.0 differ.
        let shown = |it: &Result<SchemaAndValue>| format!("{it:?}");
        let whole = envelope(&bytes, None, true, replace_null).map(|(read, _)| read);
        if let Some(value) = known.planned(&Document::new(&bytes, length)) {
            let planned = SchemaAndValue { schema: known.schema.clone(), value };
            prop_assert_eq!(shown(&Ok(planned)), shown(&whole));
        }
        if let Some(read) = known.read(&bytes, replace_null) {
            prop_assert_eq!(shown(&read), shown(&whole));
        }
    }

    #[test]
    fn values_without_schema_read_as_trees_do((length, bytes) in record()) {
        let bytes = Bytes::from(bytes);
        let document = Document::new(&bytes, length);
        let by_tree = node::parse(&document).map(|it| it.map(|it| schemaless::of(&it)));
        // Names are met, then learnt, then expected.
        let mut keys = Keys::new();
        for _ in 0..3 {
            let direct = schemaless::document(&mut Scanner::new(&document), &mut keys);
            prop_assert_eq!(format!("{direct:?}"), format!("{by_tree:?}"));
        }
    }
}

#[test]
fn what_is_ordinary_takes_no_tree() {
    let field = |name: &str, r#type: &str| format!(r#"{{"field":"{name}",{type}}}"#);
    let fields = [
        field("a", r#""type":"int32""#),
        field("b", r#""type":"string","optional":true"#),
        field("c", r#""type":"double","optional":true,"default":1.5"#),
        field("d", r#""type":"array","items":{"type":"bytes"},"optional":true"#),
        field(
            "e",
            r#""type":"map","keys":{"type":"string"},"values":{"type":"boolean"},"optional":true"#,
        ),
        field(
            "f",
            r#""type":"int64","name":"org.apache.kafka.connect.data.Timestamp","optional":true"#,
        ),
        field("g", r#""type":"struct","fields":[{"type":"int8","field":"h"}],"optional":true"#),
    ];
    let beginning =
        format!(r#"{{"schema":{{"type":"struct","fields":[{}]}},"payload":"#, fields.join(","));
    let known = known_of(beginning.as_bytes(), true).unwrap();
    for payload in [
        r#"{"a":1,"b":"x","c":2.5,"d":["AQ=="],"e":{"k":true},"f":7,"g":{"h":1}}"#,
        r#"{ "a" : 1 , "b" : null , "d" : [ ] , "g" : { "h" : 1 } }"#,
        r#"{"a":-0,"b":"a\"b\u00e9é","c":1e3}"#,
        r#"{"\u0061":1,"g":null}"#,
        r#"{"f":7,"g":{"h":1},"a":1,"b":"x"}"#,
        r#"{"g":null,"f":7,"c":2.5,"b":"x","a":1}"#,
    ] {
        let bytes = Bytes::from(format!("{beginning}{payload}}}"));
        let planned = known.planned(&Document::new(&bytes, beginning.len()));
        let (read, added) = envelope(&bytes, None, false, true).unwrap();
        assert_eq!(planned, Some(read.value), "{payload}");
        assert!(added.is_some_and(|it| it.beginning == known.beginning));
    }
}

#[test]
fn wide_rows_are_read_in_any_order() {
    const WIDTH: usize = 300;
    let fields: Vec<String> = (0..WIDTH)
        .map(|it| format!(r#"{{"field":"f{it}","type":"int32","optional":true,"default":-1}}"#))
        .collect();
    let beginning =
        format!(r#"{{"schema":{{"type":"struct","fields":[{}]}},"payload":"#, fields.join(","));
    let known = known_of(beginning.as_bytes(), true).unwrap();
    let row = |places: &[usize]| {
        let members: Vec<String> = places.iter().map(|it| format!("\"f{it}\":{it}")).collect();
        Bytes::from(format!("{beginning}{{{}}}}}", members.join(",")))
    };
    // Beyond the first 128 fields those that were passed are left to the tree.
    for (places, is_planned) in [
        ((0..WIDTH).collect::<Vec<_>>(), true),
        ((0..WIDTH).step_by(7).collect(), true),
        ((0..128).rev().chain(128..WIDTH).collect(), true),
        (vec![127, 5, 126, 299], true),
        (vec![299, 128], false),
        (vec![3, 3], false),
        ((0..WIDTH).rev().collect(), false),
    ] {
        let bytes = row(&places);
        let planned = known.planned(&Document::new(&bytes, beginning.len()));
        let (read, _) = envelope(&bytes, None, true, true).unwrap();
        assert_eq!(planned.is_some(), is_planned, "{places:?}");
        assert!(planned.is_none_or(|it| it == read.value), "{places:?}");
    }
}

#[test]
fn each_of_many_schemas_is_found_again() {
    let mut decoder = Decoder::envelope(64, true);
    let record = |it: usize| {
        let text = format!(
            r#"{{"schema":{{"type":"struct","name":"n{it}","fields":[{{"type":"int8","field":"f"}}]}},"payload":{{"f":1}}}}"#
        );
        Bytes::from(text)
    };
    let schemas: Vec<_> = (0..64).map(|it| decoder.decode(&record(it)).unwrap().schema).collect();
    for it in (0..64).rev().chain(0..64) {
        let again = decoder.decode(&record(it)).unwrap().schema;
        let [first, again] = [&schemas[it], &again].map(|it| it.as_ref().unwrap());
        assert!(SchemaRef::ptr_eq(first, again), "{it}");
    }
}

#[test]
fn records_that_begin_alike_share_their_schema() {
    let mut decoder = Decoder::envelope(10, true);
    let mut schema = |text: &str| {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        decoder.decode(&bytes).unwrap().schema.unwrap()
    };
    let text = r#"{"schema":{"type":"int8"},"payload":1}"#;
    let first = schema(text);
    for same in [
        text,
        r#" {"payload":1,"schema":{"type" : "int8"}}"#,
        r#"{"schema":{"type":"int8"},"payload":1.5}"#,
    ] {
        assert!(SchemaRef::ptr_eq(&first, &schema(same)), "{same}");
    }
    // The last of two counts, and nothing is learned from them.
    let twice = r#"{"schema":{"type":"int16"},"payload":1,"schema":{"type":"int32"}}"#;
    assert_eq!(schema(twice).type_name(), "INT32");
    assert_eq!(schema(r#"{"schema":{"type":"int16"},"payload":1}"#).type_name(), "INT16");
}

#[test]
fn names_may_come_twice_and_in_any_order() {
    let mut keys = Keys::new();
    for text in [
        r#"{"a":1,"b":{"c":2,"d":3},"e":[{"c":4},{"d":5,"c":6}]}"#,
        r#"{"a":1,"a":2,"b":{"a":3,"a":4}}"#,
        r#"{"b":1,"new":2,"b":3,"new":4}"#,
        r#"{ "a" : 1 , "\u0061":2,"a":3}"#,
        r#"{"e":{},"a":[],"e":{"e":{"e":1},"f":2}}"#,
        r#"{"":1,"":2}"#,
    ] {
        let bytes = Bytes::from(text);
        let document = Document::new(&bytes, 0);
        let by_tree = schemaless::of(&node::parse(&document).unwrap().unwrap());
        for _ in 0..3 {
            let direct = schemaless::document(&mut Scanner::new(&document), &mut keys).unwrap();
            assert_eq!(format!("{direct:?}"), format!("{:?}", Some(&by_tree)));
        }
    }
}
