//! Clients that questions about connectors share: those with equal settings have one, for a while.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sluice_kafka::wire::Client;
use sluice_plugin::Properties;

use crate::trace::Failure;

/// How long a client is kept. It reads the files of its certificates once, and nobody may ask for it again.
const AGE: Duration = Duration::from_mins(5);
/// Most clients that are kept: as many clusters and users as the questions of one worker may be about at a time.
const MOST: usize = 8;

/// The clients of one worker. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct SharedClients(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    settings: Properties,
    client: Client,
    number: u64,
}

impl SharedClients {
    /// The client of these settings; `make` makes one if there is none.
    pub(crate) fn of(
        &self,
        settings: &Properties,
        make: impl FnOnce() -> Result<Client, Failure>,
    ) -> Result<Client, Failure> {
        let mut kept = self.kept();
        if let Some(found) = kept.iter().find(|it| it.settings == *settings) {
            return Ok(found.client.clone());
        }
        let client = make()?;
        let number = kept.last().map_or(0, |it| it.number + 1);
        if kept.len() == MOST {
            kept.remove(0);
        }
        kept.push(Kept { settings: settings.clone(), client: client.clone(), number });
        tokio::spawn(expire(Arc::downgrade(&self.0), number));
        Ok(client)
    }

    /// Has the next question of these settings make a client anew: the present one may be of no use any more.
    pub(crate) fn forget(&self, settings: &Properties) {
        self.kept().retain(|it| it.settings != *settings);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        locked(&self.0)
    }
}

async fn expire(clients: Weak<Mutex<Vec<Kept>>>, number: u64) {
    tokio::time::sleep(AGE).await;
    if let Some(clients) = clients.upgrade() {
        locked(&clients).retain(|it| it.number != number);
    }
}

fn locked(clients: &Mutex<Vec<Kept>>) -> MutexGuard<'_, Vec<Kept>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use sluice_kafka::ClientSettings;

    use super::*;

    fn settings(port: usize) -> Properties {
        [("bootstrap.servers".to_owned(), format!("127.0.0.1:{port}"))].into()
    }

    /// Asks for a client; says whether it had to be made.
    fn is_made(clients: &SharedClients, settings: &Properties) -> bool {
        let mut is_made = false;
        let make = || {
            is_made = true;
            let parsed = ClientSettings::parse(settings).expect("settings");
            Ok(Client::new(&parsed, "questions").expect("a client"))
        };
        clients.of(settings, make).expect("a client");
        is_made
    }

    #[tokio::test(start_paused = true)]
    async fn equal_settings_share_a_client_until_it_is_old_or_forgotten() {
        let clients = SharedClients::default();
        let (one, other) = (settings(1), settings(2));
        assert!(is_made(&clients, &one));
        assert!(!is_made(&clients, &one));
        assert!(is_made(&clients, &other));
        clients.forget(&one);
        assert!(!is_made(&clients, &other));
        assert!(is_made(&clients, &one));
        tokio::time::sleep(AGE + Duration::from_secs(1)).await;
        assert!(clients.kept().is_empty(), "what nobody asks for is closed all the same");
        assert!(is_made(&clients, &one));
    }

    #[tokio::test]
    async fn the_oldest_goes_where_there_are_too_many() {
        let clients = SharedClients::default();
        for port in 1..=MOST + 1 {
            assert!(is_made(&clients, &settings(port)));
        }
        assert_eq!(clients.kept().len(), MOST);
        assert!(!is_made(&clients, &settings(2)));
        assert!(is_made(&clients, &settings(1)));
    }

    #[tokio::test]
    async fn a_client_that_cannot_be_made_is_not_kept() {
        let clients = SharedClients::default();
        assert!(clients.of(&settings(1), || Err(Failure::new("no"))).is_err());
        assert!(is_made(&clients, &settings(1)));
    }
}
