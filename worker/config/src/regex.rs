//! Patterns of `java.util.regex`.
//!
//! They are put into the words of another engine. What it cannot express is an error when the pattern is read; what would
//! take too long to decide is an error when it is matched.

mod replacement;
mod translate;

use std::borrow::Cow;

use fancy_regex::{Captures, Regex, RegexBuilder};

pub use replacement::ReplacementError;

/// Steps that a match may take back, about a tenth of a second's work.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// A pattern of Java, compiled.
#[derive(Debug, Clone)]
pub struct JavaRegex {
    whole: Regex,
    part: Regex,
    /// Names of groups with their numbers.
    names: Vec<(String, usize)>,
}

/// Why a text is no pattern, or a pattern gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// It cannot be read (`java.util.regex.PatternSyntaxException`; the text is ours).
    #[error("{0}")]
    Syntax(String),
    /// Matching takes too long.
    #[error(
        "the regular expression {pattern} takes too many steps to match {text}; make it simpler"
    )]
    TooLong {
        /// The pattern, as translated.
        pattern: String,
        /// What was matched.
        text: String,
    },
}

impl JavaRegex {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Result<Self, RegexError> {
        let translated = translate::translate(pattern).map_err(RegexError::Syntax)?;
        let compile = |pattern: &str| {
            let compiled = RegexBuilder::new(pattern).backtrack_limit(BACKTRACK_LIMIT).build();
            compiled.map_err(|error| RegexError::Syntax(format!("{error} in {pattern}")))
        };
        // On its own first: with brackets around it, half a pattern could be whole.
        let part = compile(&translated.pattern)?;
        let whole = compile(&format!(r"\A(?:{})\z", translated.pattern))?;
        Ok(Self { whole, part, names: translated.names })
    }

    /// Whether the pattern matches the whole text (`Matcher.matches`).
    pub fn matches(&self, text: &str) -> Result<bool, RegexError> {
        self.whole.is_match(text).map_err(|_| self.too_long(text))
    }

    /// The text with its first match replaced (`Matcher.replaceFirst`): `$1` and `${name}` stand for groups, a backslash
    /// takes the meaning from what follows it. A text without a match stays as it is.
    pub fn replace_first<'a>(
        &self,
        text: &'a str,
        replacement: &str,
    ) -> Result<Cow<'a, str>, ReplacementError> {
        let captures = self.part.captures(text).map_err(|_| self.too_long(text))?;
        let Some(captures) = captures else { return Ok(Cow::Borrowed(text)) };
        let Some(found) = captures.get(0) else { return Ok(Cow::Borrowed(text)) };
        let mut out = text[..found.start()].to_owned();
        replacement::expand(
            replacement,
            &Groups { captures: &captures, names: &self.names },
            &mut out,
        )?;
        out.push_str(&text[found.end()..]);
        Ok(Cow::Owned(out))
    }

    fn too_long(&self, text: &str) -> RegexError {
        RegexError::TooLong { pattern: self.part.as_str().to_owned(), text: text.to_owned() }
    }
}

/// The groups of one match.
struct Groups<'a> {
    captures: &'a Captures<'a>,
    names: &'a [(String, usize)],
}

impl Groups<'_> {
    fn count(&self) -> usize {
        self.captures.len() - 1
    }

    /// The text of a group; none if it took no part in the match.
    fn get(&self, number: usize) -> Option<&str> {
        self.captures.get(number).map(|it| it.as_str())
    }

    fn number_of(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_texts_are_matched_as_java_does() {
        for (pattern, text, expected) in [
            ("orders", "orders", true),
            ("orders", "orders-old", false),
            ("a|ab", "ab", true),
            ("(?!_).*", "_internal", false),
            (r"(a)\1", "aa", true),
            (r"\Qa.b\E+", "a.bb", true),
            (r"\Qa.b", "a.b", true),
            (r"\p{Alpha}+\d", "abc1", true),
            (r"\p{Alpha}", "é", false),
            (r"\P{Alpha}", "é", true),
            (r"\p{L}", "é", true),
            (r"\p{IsLatin}", "é", true),
            (r"\w", "é", false),
            (r"[\w.-]+", "a.b-c", true),
            (r"\d", "\u{661}", false),
            ("a++b", "aab", true),
            ("a*+a", "aa", false),
            ("[a-z&&[^b]]+", "abc", false),
            ("[a-z&&[^b]]+", "ac", true),
            ("[a[bc]]+", "abc", true),
            (r"a\-b\_c", "a-b_c", true),
            (r"\x41\u0042\0103", "ABC", true),
            (r"(?<first>a)\k<first>", "aa", true),
            ("(?i)ORDERS", "orders", true),
            (r"a\h*b", "a \tb", true),
            ("a{2,3}", "aaa", true),
            (r"\bfoo\b", "foo", true),
            ("[--a]+", "-", true),
            ("[]a]+", "]a", true),
            ("(?!x){1,3}^*+a$?", "a", true),
            (r"\1?a", "a", true),
            (r"(?<n>a)\1", "aa", true),
            ("a|{2}", "", true),
        ] {
            let regex = JavaRegex::new(pattern).expect(pattern);
            assert_eq!(regex.matches(text), Ok(expected), "{pattern} on {text}");
        }
        for pattern in [
            "(",
            "a)(b",
            "[a",
            r"\",
            r"\y",
            "*a",
            r"\p{Nonsense}",
            "a**",
            "{",
            "a{x",
            "(?<n>a)(?<n>b)",
        ] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_first_match_is_replaced() {
        for (pattern, replacement, expected) in [
            ("(o)(.*)", "$2-$1", "rders-o"),
            ("(?<all>.*)", "${all}!", "orders!"),
            ("ord", r"\$x\\", r"$x\ers"),
            ("(o)", "$11", "o1rders"),
            ("x", "y", "orders"),
            ("(x)?o", "[$1]", "[]rders"),
        ] {
            let regex = JavaRegex::new(pattern).expect(pattern);
            assert_eq!(
                regex.replace_first("orders", replacement).as_deref(),
                Ok(expected),
                "{pattern}"
            );
        }
        let regex = JavaRegex::new("(o)").expect("a pattern");
        for (replacement, class, message) in [
            (
                "$",
                "java.lang.IllegalArgumentException",
                "Illegal group reference: group index is missing",
            ),
            ("$a", "java.lang.IllegalArgumentException", "Illegal group reference"),
            ("$2", "java.lang.IndexOutOfBoundsException", "No group 2"),
            ("${a}", "java.lang.IllegalArgumentException", "No group with name {a}"),
            (
                "${a",
                "java.lang.IllegalArgumentException",
                "named capturing group is missing trailing '}'",
            ),
            ("a\\", "java.lang.IllegalArgumentException", "character to be escaped is missing"),
        ] {
            let error = regex.replace_first("orders", replacement).expect_err(replacement);
            assert_eq!((error.java_class(), &*error.to_string()), (class, message));
        }
    }

    #[test]
    fn what_takes_too_long_is_an_error() {
        let regex = JavaRegex::new(r"(?:(a+)+)+\1b").expect("a pattern");
        let text = "a".repeat(60);
        assert!(matches!(regex.matches(&text), Err(RegexError::TooLong { .. })));
    }
}
