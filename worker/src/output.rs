//! What commands that run nothing print: text for people, JSON for programs.

use std::io::Write as _;

use anyhow::Result;
use serde::Serialize;
use sluice_rest_model::CheckedFile;

/// A value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Writes to standard output; nobody may be listening any more, as behind `head`.
pub(crate) fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A line for the connector, and one for each key that there is something to say about. Values do not show.
pub(crate) fn checked(checked: &CheckedFile) -> String {
    let name = checked.connector.as_ref().unwrap_or(&checked.file);
    if let Some(error) = &checked.error {
        return format!("{name}: {error}\n");
    }
    let mut rows: Vec<[&str; 3]> = Vec::new();
    rows.extend(checked.errors.iter().map(|it| [it.key.as_str(), "error", it.message.as_str()]));
    let warnings = checked.warnings.iter();
    rows.extend(warnings.map(|it| [it.key.as_str(), "warning", it.message.as_str()]));
    rows.extend(checked.unknown.iter().map(|it| [it, "warning", "nobody knows this key"]));
    let elsewhere = "its value stands elsewhere and is not read";
    rows.extend(checked.unchecked.iter().map(|it| [it, "not checked", elsewhere]));
    let verdict = match checked.errors.len() {
        0 => "nothing wrong".to_owned(),
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let (keys, words) = (width(0), width(1));
    let rows =
        rows.iter().map(|[key, word, text]| format!("  {key:keys$}  {word:words$}  {text}\n"));
    format!("{name}: {verdict}\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use sluice_rest_model::KeyError;

    use super::*;

    #[test]
    fn people_read_a_table() {
        let told = |key: &str, message: &str| KeyError {
            key: key.to_owned(),
            message: message.to_owned(),
        };
        let all = CheckedFile {
            connector: Some("a".to_owned()),
            errors: vec![told("tasks.max", "is wrong")],
            warnings: vec![told("mapping", "is odd")],
            unchecked: vec!["password".to_owned()],
            unknown: vec!["flie".to_owned()],
            ..CheckedFile::default()
        };
        let expected = "a: 1 error\n\
                        \x20 tasks.max  error        is wrong\n\
                        \x20 mapping    warning      is odd\n\
                        \x20 flie       warning      nobody knows this key\n\
                        \x20 password   not checked  its value stands elsewhere and is not read\n";
        assert_eq!(checked(&all), expected);
        let right = CheckedFile { connector: Some("a".to_owned()), ..CheckedFile::default() };
        assert_eq!(checked(&right), "a: nothing wrong\n");
        let none = CheckedFile {
            file: "f".to_owned(),
            error: Some("gone".to_owned()),
            ..CheckedFile::default()
        };
        assert_eq!(checked(&none), "f: gone\n");
    }
}
