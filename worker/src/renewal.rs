//! What secures the REST API, read again when it changes, as Kubernetes changes the files of a mounted Secret: keys and
//! certificates in stores or in values that stand elsewhere, and users. Java's worker reads them once.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use sluice_config::Properties;
use sluice_kafka::SettingsError;
use sluice_providers::Providers;
use sluice_rest::Credentials;

use crate::jaas;

/// Pause between two looks at the files.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Keys that name files.
const LOCATIONS: [&str; 2] = ["ssl.keystore.location", "ssl.truststore.location"];

/// Settings as they are written, and what finds the values that they name.
#[derive(Debug, Clone, Default)]
pub(super) struct Renewed {
    pub(super) written: Properties,
    pub(super) providers: Arc<Providers>,
}

/// What settings come to at one time.
#[derive(PartialEq, Eq)]
struct Look {
    settings: Properties,
    files: Vec<Option<Vec<u8>>>,
}

impl Renewed {
    /// The same for some of the keys.
    pub(super) fn of(&self, choose: impl FnOnce(&Properties) -> Properties) -> Self {
        Self { written: choose(&self.written), providers: Arc::clone(&self.providers) }
    }

    /// Whether anything stands elsewhere.
    fn can_change(&self) -> bool {
        LOCATIONS.iter().any(|key| self.written.contains_key(*key))
            || self.written.values().any(|it| self.providers.names_one(it))
    }

    /// None while a value cannot be had.
    fn look(&self) -> Option<Look> {
        let settings = self.providers.resolve(&self.written).ok()?.settings;
        let files = LOCATIONS.iter().filter_map(|key| settings.get(*key));
        // Few kilobytes each. Their times tell less, as Secrets are mounted by links.
        let files = files.map(|it| fs::read(PathBuf::from(it.trim())).ok()).collect();
        Some(Look { settings, files })
    }
}

/// Looks at what settings name, for ever with a pause between looks, and calls `renew` whenever something of it has changed
/// since they came to `now`. What cannot be used is told once, and what was there before stays in force. Cancel-safe.
pub(super) async fn follow(
    renewed: Renewed,
    now: Properties,
    pause: Duration,
    mut renew: impl FnMut(&Properties) -> Result<(), SettingsError>,
) {
    if !renewed.can_change() {
        return std::future::pending().await;
    }
    let files = renewed.look().map(|it| it.files).unwrap_or_default();
    let mut seen = Look { settings: now, files };
    loop {
        tokio::time::sleep(pause).await;
        let Some(newest) = renewed.look().filter(|it| *it != seen) else { continue };
        seen = newest;
        match renew(&seen.settings) {
            Ok(()) => tracing::info!("keys and certificates of the REST API have been read again"),
            Err(error) => tracing::error!(
                %error,
                "keys or certificates of the REST API have changed and cannot be used; those from before stay in force"
            ),
        }
    }
}

/// Looks at the users that a JAAS file leads to, as [`follow`] does. A file that has become empty would let everybody in,
/// and so it is not used.
pub(super) async fn follow_users(jaas_file: String, credentials: Credentials, pause: Duration) {
    let mut seen = jaas::users(&jaas_file).ok();
    loop {
        tokio::time::sleep(pause).await;
        let newest = jaas::users(&jaas_file).ok();
        if newest == seen {
            continue;
        }
        if let Some(users) = usable(newest.clone()) {
            credentials.replace(users);
            tracing::info!("the users of the REST API have been read again");
        } else {
            tracing::error!(
                "the users of the REST API have changed and cannot be used; those from before stay in force"
            );
        }
        seen = newest;
    }
}

/// Users that somebody is among.
fn usable(users: Option<BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
    users.filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use sluice_providers::{Configured, Hidden};
    use tokio::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);
    const PAUSE: Duration = Duration::from_millis(5);

    /// Puts a file in place whole.
    fn put(file: &std::path::Path, text: &str) {
        let next = file.with_extension("next");
        fs::write(&next, text).unwrap();
        fs::rename(&next, file).unwrap();
    }

    /// Settings that name a file, and what finds values in folders.
    fn naming(key: &str, value: String) -> Renewed {
        let class = "org.apache.kafka.common.config.provider.DirectoryConfigProvider";
        let worker = Properties::from([
            ("config.providers".to_owned(), "d".to_owned()),
            ("config.providers.d.class".to_owned(), class.to_owned()),
        ]);
        let environment = BTreeMap::new();
        let configured =
            Configured { worker: &worker, environment: &environment, hidden: Hidden::default() };
        let providers = Arc::new(configured.providers().unwrap());
        Renewed { written: Properties::from([(key.to_owned(), value)]), providers }
    }

    #[tokio::test]
    async fn what_settings_name_is_read_again_once_it_changes() {
        for key in [LOCATIONS[0], "ssl.keystore.key"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("key.pem");
            fs::write(&file, "a").unwrap();
            let value = match key {
                "ssl.keystore.key" => format!("${{d:{}:key.pem}}", folder.path().display()),
                _ => file.display().to_string(),
            };
            let renewed = naming(key, value);
            let now = renewed.look().unwrap().settings;
            let (sender, mut read) = mpsc::unbounded_channel();
            let reads = file.clone();
            let renew = move |settings: &Properties| {
                let text = fs::read_to_string(&reads).unwrap();
                assert!(key == LOCATIONS[0] || settings[key] == text, "values are those of now");
                sender.send(text.clone()).unwrap();
                let reason = "it is bad".to_owned();
                let error = SettingsError::Invalid { key: LOCATIONS[0], reason };
                if text == "bad" { Err(error) } else { Ok(()) }
            };
            let changes = async {
                // Each change is seen, and a bad one does not end the watch.
                for text in ["b", "bad", "c"] {
                    put(&file, text);
                    assert_eq!(read.recv().await.as_deref(), Some(text), "{key}");
                }
            };
            tokio::select! {
                // What is there first is seen first.
                biased;
                () = follow(renewed, now, PAUSE, renew) => unreachable!("it never ends"),
                changed = tokio::time::timeout(LIMIT, changes) => changed.unwrap(),
            }
        }
    }

    #[tokio::test]
    async fn users_change_while_the_worker_serves() {
        let folder = tempfile::tempdir().unwrap();
        let (jaas, users) = (folder.path().join("jaas.conf"), folder.path().join("users"));
        let module = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";
        let text = format!("KafkaConnect {{ {module} required file=\"{}\"; }};", users.display());
        fs::write(&jaas, text).unwrap();
        fs::write(&users, "ann=a\n").unwrap();
        let credentials = jaas::credentials(jaas.to_str()).unwrap();
        let follow = follow_users(jaas.display().to_string(), credentials.clone(), PAUSE);
        let changes = async {
            let is_let_in = async |user: &str, password: &str| {
                while !credentials.knows(user, password) {
                    tokio::time::sleep(PAUSE).await;
                }
            };
            put(&users, "ann=b\nzoe=z\n");
            is_let_in("ann", "b").await;
            assert!(!credentials.knows("ann", "a"), "the password of before");
            assert!(credentials.knows("zoe", "z"));
        };
        tokio::select! {
            biased;
            () = follow => unreachable!("it never ends"),
            changed = tokio::time::timeout(LIMIT, changes) => changed.unwrap(),
        }
    }

    #[test]
    fn nobody_is_no_list_of_users() {
        assert_eq!(usable(None), None);
        assert_eq!(usable(Some(BTreeMap::new())), None);
        let ann = BTreeMap::from([("ann".to_owned(), "a".to_owned())]);
        assert_eq!(usable(Some(ann.clone())), Some(ann));
    }
}
