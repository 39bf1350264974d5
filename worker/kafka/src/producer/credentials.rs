//! What librdkafka logs in by, where that is no setting: tokens of SASL/OAUTHBEARER, given to it as they come.

use rdkafka::{producer::Producer as _, types::RDKafkaErrorCode};

use super::native::Native;
use crate::{
    failure::ClientError,
    login::{Fed, Feed},
    settings::{ClientSettings, Sasl},
};

/// Keeps a client's token up to date; does nothing for clients without one.
pub(super) struct Credentials(Option<Feed>);

impl Credentials {
    /// Starts the login that the settings name, if they do.
    pub(super) fn of(settings: &ClientSettings) -> Result<Self, ClientError> {
        let feed = match &settings.security().sasl {
            Some(Sasl::Token(login)) => Some(Feed::new(login.clone())),
            _ => None,
        };
        feed.transpose().map(Self).map_err(|error| ClientError::internal(&error))
    }

    /// Hands on what is new. Does not wait.
    pub(super) fn keep(&mut self, client: &Native) {
        let Some(feed) = &mut self.0 else { return };
        match feed.next() {
            Some(Fed::Token(token)) => {
                let given = client.give_token(&token, feed.extensions());
                if let Err(reason) = given {
                    tracing::warn!(reason, "Kafka client: a token was not taken");
                }
            }
            Some(Fed::Refusal(error)) => {
                client
                    .producer()
                    .context()
                    .refuse(RDKafkaErrorCode::Authentication, &error.message);
            }
            None => {}
        }
    }
}
