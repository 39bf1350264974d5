//! What ties a span to those above it: ids and flags, in headers as the W3C's recommendation Trace Context has them.

use std::sync::Arc;

use bytes::Bytes;

/// The header with ids and flags.
pub(super) const PARENT: &str = "traceparent";
/// The header with what vendors add.
pub(super) const STATE: &str = "tracestate";

/// Whether whoever made the span has recorded it.
const SAMPLED: u8 = 1;

/// Ids and flags of one span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanContext {
    /// Of the trace; not 0.
    pub trace: u128,
    /// Of the span; not 0.
    pub span: u64,
    /// Whether it is recorded.
    pub sampled: bool,
}

impl SpanContext {
    /// Reads the value of a `traceparent`; none if it is malformed.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut parts = text.split('-');
        let version: u8 = hex(parts.next()?, 2)?.try_into().ok()?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags: u8 = hex(parts.next()?, 2)?.try_into().ok()?;
        // Later versions may have more parts.
        let ends = version != 0 || parts.next().is_none();
        let is_sound = version != u8::MAX && trace != 0 && span != 0 && ends;
        is_sound.then_some(Self { trace, span, sampled: flags & SAMPLED != 0 })
    }

    /// The value of a `traceparent`.
    pub(super) fn header(self) -> Bytes {
        let Self { trace, span, sampled } = self;
        Bytes::from(format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(sampled)))
    }

    /// The context that a record came with, by the last header of the name, as Java's `Headers.lastHeader` finds it.
    pub(super) fn of(headers: &[(Arc<str>, Option<Bytes>)]) -> Option<Self> {
        Self::parse(last(headers, PARENT)?)
    }
}

/// What vendors have added; it means nothing without a context.
pub(super) fn state(headers: &[(Arc<str>, Option<Bytes>)]) -> Option<String> {
    String::from_utf8(last(headers, STATE)?.to_vec()).ok()
}

fn last<'a>(headers: &'a [(Arc<str>, Option<Bytes>)], name: &str) -> Option<&'a Bytes> {
    headers.iter().rev().find(|(key, _)| **key == *name)?.1.as_ref()
}

/// A number of exactly so many digits, in lower case.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    let is_sound = text.len() == digits && text.bytes().all(is_digit);
    is_sound.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_and_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = SpanContext::parse(text.as_bytes()).unwrap();
        assert_eq!(context.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.span, 0x00f0_67aa_0ba9_02b7);
        assert!(context.sampled);
        assert_eq!(context.header(), text);
        let unsampled = SpanContext { sampled: false, ..context };
        assert!(unsampled.header().ends_with(b"-00"));
        assert_eq!(SpanContext::parse(&unsampled.header()), Some(unsampled));
    }

    #[test]
    fn what_is_malformed_is_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span = "00f067aa0ba902b7";
        let zeros = "0".repeat(32);
        for (text, is_sound) in [
            (format!("00-{trace}-{span}-03"), true),
            (format!("cc-{trace}-{span}-01-what-comes"), true),
            (format!("00-{trace}-{span}-01-more"), false),
            (format!("ff-{trace}-{span}-01"), false),
            (format!("00-{zeros}-{span}-01"), false),
            (format!("00-{trace}-{}-01", &zeros[..16]), false),
            (format!("00-{}-{span}-01", trace.to_uppercase()), false),
            (format!("00-+{}-{span}-01", &trace[1..]), false),
            (format!("00-{trace}-{span}"), false),
            (format!("00-{trace}-{span}-1"), false),
            (String::new(), false),
        ] {
            assert_eq!(SpanContext::parse(text.as_bytes()).is_some(), is_sound, "{text}");
        }
        assert_eq!(SpanContext::parse(&[0xff; 55]), None);
    }

    #[test]
    fn the_last_header_counts() {
        let header = |name: &str, value: &'static str| {
            (Arc::from(name), Some(Bytes::from_static(value.as_bytes())))
        };
        let first = "00-00000000000000000000000000000001-0000000000000001-01";
        let second = "00-00000000000000000000000000000002-0000000000000002-01";
        let headers = [header(PARENT, first), header(PARENT, second), header(STATE, "a=b")];
        assert_eq!(SpanContext::of(&headers).unwrap().trace, 2);
        assert_eq!(state(&headers).as_deref(), Some("a=b"));
        assert_eq!(SpanContext::of(&[(Arc::from(PARENT), None)]), None);
    }
}
