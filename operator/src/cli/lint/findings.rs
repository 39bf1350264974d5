//! What was found, for people and for programs.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;
use sluice_crds::yaml;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// It will not work.
    Error,
    /// It may not be what is meant.
    Warning,
    /// Something was not checked.
    Note,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    /// Kind and name; empty if the file could not be read so far.
    pub(super) resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(severity: Severity, resource: &str, error: yaml::Error) -> Self {
        let yaml::Error { file, line, field, message } = error;
        let (file, resource) = (file.to_string(), resource.to_owned());
        Self { severity, file, line, resource, field, message }
    }

    fn line(&self) -> String {
        let mut text = self.file.clone();
        if let Some(line) = self.line {
            let _ = write!(text, ":{line}");
        }
        let _ = write!(text, ": {}: ", self.severity.word());
        for part in [Some(&self.resource), self.field.as_ref()].into_iter().flatten() {
            if !part.is_empty() {
                let _ = write!(text, "{part}: ");
            }
        }
        text + &self.message
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    /// Resources of ours that were looked at.
    pub(super) resources: usize,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        self.all.push(finding);
    }

    pub(super) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    fn count(&self, severity: Severity) -> usize {
        self.all.iter().filter(|it| it.severity == severity).count()
    }

    /// By file and line.
    pub(super) fn sort(&mut self) {
        self.all.sort_by(|a, b| (&a.file, a.line, a.severity).cmp(&(&b.file, b.line, b.severity)));
    }

    /// A line for each, and one for all.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.all {
            let _ = writeln!(text, "{}", finding.line());
        }
        let counts = [Severity::Error, Severity::Warning].map(|it| (self.count(it), it.word()));
        let told: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| many(count, word))
            .collect();
        let told = if told.is_empty() { "nothing wrong".to_owned() } else { told.join(", ") };
        let _ = writeln!(text, "{}: {told}", many(self.resources, "resource"));
        text
    }

    /// One object.
    pub(super) fn json(&self) -> String {
        let report = json!({
            "resources": self.resources,
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "findings": self.all,
        });
        format!("{report:#}\n")
    }
}

fn many(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
