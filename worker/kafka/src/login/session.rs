//! Keeps one token up to date, on a thread of its own as Java's clients do: the next one is there before brokers refuse the
//! present one, and an endpoint that is away costs nothing while the present one is valid.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{LoginError, State, Token, now, refresh, settings::LoginSettings};

/// Pause after a failure while nobody needs a token; Java's.
const RETRY: Duration = Duration::from_secs(10);
/// The same while somebody does.
const RETRY_WANTED: Duration = Duration::from_secs(1);
/// How long to sleep at most: the clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What all clones of a login share. Dropped, it ends the thread.
pub(super) struct Session {
    keeper: Arc<Keeper>,
    is_started: Mutex<bool>,
}

struct Keeper {
    settings: LoginSettings,
    state: watch::Sender<State>,
    /// Somebody waits for a token.
    wanted: Notify,
    stop: CancellationToken,
}

impl Session {
    pub(super) fn new(settings: LoginSettings) -> Self {
        let (state, _) = watch::channel(State::default());
        let (wanted, stop) = (Notify::new(), CancellationToken::new());
        let keeper = Arc::new(Keeper { settings, state, wanted, stop });
        Self { keeper, is_started: Mutex::new(false) }
    }

    pub(super) fn settings(&self) -> &LoginSettings {
        &self.keeper.settings
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<State> {
        self.keeper.state.subscribe()
    }

    /// Asks for a token sooner than after the pause.
    pub(super) fn want(&self) {
        self.keeper.wanted.notify_one();
    }

    /// Starts the thread, unless it runs. It ends by itself once this is dropped.
    pub(super) fn start(&self) -> Result<(), LoginError> {
        let mut is_started = self.is_started.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_started {
            return Ok(());
        }
        let told =
            |cause: std::io::Error| LoginError::transient(format!("no thread to log in: {cause}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(told)?;
        let keeper = Arc::clone(&self.keeper);
        std::thread::Builder::new()
            .name("kafka-login".to_owned())
            .spawn(move || runtime.block_on(keeper.stop.run_until_cancelled(keeper.keep())))
            .map_err(told)?;
        *is_started = true;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.keeper.stop.cancel();
    }
}

impl Keeper {
    async fn keep(&self) {
        loop {
            match self.settings.source.token(&self.settings.reading).await {
                Ok(token) => {
                    let due = self.due(&token);
                    self.publish(Ok(token));
                    self.rest_until(due).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "no new token for SASL/OAUTHBEARER");
                    self.publish(Err(error));
                    sleep(RETRY_WANTED).await;
                    let rest = RETRY.saturating_sub(RETRY_WANTED);
                    let _ = tokio::time::timeout(rest, self.wanted.notified()).await;
                }
            }
        }
    }

    fn publish(&self, outcome: Result<Token, LoginError>) {
        self.state.send_modify(|state| {
            state.attempts += 1;
            match outcome {
                Ok(token) => {
                    tracing::debug!(
                        principal = token.principal,
                        "a new token for SASL/OAUTHBEARER"
                    );
                    (state.token, state.failure) = (Some(token), None);
                }
                Err(error) => state.failure = Some(error),
            }
        });
    }

    fn due(&self, token: &Token) -> i64 {
        let by = self.settings.refresh;
        refresh::at(now(), token.issued, token.expires, by, chance())
    }

    /// Ends at that time, or when a token is wanted because the present one has expired.
    async fn rest_until(&self, due: i64) {
        loop {
            let Ok(left @ 1..) = u64::try_from(due.saturating_sub(now())) else { return };
            let nap = Duration::from_millis(left).min(LONGEST_SLEEP);
            tokio::select! {
                () = sleep(nap) => {}
                () = self.wanted.notified() => {
                    let state = self.state.borrow();
                    if !state.token.as_ref().is_some_and(|it| it.is_valid(now())) {
                        return;
                    }
                }
            }
        }
    }
}

/// 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without chance, all clients ask at the same time, which is no harm to them.
    let _ = SystemRandom::new().fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
