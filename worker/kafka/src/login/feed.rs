//! Tokens for a client that has to be given them: librdkafka.

use tokio::sync::watch;

use super::{Login, LoginError, State, Token, now};

/// What to tell the client.
pub(crate) enum Fed {
    /// To log in by it from now on.
    Token(Token),
    /// That it will not log in.
    Refusal(LoginError),
}

/// A login as one client sees it.
pub(crate) struct Feed {
    login: Login,
    state: watch::Receiver<State>,
    given: Option<Token>,
}

impl Feed {
    /// Starts the login.
    pub(crate) fn new(login: Login) -> Result<Self, LoginError> {
        let mut state = login.follow()?;
        state.mark_changed();
        Ok(Self { login, state, given: None })
    }

    /// SASL extensions to send beside each token.
    pub(crate) fn extensions(&self) -> &[(String, String)] {
        self.login.extensions()
    }

    /// What has come to be since the last call. Does not wait.
    pub(crate) fn next(&mut self) -> Option<Fed> {
        if !self.state.has_changed().unwrap_or(false) {
            return None;
        }
        let state = self.state.borrow_and_update();
        let fed = decide(&state, self.given.as_ref(), now());
        if let Some(Fed::Token(token)) = &fed {
            self.given = Some(token.clone());
        }
        fed
    }
}

/// While a token is valid, and while there is hope for one, a failure is not told: it would end the client.
fn decide(state: &State, given: Option<&Token>, now: i64) -> Option<Fed> {
    match (&state.token, &state.failure) {
        (Some(token), _) if token.is_valid(now) => {
            let is_new = given.is_none_or(|it| it.text != token.text);
            is_new.then(|| Fed::Token(token.clone()))
        }
        (_, Some(failure)) if !failure.is_transient => Some(Fed::Refusal(failure.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sluice_config::Secret;

    use super::*;

    fn token(text: &str, expires: i64) -> Token {
        Token { text: Secret::new(text), principal: String::new(), issued: None, expires }
    }

    #[test]
    fn a_failure_is_told_once_no_token_is_left() {
        let fatal = || Some(LoginError::fatal("no"));
        let passing = || Some(LoginError::transient("not now"));
        for (held, failure, given, expected) in [
            (None, None, None, ""),
            (None, passing(), None, ""),
            (None, fatal(), None, "no"),
            (Some(("a", 9000)), None, None, "a"),
            (Some(("a", 9000)), None, Some("a"), ""),
            (Some(("b", 9000)), None, Some("a"), "b"),
            (Some(("a", 9000)), fatal(), Some("a"), ""),
            (Some(("a", 5500)), fatal(), Some("a"), "no"),
            (Some(("a", 5500)), passing(), Some("a"), ""),
        ] {
            let held = held.map(|(text, expires)| token(text, expires));
            let state = State { token: held, failure, attempts: 1 };
            let given = given.map(|it| token(it, 0));
            let told = match decide(&state, given.as_ref(), 5000) {
                None => String::new(),
                Some(Fed::Token(token)) => token.text.reveal().to_owned(),
                Some(Fed::Refusal(error)) => error.message,
            };
            assert_eq!(told, expected);
        }
    }
}
