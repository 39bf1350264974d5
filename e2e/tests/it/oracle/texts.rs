//! Generated texts that look like numbers, dates, arrays and maps, or nearly so.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::generate;

/// What a text is cut, stuffed and changed with.
const PIECES: [&str; 40] = [
    "\"",
    "\\",
    ":",
    ",",
    "{",
    "}",
    "[",
    "]",
    " ",
    "\t",
    "\n",
    "null",
    "true",
    "false",
    "-",
    "+",
    ".",
    "e",
    "E",
    "0",
    "1",
    "9",
    "T",
    "Z",
    "\\:",
    "\\\"",
    "\\\\",
    "é",
    "😀",
    "\u{661}",
    "\u{ff19}",
    "\u{0}",
    "\u{1f}",
    "\u{a0}",
    "\u{2003}",
    "NaN",
    "∞",
    "[]",
    "{}",
    "00:00:00.000Z",
];

/// A text for `Values.parseString`.
pub(crate) fn value() -> BoxedStrategy<String> {
    let right = prop_oneof![4 => nested(), 2 => number(), 2 => temporal(), 1 => generate::text()];
    prop_oneof![3 => right.clone(), 2 => broken(right.boxed())].boxed()
}

/// A text with one or two places changed.
fn broken(texts: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let change = (any::<Index>(), 0..3_usize, select(PIECES.to_vec()));
    (texts, prop::collection::vec(change, 1..3))
        .prop_map(|(text, changes)| {
            let mut characters: Vec<String> = text.chars().map(String::from).collect();
            for (at, removed, piece) in changes {
                let at = at.index(characters.len() + 1);
                let end = (at + removed).min(characters.len());
                characters.splice(at..end, [piece.to_owned()]);
            }
            characters.concat()
        })
        .boxed()
}

fn number() -> BoxedStrategy<String> {
    let exponent =
        prop_oneof![4 => -50_i64..50, 1 => -400_i64..400, 1 => any::<i32>().prop_map(i64::from)];
    prop_oneof![
        2 => generate::integer().prop_map(|it| it.to_string()),
        2 => "[+-]?[0-9]{0,24}(\\.[0-9]{0,24})?",
        2 => ("[+-]?[0-9]{0,4}(\\.[0-9]{0,24})?", select(vec!["e", "E", "e+", "e0"]), exponent)
            .prop_map(|(digits, e, exponent)| format!("{digits}{e}{exponent}")),
        // Longer than what is read at once.
        1 => ("[+-]?[1-9]", "[0-9]{1,30}", 16..60_usize, "(\\.[0-9])?")
            .prop_map(|(first, digits, times, rest)| format!("{first}{}{rest}", digits.repeat(times))),
        1 => "[+-]?[0-9]{1,3}0{0,25}(\\.0{0,25})?([eE]-?[0-9]{1,2})?",
        1 => select(vec![
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "10000000000000000000",
            "10000000000000000001", "3.4028235e38", "3.4028236e38", "1.7976931348623157e308", "1.8e308", "1e2147483647",
            "1e-2147483647", "1e2147483648", "1e-2147483648", "0e2147483648", "-0", "-0.0", "0x10", "1_000", "1f", "1L",
            "1e00000000005", "1e99999999999", "16777217.5", "0.1", "1.0000001",
        ]).prop_map(str::to_owned),
    ]
    .boxed()
}

/// Dates, times and timestamps: those that are right, with fields of other lengths, and with other characters inside.
fn temporal() -> BoxedStrategy<String> {
    let field = |most: u32| {
        prop_oneof![4 => (0..=most).prop_map(|it| format!("{it:02}")), 1 => "-?[0-9]{0,5}", 1 => "[0-9 \t]{0,3}", 1 => "-?[0-9]{1,2}E-?[0-9]{1,2}"].boxed()
    };
    let year = prop_oneof![3 => "[0-2][0-9]{3}", 1 => "[0-9]{1,6}", 1 => "-?[0-9]{1,3}", 1 => "[1-9]E[0-9]", 1 => Just("1582".to_owned())];
    let date = (year, field(13), field(32)).prop_map(|(y, m, d)| format!("{y}-{m}-{d}")).boxed();
    let colon = select(vec![":", ":", ":", "\\:"]);
    let time = (field(25), field(60), field(61), field(999), colon)
        .prop_map(|(h, m, s, ms, colon)| format!("{h}{colon}{m}{colon}{s}.{ms}Z"))
        .boxed();
    let both = (date.clone(), time.clone()).prop_map(|(date, time)| format!("{date}T{time}"));
    let one = prop_oneof![date, time, both];
    // Only what has the length of its pattern is looked at.
    let fitted = (one.clone(), select(vec![10_usize, 13, 24]), select(vec!["x", "0", " ", "Z"]))
        .prop_map(|(text, length, filler)| {
            let mut text: String = text.chars().take(length).collect();
            while text.chars().count() < length {
                text.push_str(filler);
            }
            text
        });
    let plain = prop_oneof![
        "[12][0-9]{3}-[01][0-9]-[0-3][0-9]",
        "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z",
        "[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z",
    ];
    prop_oneof![3 => plain, 1 => one, 2 => fitted].boxed()
}

/// Arrays and maps of everything, with blanks between.
fn nested() -> BoxedStrategy<String> {
    let quoted = prop_oneof![2 => generate::text().boxed(), 1 => temporal(), 1 => number()]
        .prop_map(|it| format!("\"{}\"", it.replace('\\', "\\\\").replace('"', "\\\"")));
    let literal =
        select(vec!["null", "true", "false", "1", "2", "300", "70000"]).prop_map(str::to_owned);
    let leaf = prop_oneof![3 => quoted, 2 => literal, 2 => number(), 2 => temporal()];
    let blank = || select(vec!["", "", "", " ", "  ", "\t"]);
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..5);
        let same = (inner.clone(), 1..4_usize).prop_map(|(item, count)| vec![item; count]);
        let entries = prop::collection::vec((inner.clone(), inner), 0..5);
        prop_oneof![
            (prop_oneof![3 => items, 1 => same], blank()).prop_map(|(items, blank)| format!(
                "[{blank}{}{blank}]",
                items.join(&format!("{blank},"))
            )),
            (entries, blank(), select(vec![",", ",", ",", " "])).prop_map(
                |(entries, blank, comma)| {
                    let entries: Vec<String> = entries
                        .iter()
                        .map(|(key, value)| format!("{key}{blank}:{blank}{value}"))
                        .collect();
                    format!("{{{}}}", entries.join(&format!("{comma}{blank}")))
                }
            ),
        ]
    })
    .boxed()
}
