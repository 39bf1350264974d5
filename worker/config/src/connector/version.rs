//! Versions that a configuration asks for (`*.plugin.version`, KIP-891): one version, or ranges as Maven writes them.

use std::{cmp::Ordering, fmt};

/// Versions that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement(Vec<Range>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    lower: Option<String>,
    upper: Option<String>,
    has_lower: bool,
    has_upper: bool,
}

impl Requirement {
    /// What is asked for; nothing if it is null or `latest`. Errors are those of Maven's `VersionRange`.
    pub(super) fn parse(text: Option<&str>) -> Result<Option<Self>, String> {
        let Some(text) = text.filter(|it| *it != "latest") else { return Ok(None) };
        let text = text.trim();
        if !text.starts_with(['[', '(']) && !text.contains([']', ')', ',']) {
            // A version without brackets is a hard requirement.
            return Self::ranges(&format!("[{text}]")).map(Some);
        }
        Self::ranges(text).map(Some)
    }

    fn ranges(text: &str) -> Result<Self, String> {
        let mut ranges: Vec<Range> = Vec::new();
        let mut rest = text;
        while rest.starts_with(['[', '(']) {
            let Some(end) = rest.find([')', ']']) else {
                return Err(format!("Unbounded range: {text}"));
            };
            let range = Range::parse(&rest[..=end])?;
            if let Some(before) = ranges.last()
                && range.overlaps(before)
            {
                return Err(format!("Ranges overlap: {text}"));
            }
            ranges.push(range);
            rest = rest[end + 1..].trim();
            rest = rest.strip_prefix(',').map_or(rest, str::trim);
        }
        if !rest.is_empty() {
            return Err(if ranges.is_empty() {
                format!("Single version must be surrounded by []: {text}")
            } else {
                format!("Only fully-qualified sets allowed in multiple set scenario: {text}")
            });
        }
        Ok(Self(ranges))
    }

    pub(super) fn contains(&self, version: &str) -> bool {
        self.0.iter().any(|it| it.contains(version))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let lower = range.lower.as_deref().unwrap_or_default();
            let upper = range.upper.as_deref().unwrap_or_default();
            let (open, close) =
                (if range.has_lower { '[' } else { '(' }, if range.has_upper { ']' } else { ')' });
            let comma = if index > 0 { "," } else { "" };
            write!(out, "{comma}{open}{lower},{upper}{close}")?;
        }
        Ok(())
    }
}

impl Range {
    /// One range with its brackets.
    fn parse(text: &str) -> Result<Self, String> {
        let (has_lower, has_upper) = (text.starts_with('['), text.ends_with(']'));
        let inner = text[1..text.len() - 1].trim();
        let Some((lower, upper)) = inner.split_once(',') else {
            if !has_lower || !has_upper {
                return Err(format!("Single version must be surrounded by []: {text}"));
            }
            let version = Some(inner.to_owned());
            return Ok(Self { lower: version.clone(), upper: version, has_lower, has_upper });
        };
        let (lower, upper) = (lower.trim(), upper.trim());
        let bound = |it: &str| (!it.is_empty()).then(|| it.to_owned());
        if lower == upper {
            return Err(format!("Range cannot have identical boundaries: {text}"));
        }
        let range = Self { lower: bound(lower), upper: bound(upper), has_lower, has_upper };
        if let (Some(lower), Some(upper)) = (&range.lower, &range.upper)
            && compare(upper, lower) == Ordering::Less
        {
            return Err(format!("Range defies version ordering: {text}"));
        }
        Ok(range)
    }

    fn overlaps(&self, before: &Self) -> bool {
        match (&self.lower, &before.upper) {
            (Some(lower), Some(upper)) => compare(lower, upper) == Ordering::Less,
            _ => true,
        }
    }

    fn contains(&self, version: &str) -> bool {
        let is_above = self.lower.as_ref().is_none_or(|lower| match compare(version, lower) {
            Ordering::Greater => true,
            Ordering::Equal => self.has_lower,
            Ordering::Less => false,
        });
        let is_below = self.upper.as_ref().is_none_or(|upper| match compare(version, upper) {
            Ordering::Less => true,
            Ordering::Equal => self.has_upper,
            Ordering::Greater => false,
        });
        is_above && is_below
    }
}

/// Numbers by value, missing ones as 0, words by letter and before numbers (`1.0-rc1` comes before `1.0`).
fn compare(left: &str, right: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(u64, String)> {
        text.split(['.', '-'])
            .map(|part| match part.parse() {
                Ok(number) => (number, "~".to_owned()),
                Err(_) => (0, part.to_lowercase()),
            })
            .collect()
    };
    let (mut left, mut right) = (parts(left), parts(right));
    let length = left.len().max(right.len());
    left.resize(length, (0, "~".to_owned()));
    right.resize(length, (0, "~".to_owned()));
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_ranges() {
        for (text, version, expected) in [
            ("4.3.1", "4.3.1", true),
            ("4.3", "4.3.0", true),
            ("4.3", "4.3.1", false),
            ("[4.0,5.0)", "4.3.1", true),
            ("[4.0,4.3.1)", "4.3.1", false),
            ("[4.0,4.3.1]", "4.3.1", true),
            ("(,4.0],[4.3,)", "4.3.1", true),
            ("(4.3.1,)", "4.3.1", false),
            ("[4.3,)", "4.3-rc1", false),
        ] {
            let range = Requirement::parse(Some(text)).unwrap().unwrap();
            assert_eq!(range.contains(version), expected, "{text} {version}");
        }
        assert_eq!(Requirement::parse(None), Ok(None));
        assert_eq!(Requirement::parse(Some("latest")), Ok(None));
        let range = Requirement::parse(Some(" 1 ")).unwrap().unwrap();
        assert_eq!(range.to_string(), "[1,1]");
    }

    #[test]
    fn what_is_no_range_is_told_as_maven_tells_it() {
        for (text, expected) in [
            ("[x", "Unbounded range: [x"),
            ("[2,1]", "Range defies version ordering: [2,1]"),
            ("[1,1]", "Range cannot have identical boundaries: [1,1]"),
            ("(1)", "Single version must be surrounded by []: (1)"),
            ("[1,2],3", "Only fully-qualified sets allowed in multiple set scenario: [1,2],3"),
            ("[1,3],[2,4]", "Ranges overlap: [1,3],[2,4]"),
        ] {
            assert_eq!(Requirement::parse(Some(text)), Err(expected.to_owned()));
        }
    }
}
