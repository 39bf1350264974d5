//! Tokens that need not be JWTs, as Strimzi's handler takes them: what a JWT says counts, else what came with it.

use sluice_config::Secret;

use super::{
    Token,
    jwt::{self, Claims},
};

/// For a token that does not say when it ends: a year, in milliseconds.
const ENDLESS: i64 = 365 * 24 * 3600 * 1000;

/// How such tokens are read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Opaque {
    /// Whether to look into them.
    pub(super) is_jwt: bool,
    /// The claim that says whom it is for.
    pub(super) subject: String,
    /// No token counts for longer, in milliseconds.
    pub(super) most: Option<i64>,
}

impl Opaque {
    /// Reads a token that came at a time, and lasts for so many seconds unless it says otherwise.
    pub(super) fn read(&self, text: &str, lasts: Option<i64>, now: i64) -> Result<Token, String> {
        let is_token = !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic());
        if !is_token {
            return Err("it is empty, or has characters that no token has".to_owned());
        }
        let claims = Claims { scope: String::new(), subject: self.subject.clone() };
        let known = self.is_jwt.then(|| jwt::validate(text, &claims).ok()).flatten();
        let mut token = known.unwrap_or_else(|| Token {
            text: Secret::new(text),
            principal: "undefined".to_owned(),
            issued: Some(now),
            expires: now.saturating_add(lasts.map_or(ENDLESS, |it| it.saturating_mul(1000))),
        });
        if let Some(most) = self.most {
            let latest = token.issued.unwrap_or(now).saturating_add(most);
            token.expires = token.expires.min(latest);
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_how_long_it_lasts_or_its_answer_does() {
        // {"sub":"a","exp":9,"iat":1}
        let jwt = "e30.eyJzdWIiOiJhIiwiZXhwIjo5LCJpYXQiOjF9.x";
        for (text, is_jwt, lasts, most, expected) in [
            (jwt, true, Some(60), None, Some(("a", 9000))),
            (jwt, true, None, Some(5000), Some(("a", 6000))),
            (jwt, false, Some(60), None, Some(("undefined", 62_000))),
            ("opaque", true, Some(60), None, Some(("undefined", 62_000))),
            ("opaque", true, Some(60), Some(5000), Some(("undefined", 7000))),
            ("opaque", true, None, None, Some(("undefined", ENDLESS + 2000))),
            ("", true, None, None, None),
            ("no token", false, None, None, None),
        ] {
            let opaque = Opaque { is_jwt, subject: "sub".to_owned(), most };
            let read = opaque.read(text, lasts, 2000).ok().map(|it| (it.principal, it.expires));
            let expected = expected.map(|(principal, expires)| (principal.to_owned(), expires));
            assert_eq!(read, expected, "{text} {lasts:?}");
        }
    }
}
