//! Scripts of requests: one line each, so that a table of hundreds stays readable.
//!
//! | line | meaning |
//! |---|---|
//! | `# text` | nothing |
//! | `GET /path` | a request without a body |
//! | `PUT /path {"a":1}` | one with a body, which is the rest of the line, to the byte |
//! | `> Name: value` | a header of the next request, beside those of every request |
//! | `! Name` | the next request goes without a header that every request has |
//! | `~ why` | the next answers differ in their message, for this reason; their status must not |
//! | `until NAME STATE` | waits until a connector and all its tasks are in a state |
//! | `until NAME STATE/STATE` | the same, of the connector and of its tasks |
//! | `level LOGGER LEVEL` | waits until a logger has a level |
//! | `gone NAME` | waits until a connector has no status |
//! | `write FILE TEXT` | writes a file, which both workers can read |
//!
//! `$NAME` stands for a value that the test gives.

use anyhow::{Context, Result, bail};
use sluice_kit::connect::HttpRequest;

/// One step of a script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A request whose answers must be the same; the reason, if their messages may differ.
    Ask(HttpRequest, Option<String>),
    /// Waits for a state.
    Until(String, String),
    /// Waits for a level.
    Level(String, String),
    /// Waits for an end.
    Gone(String),
    /// Writes a file.
    Write(String, String),
}

/// Reads a script. The error names the line.
pub(super) fn parse(text: &str, values: &[(&str, String)]) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let (mut headers, mut reason) = (Vec::new(), None);
    for (number, line) in text.lines().enumerate() {
        let mut line = line.to_owned();
        for (name, value) in values {
            line = line.replace(name, value);
        }
        let mut words = line.splitn(3, ' ');
        let first = words.next().unwrap_or_default();
        let rest = || line.split_once(' ').map(|it| it.1.to_owned()).unwrap_or_default();
        match first {
            "" | "#" => {}
            "~" => reason = Some(rest()),
            ">" => {
                let header = rest();
                let (name, value) = header.split_once(": ").with_context(|| at(number))?;
                headers.push((name.to_owned(), value.to_owned()));
            }
            // An empty value keeps the header away.
            "!" => headers.push((rest(), String::new())),
            "until" => {
                let name = words.next().with_context(|| at(number))?.to_owned();
                steps.push(Step::Until(name, words.next().with_context(|| at(number))?.to_owned()));
            }
            "level" => {
                let name = words.next().with_context(|| at(number))?.to_owned();
                steps.push(Step::Level(name, words.next().with_context(|| at(number))?.to_owned()));
            }
            "gone" => steps.push(Step::Gone(rest())),
            "write" => {
                let file = words.next().with_context(|| at(number))?.to_owned();
                steps.push(Step::Write(file, words.next().unwrap_or_default().to_owned()));
            }
            "GET" | "PUT" | "POST" | "PATCH" | "DELETE" | "OPTIONS" | "HEAD" => {
                let request = HttpRequest {
                    method: first.to_owned(),
                    path: words.next().with_context(|| at(number))?.to_owned(),
                    headers: std::mem::take(&mut headers),
                    body: words.next().unwrap_or_default().to_owned(),
                };
                steps.push(Step::Ask(request, reason.take()));
            }
            _ => bail!("{}: {line}", at(number)),
        }
    }
    Ok(steps)
}

fn at(number: usize) -> String {
    format!("line {} is no step", number + 1)
}

#[test]
fn a_script_is_read_line_by_line() -> Result<()> {
    let text =
        "# nothing\n\n> A: b c\n! D\n~ because\nPUT /x {\"a\": \"$F\"}\nuntil it RUNNING\ngone it";
    let steps = parse(text, &[("$F", "/f".to_owned())])?;
    let request = HttpRequest {
        method: "PUT".to_owned(),
        path: "/x".to_owned(),
        headers: [("A", "b c"), ("D", "")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        body: r#"{"a": "/f"}"#.to_owned(),
    };
    let expected = [
        Step::Ask(request, Some("because".to_owned())),
        Step::Until("it".to_owned(), "RUNNING".to_owned()),
        Step::Gone("it".to_owned()),
    ];
    assert_eq!(steps, expected);
    assert!(parse("NONSENSE /x", &[]).is_err());
    Ok(())
}
