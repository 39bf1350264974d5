//! The one login module of `sasl.jaas.config`, parsed and never loaded: only the modules that map to a
//! mechanism of ours are known, all others are refused by name. No value shows up in an error.

use std::collections::BTreeMap;

use super::SettingsError;

/// `sasl.jaas.config`, taken apart.
#[derive(PartialEq, Eq)]
pub(super) struct LoginModule {
    /// Java class.
    pub(super) class: String,
    /// Options, such as `username`.
    pub(super) options: BTreeMap<String, String>,
}

/// Parses `CLASS FLAG [NAME=VALUE]... ;` with values plain, in double or in single quotes.
pub(super) fn parse(text: &str) -> Result<LoginModule, SettingsError> {
    let tokens = tokens(text)?;
    let mut tokens = tokens.into_iter();
    let Some(Token::Word(class)) = tokens.next() else {
        return Err(malformed("Login module not specified in JAAS config"));
    };
    match tokens.next() {
        Some(Token::Word(flag)) if is_flag(&flag) => {}
        _ => return Err(malformed("Login module control flag not specified in JAAS config")),
    }
    let mut options = BTreeMap::new();
    loop {
        match tokens.next() {
            Some(Token::End) => break,
            Some(Token::Word(name)) => {
                if tokens.next() != Some(Token::Equals) {
                    return Err(malformed("an option has no '='"));
                }
                let Some(Token::Word(value)) = tokens.next() else {
                    return Err(malformed("an option has no value"));
                };
                options.insert(name, value);
            }
            Some(Token::Equals) => return Err(malformed("a value has no option")),
            None => return Err(malformed("JAAS config entry not terminated by semi-colon")),
        }
    }
    if tokens.next().is_some() {
        return Err(malformed("JAAS config property contains more than one login module"));
    }
    Ok(LoginModule { class, options })
}

#[derive(PartialEq, Eq)]
enum Token {
    Word(String),
    Equals,
    End,
}

fn is_flag(word: &str) -> bool {
    ["required", "requisite", "sufficient", "optional"]
        .iter()
        .any(|flag| word.eq_ignore_ascii_case(flag))
}

fn tokens(text: &str) -> Result<Vec<Token>, SettingsError> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '=' => found.push(Token::Equals),
            ';' => found.push(Token::End),
            '"' | '\'' => found.push(Token::Word(quoted(&mut rest, next)?)),
            blank if blank.is_whitespace() => {}
            first => {
                let mut word = String::from(first);
                while let Some(more) =
                    rest.next_if(|it| !it.is_whitespace() && !matches!(it, '=' | ';' | '"' | '\''))
                {
                    word.push(more);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

/// Reads up to the closing quote; a backslash takes the escapes of Java's `StreamTokenizer`.
fn quoted(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    quote: char,
) -> Result<String, SettingsError> {
    let mut word = String::new();
    while let Some(next) = rest.next() {
        match next {
            '\\' => match rest.next() {
                Some('n') => word.push('\n'),
                Some('r') => word.push('\r'),
                Some('t') => word.push('\t'),
                Some(other) => word.push(other),
                None => break,
            },
            end if end == quote => return Ok(word),
            '\n' | '\r' => break,
            other => word.push(other),
        }
    }
    Err(malformed("a quote is not closed"))
}

fn malformed(reason: &'static str) -> SettingsError {
    SettingsError::Invalid { key: "sasl.jaas.config", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, class and options.
    type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

    #[test]
    fn modules_are_taken_apart() {
        let rows: &[Row] = &[
            (
                r#"a.PlainLoginModule required username="alice" password="s;e=c\"r et";"#,
                "a.PlainLoginModule",
                &[("username", "alice"), ("password", "s;e=c\"r et")],
            ),
            (
                "a.Scram REQUIRED username=bob\n password='x\\\\y' ;",
                "a.Scram",
                &[("username", "bob"), ("password", "x\\y")],
            ),
            ("a.B required;", "a.B", &[]),
        ];
        for (text, class, options) in rows {
            let module = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let options: BTreeMap<String, String> =
                options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!((module.class.as_str(), module.options), (*class, options));
        }
    }

    #[test]
    fn malformed_modules_are_refused_without_their_values() {
        for text in [
            "",
            "a.B",
            "a.B required username=hunter2",
            "a.B required password=\"hunter2;",
            "a.B required =hunter2;",
            "a.B required hunter2;",
            "a.B required; a.C required password=hunter2;",
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
