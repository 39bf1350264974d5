//! What the operator said of tokens, for a short time and a bounded number of them. Tokens are kept as digests.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use ring::digest::{Context, SHA256};
use sluice_rest_model::AccessRight;

/// How long who may still may: what is taken from a role, or a token that is revoked, counts after this time.
const ALLOWED: Duration = Duration::from_secs(30);
/// How long who may not still may not: what a role grants counts after this time.
const REFUSED: Duration = Duration::from_secs(5);
/// How many are kept: some 30 KiB.
const MOST: usize = 256;

/// What the operator said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The user of the token may.
    Allowed,
    /// The user of the token may not.
    Forbidden,
    /// It is nobody's token.
    Unknown,
}

/// By what a question is known.
type Digest = [u8; 32];

/// Answers to questions.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(HashMap<Digest, (Instant, Verdict)>);

impl Verdicts {
    /// The answer to a question, if it is known and still holds.
    pub(crate) fn get(&self, question: &Digest, now: Instant) -> Option<Verdict> {
        self.0.get(question).filter(|(until, _)| now < *until).map(|(_, verdict)| *verdict)
    }

    /// Keeps an answer.
    pub(crate) fn put(&mut self, question: Digest, verdict: Verdict, now: Instant) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (until, _)| now < *until);
        }
        if self.0.len() >= MOST {
            // More clients than there is room for: all are asked for again.
            self.0.clear();
        }
        let holds = if verdict == Verdict::Allowed { ALLOWED } else { REFUSED };
        self.0.insert(question, (now + holds, verdict));
    }
}

/// By what a question is known: each part with its length, so that no two are the same.
pub(crate) fn digest(token: &str, right: Option<&AccessRight>) -> Digest {
    let mut context = Context::new(&SHA256);
    let mut add = |part: &str| {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    };
    add(token);
    if let Some(AccessRight { verb, resource, subresource, name }) = right {
        for part in [verb, resource, subresource.as_deref().unwrap_or_default(), name] {
            add(part);
        }
    }
    *context.finish().as_ref().first_chunk().expect("a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(resource: &str, name: &str) -> AccessRight {
        AccessRight {
            verb: "get".to_owned(),
            resource: resource.to_owned(),
            subresource: None,
            name: name.to_owned(),
        }
    }

    #[test]
    fn answers_hold_for_their_time_and_their_question() {
        let (mut verdicts, now) = (Verdicts::default(), Instant::now());
        let ours = digest("a", Some(&right("x", "y")));
        let others = [
            digest("b", Some(&right("x", "y"))),
            digest("a", Some(&right("xy", ""))),
            digest("a", Some(&right("x", "z"))),
            digest("a", None),
        ];
        for (verdict, holds) in [
            (Verdict::Allowed, ALLOWED),
            (Verdict::Forbidden, REFUSED),
            (Verdict::Unknown, REFUSED),
        ] {
            verdicts.put(ours, verdict, now);
            let end = now + holds;
            let last = end.checked_sub(Duration::from_millis(1)).unwrap();
            assert_eq!(verdicts.get(&ours, last), Some(verdict));
            assert_eq!(verdicts.get(&ours, end), None);
        }
        for other in others {
            assert_eq!(verdicts.get(&other, now), None);
        }
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let (mut verdicts, now) = (Verdicts::default(), Instant::now());
        for token in 0..10 * MOST {
            verdicts.put(digest(&token.to_string(), None), Verdict::Allowed, now);
            assert!(verdicts.0.len() <= MOST);
        }
        let later = now + ALLOWED;
        verdicts.put(digest("last", None), Verdict::Allowed, later);
        assert_eq!(verdicts.get(&digest("last", None), later), Some(Verdict::Allowed));
    }
}
