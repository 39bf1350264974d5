//! What stands in place of a match: `Matcher.appendReplacement`.

use super::{Groups, RegexError};

/// Why a replacement cannot be made. The texts are those of Java's exceptions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementError {
    /// The replacement is written wrongly.
    #[error("{0}")]
    Syntax(String),
    /// There is no group of the number.
    #[error("No group {0}")]
    NoGroup(usize),
    /// The match took too long.
    #[error(transparent)]
    Match(#[from] RegexError),
}

impl ReplacementError {
    /// The name of the Java exception.
    pub const fn java_class(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "java.lang.IllegalArgumentException",
            Self::NoGroup(_) => "java.lang.IndexOutOfBoundsException",
            // Java has no limit, only a stack.
            Self::Match(_) => "java.lang.StackOverflowError",
        }
    }
}

/// Appends the replacement with the groups put in.
pub(super) fn expand(
    replacement: &str,
    groups: &Groups<'_>,
    out: &mut String,
) -> Result<(), ReplacementError> {
    let syntax = |message: &str| ReplacementError::Syntax(message.to_owned());
    let mut rest = replacement;
    while let Some(at) = rest.find(['\\', '$']) {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if rest[at..].starts_with('\\') {
            let escaped =
                after.chars().next().ok_or_else(|| syntax("character to be escaped is missing"))?;
            out.push(escaped);
            rest = &after[escaped.len_utf8()..];
            continue;
        }
        let number;
        (number, rest) = if let Some(named) = after.strip_prefix('{') {
            named_group(named, groups)?
        } else {
            numbered_group(after, groups)?
        };
        out.push_str(groups.get(number).unwrap_or_default());
    }
    out.push_str(rest);
    Ok(())
}

fn named_group<'a>(
    named: &'a str,
    groups: &Groups<'_>,
) -> Result<(usize, &'a str), ReplacementError> {
    let end = named.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(named.len());
    let (name, rest) = named.split_at(end);
    let wrong = if name.is_empty() {
        Some("named capturing group has 0 length name".to_owned())
    } else if !rest.starts_with('}') {
        Some("named capturing group is missing trailing '}'".to_owned())
    } else if name.starts_with(|it: char| it.is_ascii_digit()) {
        Some(format!("capturing group name {{{name}}} starts with digit character"))
    } else {
        None
    };
    if let Some(message) = wrong {
        return Err(ReplacementError::Syntax(message));
    }
    let number = groups
        .number_of(name)
        .ok_or_else(|| ReplacementError::Syntax(format!("No group with name {{{name}}}")))?;
    Ok((number, &rest[1..]))
}

/// As many digits as there is a group for.
fn numbered_group<'a>(
    text: &'a str,
    groups: &Groups<'_>,
) -> Result<(usize, &'a str), ReplacementError> {
    let digit = |at: usize| text.as_bytes().get(at).filter(|it| it.is_ascii_digit());
    let Some(first) = digit(0) else {
        return Err(ReplacementError::Syntax(if text.is_empty() {
            "Illegal group reference: group index is missing".to_owned()
        } else {
            "Illegal group reference".to_owned()
        }));
    };
    let mut number = usize::from(first - b'0');
    let mut end = 1;
    while let Some(digit) = digit(end) {
        let longer = number * 10 + usize::from(digit - b'0');
        if longer > groups.count() {
            break;
        }
        number = longer;
        end += 1;
    }
    if number > groups.count() {
        return Err(ReplacementError::NoGroup(number));
    }
    Ok((number, &text[end..]))
}
