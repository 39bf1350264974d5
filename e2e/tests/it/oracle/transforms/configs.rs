//! Generated settings: all options of a plugin, right ones and wrong ones.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sluice_plugin::config::Properties;

use super::records::{HEADERS, NAMES};
use crate::oracle::generate;

/// A setting that may be there: its key and how often out of ten, and its values.
type Choice = (&'static str, u32, BoxedStrategy<String>);

/// Mostly as many headers as fields.
fn header_from() -> BoxedStrategy<Properties> {
    let operation = any_of(&["move", "copy", "move", "copy", "move", "copy", "MOVE", ""]);
    let rest = settings(vec![
        ("fields", 1, list(&NAMES)),
        ("headers", 1, list(&HEADERS)),
        ("operation", 10, operation),
        defaults(),
    ]);
    let pairs = vec((field(), select(&HEADERS[..])), 1..3);
    (pairs, rest)
        .prop_map(|(pairs, rest)| {
            let (fields, headers): (Vec<String>, Vec<&str>) = pairs.into_iter().unzip();
            let mut all = Properties::from([
                ("fields".to_owned(), fields.join(",")),
                ("headers".to_owned(), headers.join(",")),
            ]);
            all.extend(rest);
            all
        })
        .boxed()
}

/// The settings that a plugin is asked with.
pub(super) fn of(plugin: &str) -> BoxedStrategy<Properties> {
    let options = match plugin {
        "HeaderFrom" => return header_from(),
        "InsertField" | "MaskField" | "ReplaceField" | "SetSchemaMetadata" | "ValueToKey"
        | "Cast" | "ExtractField" | "Flatten" | "HoistField" | "TimestampConverter" => {
            of_parts(plugin)
        }
        _ => of_records(plugin),
    };
    settings(options)
}

/// Options of transforms that change keys or values.
fn of_parts(plugin: &str) -> Vec<Choice> {
    match plugin {
        "Cast" => vec![("spec", 10, spec()), defaults()],
        "ExtractField" => vec![
            ("field", 10, prop_oneof![3 => field(), 2 => path()].boxed()),
            ("field.syntax.version", 6, any_of(&["V1", "V2", "v2", "V2", "V3", ""])),
            defaults(),
        ],
        "Flatten" => vec![("delimiter", 5, any_of(&[".", "_", "", " x ", "é"]))],
        "HoistField" => {
            vec![("field", 10, prop_oneof![6 => field(), 1 => Just(String::new())].boxed())]
        }
        "InsertField" => vec![
            ("topic.field", 4, insertion()),
            ("partition.field", 4, insertion()),
            ("offset.field", 2, insertion()),
            ("timestamp.field", 4, insertion()),
            ("static.field", 4, insertion()),
            ("static.value", 7, any_of(&["x", "", " é ", "1"])),
            defaults(),
        ],
        "MaskField" => {
            vec![("fields", 10, list(&NAMES)), ("replacement", 4, replacement()), defaults()]
        }
        "ReplaceField" => vec![
            ("exclude", 4, list(&NAMES)),
            ("include", 3, list(&NAMES)),
            ("renames", 6, renames()),
            defaults(),
        ],
        "SetSchemaMetadata" => vec![
            ("schema.name", 6, any_of(&["n", "", "a.B", "org.apache.kafka.connect.data.Date"])),
            ("schema.version", 6, any_of(&["1", " -5 ", "+7", "x", "", "2147483648"])),
            defaults(),
        ],
        "TimestampConverter" => vec![
            ("field", 5, field()),
            (
                "target.type",
                10,
                any_of(&["string", "unix", "Date", "Time", "Timestamp", "string", "Unix"]),
            ),
            ("format", 8, format()),
            (
                "unix.precision",
                8,
                any_of(&["seconds", "milliseconds", "microseconds", "nanoseconds", "hours"]),
            ),
            defaults(),
        ],
        "ValueToKey" => vec![("fields", 10, list(&NAMES)), defaults()],
        _ => Vec::new(),
    }
}

/// Options of those that look at the record around them, and of predicates.
fn of_records(plugin: &str) -> Vec<Choice> {
    match plugin {
        "DropHeaders" => vec![("headers", 10, list(&HEADERS))],
        "InsertHeader" => vec![("header", 10, any_of(&HEADERS)), ("value.literal", 10, literal())],
        "RegexRouter" => vec![("regex", 10, pattern()), ("replacement", 10, group_text())],
        "TimestampRouter" => vec![
            (
                "topic.format",
                6,
                any_of(&[
                    "${topic}-${timestamp}",
                    "${timestamp}",
                    "x",
                    "",
                    "${topic}${topic}$1\\",
                    "$topic",
                ]),
            ),
            ("timestamp.format", 8, format()),
        ],
        "HasHeaderKey" => vec![("name", 10, any_of(&["h", "H", "a", "x y", "", "é"]))],
        "TopicNameMatches" => vec![("pattern", 10, pattern())],
        _ => Vec::new(),
    }
}

fn settings(options: Vec<Choice>) -> BoxedStrategy<Properties> {
    let options: Vec<_> = options
        .into_iter()
        .map(|(key, tenths, values)| {
            // Even what is required may be missing once.
            let chance = if tenths >= 10 { 0.98 } else { f64::from(tenths) / 10.0 };
            prop::option::weighted(chance, values)
                .prop_map(move |it| it.map(|it| (key.to_owned(), it)))
        })
        .collect();
    options.prop_map(|entries| entries.into_iter().flatten().collect()).boxed()
}

fn any_of(texts: &[&'static str]) -> BoxedStrategy<String> {
    select(texts.to_vec()).prop_map(str::to_owned).boxed()
}

fn defaults() -> Choice {
    (
        "replace.null.with.default",
        8,
        any_of(&["false", "false", "false", "false", "true", " TRUE ", "yes"]),
    )
}

fn field() -> BoxedStrategy<String> {
    any_of(&NAMES)
}

/// A list of some names, in parts with blanks, holes and repetitions.
fn list(names: &[&'static str]) -> BoxedStrategy<String> {
    let clean = select(names.to_vec()).prop_map(str::to_owned);
    let odd =
        prop_oneof![8 => clean.clone(), 1 => Just(" ".to_owned()), 1 => any_of(&[" a ", "z", ""])];
    prop_oneof![
        6 => vec(clean, 1..4),
        1 => vec(odd, 0..4),
    ]
    .prop_map(|it| it.join(","))
    .boxed()
}

fn path() -> BoxedStrategy<String> {
    let step = any_of(&["a", "b", "c", "`e.f`", "`a`", "é", "`", "a`b", "`a\\`.`", ""]);
    vec(step, 1..4).prop_map(|it| it.join(".")).boxed()
}

fn spec() -> BoxedStrategy<String> {
    let types = any_of(&[
        "int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string", "String",
        " INT8 ", "bytes", "struct", "int", "",
    ]);
    let right =
        any_of(&["int8", "int16", "int32", "int64", "float32", "float64", "boolean", "string"]);
    let pairs = |types: BoxedStrategy<String>| {
        vec((field(), types), 1..4).prop_map(|it| {
            let pairs: Vec<String> =
                it.iter().map(|(field, r#type)| format!("{field}:{type}")).collect();
            pairs.join(",")
        })
    };
    prop_oneof![
        8 => pairs(right.clone()),
        6 => right,
        1 => pairs(types.clone()),
        1 => types,
        1 => any_of(&["a:int8:int8", "a:int8,int16", "a:int8,a:string", "int8:", "a::", ""]),
    ]
    .boxed()
}

fn insertion() -> BoxedStrategy<String> {
    let name = prop_oneof![1 => field(), 3 => any_of(&["t", "p", "o", "s", "ts", "", "t!?"])];
    (name, any_of(&["", "!", "?"])).prop_map(|(name, suffix)| name + &suffix).boxed()
}

fn renames() -> BoxedStrategy<String> {
    let target = prop_oneof![1 => field(), 3 => any_of(&["x", "y", "z", "x.y"])];
    let pairs = vec((field(), target), 1..4).prop_map(|it| {
        let pairs: Vec<String> = it.iter().map(|(from, to)| format!("{from}:{to}")).collect();
        pairs.join(",")
    });
    prop_oneof![8 => pairs, 1 => any_of(&["a", "a:", ":x", "a:b:c", "a:x,,b:y", "", "a:x:", "a: x"])].boxed()
}

fn replacement() -> BoxedStrategy<String> {
    prop_oneof![
        3 => any_of(&["", "x", "0", "-7", "300", "1e3", "1e40", "1.9", "-0.0", "9223372036854775808", "NaN", "0x1"]),
        1 => generate::text(),
    ]
    .boxed()
}

fn literal() -> BoxedStrategy<String> {
    prop_oneof![
        2 => any_of(&["1", "true", "null", "1.5", "[1,2]", "{\"a\":1}", "[", "2020-01-01", "x", "", "1e400", "\"x\""]),
        1 => generate::text(),
    ]
    .boxed()
}

/// Patterns that Java reads, and some that it does not.
fn pattern() -> BoxedStrategy<String> {
    let atom = any_of(&[
        "orders",
        "o",
        ".",
        "\\w",
        "\\d",
        "\\W",
        "[a-z]",
        "[^a-z]",
        "[a-z&&[^o]]",
        "(o)",
        "(?:rs)",
        "(?<n>e)",
        "\\p{Alpha}",
        "\\p{L}",
        "\\P{Lower}",
        "\\-",
        "-",
        "_",
        "\\Qa.b\\E",
        "(?!x)",
        "(?=o)",
        "(?<=o)",
        "\\1",
        "(a|o)",
        "|",
        "\\b",
        "[\\w.-]",
        "x1",
        "\\x41",
        "\\.",
        "(?i)O",
        "^",
        "$",
        "[\\]]",
        "\\S",
        "[\\d-]",
        "(?>o|or)",
        "é",
        "[é-ü]",
        "\\u0055",
    ]);
    let quantifier = any_of(&["", "", "", "*", "+", "?", "*?", "++", "{1,3}", "{2}", "*+"]);
    let built = vec((atom, quantifier), 1..5)
        .prop_map(|it| it.into_iter().map(|(atom, quantifier)| atom + &quantifier).collect());
    prop_oneof![
        3 => built,
        3 => any_of(&[
            "orders.*", "(.*)", "(.*)-(.*)", "([a-z]+)(\\d*).*", "(?<all>.+)", ".*?([0-9]{4})-(\\d\\d)-.*",
            "\\w+", "[^.]+", "", "o|orders", "(?<a>o)(?<b>.*)",
        ]),
        1 => any_of(&["(", "[a", "*", "a**", "\\", "(?<n", "a)", "\\p{X}", "\\y", "{", "[z-a]"]),
    ]
    .boxed()
}

fn group_text() -> BoxedStrategy<String> {
    let atom = any_of(&[
        "$1", "$2", "${n}", "${all}", "$0", "x", "-", "\\$", "\\\\", "$11", "$", "${", "\\", "é",
    ]);
    prop_oneof![
        4 => any_of(&["x", "$0-new", "", "$1", "new-$1", "${all}-x"]),
        2 => vec(atom, 0..4).prop_map(|it| it.concat()),
    ]
    .boxed()
}

/// Patterns of dates.
fn format() -> BoxedStrategy<String> {
    let letter = (select("GyMdkHmsSEDFwWahKzZYuXL".chars().collect::<Vec<_>>()), 1_usize..5)
        .prop_map(|(letter, count)| letter.to_string().repeat(count));
    let literal = any_of(&["-", "/", ":", ".", " ", "'T'", "''", "", "", "é", "'a''b'", ", "]);
    let built = vec((letter, literal), 1..6)
        .prop_map(|it| it.into_iter().map(|(letter, literal)| letter + &literal).collect());
    prop_oneof![
        4 => any_of(&[
            "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "yyyyMMddHHmmss", "yyyy-MM-dd HH:mm:ss.SSS Z",
            "yy/MM/dd", "dd.MM.yyyy HH:mm", "EEE, d MMM yyyy", "hh:mm a", "YYYY-'W'ww-u", "yyyy-DDD",
            "yyyy-MM-dd'T'HH:mm:ssXXX", "G y", "yyyy MM W F E",
        ]),
        4 => built,
        1 => any_of(&["", " ", "b", "yyyy'", "XXXX", "''", "x"]),
    ]
    .boxed()
}
