//! Reading and writing of manifests as YAML: local files of the user, never network input.
//!
//! The only module that knows the YAML library. Errors name the file, the line and, where there is one, the field.
//! A plain `yes`, `no`, `on`, `off`, `y` or `n` as a value is refused: this parser reads text, kubectl reads a boolean.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod booleans;
mod lines;

/// Largest text that is read.
pub const MAX_BYTES: usize = 4 << 20;

/// What is wrong with a manifest, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The file, as it was named by the caller.
    pub file: Arc<str>,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// Path of the field, such as `spec.replicas`.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        formatter.write_str(": ")?;
        if let Some(field) = &self.field {
            write!(formatter, "{field}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file it is from.
    pub file: Arc<str>,
    /// The line it starts on, from 1.
    pub line: usize,
    /// Its content as JSON.
    pub value: Value,
    /// Where it stands in the document of the file; empty if it is all of it.
    prefix: String,
    /// The text of that document, after as many empty lines as precede it in the file: positions in it are positions in the file.
    text: String,
}

impl Document {
    /// Reads it as a type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.prefix.is_empty() {
            return serde_yaml::from_str(&self.text).map_err(|error| located(&self.file, &error));
        }
        let read = serde_json::from_value(self.value.clone());
        read.map_err(|error| self.refuse(None, error.to_string()))
    }

    /// Itself, or the items of a List as kubectl writes it, each where it stands in the file.
    pub fn items(self) -> Vec<Self> {
        let is_list = self.text_of("kind").is_some_and(|kind| kind.ends_with("List"));
        let Some(items) = self.value["items"].as_array().filter(|_| is_list) else {
            return vec![self];
        };
        let item = |(index, value): (usize, &Value)| {
            let prefix = format!("items[{index}]");
            let line = lines::locate(&self.text, &prefix).unwrap_or(self.line);
            Self { value: value.clone(), line, prefix, ..self.clone() }
        };
        items.iter().enumerate().map(item).collect()
    }

    /// A field of text at the top level (`kind`, `apiVersion`).
    pub fn text_of(&self, field: &str) -> Option<&str> {
        self.value.get(field).and_then(Value::as_str)
    }

    /// An error of this document that its caller found.
    pub fn refuse(&self, field: Option<&str>, message: impl Into<String>) -> Error {
        let path = match (self.prefix.as_str(), field) {
            ("", path) => path.map(str::to_owned),
            (prefix, None) => Some(prefix.to_owned()),
            (prefix, Some(path)) => Some(format!("{prefix}.{path}")),
        };
        let line = path.and_then(|path| lines::locate(&self.text, &path));
        Error {
            file: Arc::clone(&self.file),
            line: Some(line.unwrap_or(self.line)),
            field: field.map(str::to_owned),
            message: message.into(),
        }
    }
}

/// Reads all documents of a text. Empty documents are left out.
pub fn read(file: &str, text: &str) -> Result<Vec<Document>, Error> {
    let file: Arc<str> = file.into();
    if text.len() > MAX_BYTES {
        let message = format!("has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(Error { file, line: None, field: None, message });
    }
    if let Some(found) = booleans::find(text) {
        let booleans::Found { line, word, means } = found;
        let message = format!(
            "plain `{word}` is read as a boolean by kubectl and as text here: write \"{word}\" or {means}"
        );
        return Err(Error { file, line: Some(line), field: None, message });
    }
    let mut documents = Vec::new();
    for (line, text) in split(text) {
        let value: Value = serde_yaml::from_str(&text).map_err(|error| located(&file, &error))?;
        if !value.is_null() {
            let (file, prefix) = (Arc::clone(&file), String::new());
            documents.push(Document { file, line, value, prefix, text });
        }
    }
    Ok(documents)
}

/// Writes a value as one document.
pub fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_yaml::to_string(value).map(|text| booleans::quote(&text)).map_err(|error| Error {
        file: "output".into(),
        line: None,
        field: None,
        message: error.to_string(),
    })
}

/// The documents of a text with their first lines. A line that starts with three dashes separates documents wherever
/// it stands, also inside quotes and block scalars.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut documents = Vec::new();
    let mut current = (1, String::new());
    for (index, line) in text.lines().enumerate() {
        if line == "---" || line.starts_with("--- ") {
            let next = (index + 1, "\n".repeat(index));
            documents.push(std::mem::replace(&mut current, next));
        }
        current.1.push_str(line);
        current.1.push('\n');
    }
    documents.push(current);
    documents.retain(|(_, text)| !text.trim().is_empty());
    for (first, text) in &mut documents {
        *first = 1 + text.lines().position(has_content).unwrap_or(*first - 1);
    }
    documents
}

fn has_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && line != "---"
}

fn located(file: &Arc<str>, error: &serde_yaml::Error) -> Error {
    let text = error.to_string();
    let line = error.location().map(|location| location.line());
    let text = match text.rfind(" at line ") {
        Some(end) if line.is_some() => &text[..end],
        _ => &text,
    };
    let (field, message) = match text.split_once(": ") {
        Some((path, rest)) if is_path(path) => (Some(path.to_owned()), rest),
        _ => (None, text),
    };
    Error { file: Arc::clone(file), line, field, message: message.to_owned() }
}

/// Whether a text in front of a colon is the path of a field rather than the start of a sentence.
fn is_path(text: &str) -> bool {
    let first = text.split(['.', '[']).next().unwrap_or_default();
    ["spec", "status", "metadata", "kind", "apiVersion"].contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KafkaConnector;

    const CONNECTOR: &str = "apiVersion: sluice.dev/v1alpha1\nkind: KafkaConnector\nmetadata:\n  name: a\nspec:\n  class: X\n";

    fn refusal(text: &str) -> String {
        match read("a.yaml", text).and_then(|all| {
            all.iter().map(Document::parse::<KafkaConnector>).collect::<Result<Vec<_>, _>>()
        }) {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn documents_are_split_and_empty_ones_left_out() {
        let text = format!("# head\n---\n{CONNECTOR}---\n# nothing\n---\n{CONNECTOR}");
        let documents = read("a.yaml", &text).unwrap();
        let lines: Vec<usize> = documents.iter().map(|document| document.line).collect();
        assert_eq!(lines, [3, 12]);
        assert_eq!(documents[1].text_of("kind"), Some("KafkaConnector"));
        assert_eq!(documents[1].parse::<KafkaConnector>().unwrap().spec.class, "X");
    }

    #[test]
    fn errors_name_file_line_and_field() {
        let second = format!("{CONNECTOR}---\n{CONNECTOR}  tasksMax: many\n");
        let table = [
            (
                second.as_str(),
                "a.yaml:14: spec.tasksMax: invalid type: string \"many\", expected i32",
            ),
            (
                "spec:\n  config:\n    on: off\n",
                "a.yaml:3: plain `off` is read as a boolean by kubectl and as text here: write \"off\" or false",
            ),
            ("a: [\n", "a.yaml:2: did not find expected node content"),
        ];
        for (text, expected) in table {
            let refusal = refusal(text);
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }

    #[test]
    fn items_of_a_list_are_documents_at_their_lines() {
        let list = "kind: List\nitems:\n- kind: KafkaConnector\n  spec: {}\n- kind: KafkaConnector\n  spec:\n    class: 1\n";
        let items = read("a.yaml", list).unwrap().remove(0).items();
        assert_eq!(items[1].line, 5);
        assert_eq!(
            items[1].refuse(Some("spec.class"), "no").to_string(),
            "a.yaml:7: spec.class: no"
        );
        let error = items[1].parse::<KafkaConnector>().unwrap_err();
        assert_eq!(error.line, Some(5));
        let single = read("a.yaml", CONNECTOR).unwrap().remove(0);
        assert_eq!(single.items().len(), 1);
    }

    #[test]
    fn large_texts_are_refused_unread() {
        let text = " ".repeat(MAX_BYTES + 1);
        assert!(read("a.yaml", &text).unwrap_err().message.contains("limit"));
    }

    #[test]
    fn what_is_written_says_the_same_to_every_parser() {
        let value = serde_json::json!({"a": "yes", "b": "off", "c": "1", "d": "true", "e": "n"});
        let text = write(&value).unwrap();
        assert_eq!(text, "a: 'yes'\nb: 'off'\nc: '1'\nd: 'true'\ne: 'n'\n");
        assert_eq!(read("a.yaml", &text).unwrap()[0].value, value);
    }
}
