//! Logging in for SASL/OAUTHBEARER as `OAuthBearerLoginModule` and the handlers of Java's clients do: where tokens come from,
//! whether one can be used, when to get the next. One login serves both clients. Nothing here shows a token or a secret.

mod allowed;
mod answer;
mod endpoint;
mod extensions;
mod feed;
mod file;
mod jwt;
mod keys;
mod opaque;
mod refresh;
mod session;
mod settings;
mod source;
mod strimzi;
mod unsecured;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sluice_config::Secret;
use tokio::sync::watch;

pub(crate) use allowed::GUARDED;
pub(crate) use feed::{Fed, Feed};
pub(crate) use settings::LoginSettings;

use session::Session;

/// What is left of a token that is not shown any more: brokers would refuse it for good when it comes late. In milliseconds.
const MARGIN: i64 = 1000;

/// A token that may be shown to brokers.
#[derive(Clone)]
pub(crate) struct Token {
    /// What is sent.
    pub(crate) text: Secret,
    /// Whom it is for.
    pub(crate) principal: String,
    /// Since when, if it says so, in milliseconds since the epoch.
    pub(crate) issued: Option<i64>,
    /// Until when, in milliseconds since the epoch.
    pub(crate) expires: i64,
}

impl Token {
    /// Whether brokers can take it at that time, and for as long as it takes to tell them.
    fn is_valid(&self, now: i64) -> bool {
        now.saturating_add(MARGIN) < self.expires
    }
}

/// Why there is no token. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct LoginError {
    /// What is wrong, where, and what to do.
    pub(crate) message: String,
    /// Whether the same may succeed later.
    pub(crate) is_transient: bool,
}

impl LoginError {
    fn fatal(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_transient: false }
    }

    fn transient(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_transient: true }
    }
}

/// What a login has come to.
#[derive(Clone, Default)]
pub(crate) struct State {
    token: Option<Token>,
    /// Why the latest attempt failed, if it did.
    failure: Option<LoginError>,
    /// How many attempts have ended.
    attempts: u64,
}

/// A shared login: clones have one token, kept up to date by one thread from the first use on until the last clone is gone.
#[derive(Clone)]
pub(crate) struct Login(Arc<Session>);

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// Who logs in, for errors.
    pub(crate) fn user(&self) -> &str {
        self.0.settings().source.user()
    }

    /// SASL extensions to send beside the token (KIP-342).
    pub(crate) fn extensions(&self) -> &[(String, String)] {
        &self.0.settings().extensions
    }

    /// A token that is valid now. Waits for at most one attempt to get one, if there is none. Cancel-safe.
    pub(crate) async fn token(&self) -> Result<Token, LoginError> {
        let mut state = self.follow()?;
        let mut asked_at = None;
        loop {
            {
                let state = state.borrow_and_update();
                if let Some(token) = state.token.as_ref().filter(|it| it.is_valid(now())) {
                    return Ok(token.clone());
                }
                if let Some(failure) = &state.failure
                    && asked_at.is_some_and(|asked| state.attempts > asked)
                {
                    return Err(failure.clone());
                }
                asked_at.get_or_insert(state.attempts);
            }
            self.0.want();
            if state.changed().await.is_err() {
                return Err(LoginError::transient("the login has ended"));
            }
        }
    }

    /// What the login comes to from now on. Starts it.
    pub(crate) fn follow(&self) -> Result<watch::Receiver<State>, LoginError> {
        self.0.start().map(|()| self.0.subscribe())
    }
}

/// The logins of a process: clients with equal settings share one. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Logins(Arc<Mutex<Vec<Weak<Session>>>>);

impl Logins {
    /// The login of these settings; no I/O.
    pub(crate) fn of(&self, settings: LoginSettings) -> Login {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|it| it.strong_count() > 0);
        let same = known.iter().filter_map(Weak::upgrade).find(|it| *it.settings() == settings);
        let session = same.unwrap_or_else(|| {
            let session = Arc::new(Session::new(settings));
            known.push(Arc::downgrade(&session));
            session
        });
        Login(session)
    }
}

/// `java.net.URLEncoder`.
fn form_encoded(text: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
    utf8_percent_encode(text, KEPT).to_string().replace(' ', "+")
}

/// Milliseconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
