//! A definition as documentation: a Markdown table with a row for each key, in the order of [`ConfigDef::sorted`].

use std::fmt::Write as _;

use crate::{AnyClass, ConfigDef, ConfigKey, Default};

impl ConfigDef {
    /// Tables of the keys, one under each heading. Nothing if there are no keys.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        let mut heading = None;
        for (index, key) in self.sorted().into_iter().enumerate() {
            if index == 0 || heading != key.group.as_ref() {
                heading = key.group.as_ref();
                text.push_str(if index == 0 { "" } else { "\n" });
                if let Some(heading) = heading {
                    let _ = writeln!(text, "## {heading}\n");
                }
                text.push_str("| key | type | default | valid values | importance | meaning |\n");
                text.push_str("|---|---|---|---|---|---|\n");
            }
            text.push_str(&row(key));
        }
        text
    }
}

fn row(key: &ConfigKey) -> String {
    let valid = key.validator.as_ref().map(ToString::to_string).unwrap_or_default();
    let cells = [
        format!("`{}`", key.name),
        key.r#type.to_string().to_lowercase(),
        default(key),
        valid,
        key.importance.to_string().to_lowercase(),
        key.documentation.to_string(),
    ];
    let cells = cells.map(|it| it.replace('|', "\\|").replace('\n', " "));
    format!("| {} |\n", cells.join(" | "))
}

fn default(key: &ConfigKey) -> String {
    match (&key.default, key.default_text(&AnyClass)) {
        (Default::Required, _) => "required".to_owned(),
        (_, None) => "none".to_owned(),
        (_, Some(text)) if text.is_empty() => "empty".to_owned(),
        (_, Some(text)) => {
            let number = text.parse().ok();
            let said = number.and_then(|it| in_words(&key.name, it));
            format!("`{text}`{}", said.map(|it| format!(" ({it})")).unwrap_or_default())
        }
    }
}

/// A time or a size in the largest unit that leaves no rest, if the key's name says that it is one.
fn in_words(name: &str, number: i64) -> Option<String> {
    let units: &[(i64, &str)] = match name.rsplit('.').next() {
        Some("ms") => &[(1000, "second"), (60, "minute"), (60, "hour"), (24, "day")],
        Some("bytes") => {
            &[(1024, "kibibyte"), (1024, "mebibyte"), (1024, "gibibyte"), (1024, "tebibyte")]
        }
        _ => return None,
    };
    let (mut rest, mut unit) = (number, None);
    for (size, name) in units {
        if rest == 0 || rest % size != 0 {
            break;
        }
        (rest, unit) = (rest / size, Some(name));
    }
    unit.map(|it| format!("{rest} {it}{}", if rest == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Importance, Type, Validator, Width};

    #[test]
    fn keys_become_rows_under_their_headings() {
        let key = |name: &'static str, r#type, default| {
            ConfigKey::new(name, r#type, default, Importance::High, "What it | does.")
        };
        let definition = ConfigDef {
            keys: vec![
                key("b.ms", Type::Long, Default::value("60000"))
                    .valid(Validator::at_least(0))
                    .grouped("Times", 1, Width::None),
                key("a", Type::String, Default::Required),
            ],
        };
        let head = "| key | type | default | valid values | importance | meaning |\n|---|---|---|---|---|---|\n";
        assert_eq!(
            definition.to_markdown(),
            format!(
                "{head}| `a` | string | required |  | high | What it \\| does. |\n\n## Times\n\n\
                 {head}| `b.ms` | long | `60000` (1 minute) | [0,...] | high | What it \\| does. |\n"
            )
        );
        assert_eq!(ConfigDef::default().to_markdown(), "");
    }

    #[test]
    fn numbers_are_said_in_the_largest_unit() {
        for (name, number, expected) in [
            ("a.ms", 300_000, Some("5 minutes")),
            ("a.ms", 86_400_000, Some("1 day")),
            ("a.ms", 1_500, None),
            ("a.ms", 0, None),
            ("a.bytes", 33_554_432, Some("32 mebibytes")),
            ("a.count", 1000, None),
        ] {
            assert_eq!(in_words(name, number).as_deref(), expected, "{name} {number}");
        }
    }
}
