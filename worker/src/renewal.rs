//! Keys and certificates of the REST API, read again when their files change, as Kubernetes changes those of a mounted
//! Secret. Java's worker reads them once.

use std::{fs, path::PathBuf, time::Duration};

use sluice_config::Properties;
use sluice_kafka::SettingsError;

/// Pause between two looks at the files.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Keys that name files.
const LOCATIONS: [&str; 2] = ["ssl.keystore.location", "ssl.truststore.location"];

/// Looks at the files that the settings name, for ever with a pause between looks, and calls `renew` whenever one of them has changed. What cannot be
/// used is told once, and what was there before stays in force. Cancel-safe.
pub(super) async fn follow(
    settings: Properties,
    pause: Duration,
    mut renew: impl FnMut(&Properties) -> Result<(), SettingsError>,
) {
    let files: Vec<PathBuf> =
        LOCATIONS.iter().filter_map(|key| settings.get(*key)).map(|it| it.trim().into()).collect();
    if files.is_empty() {
        return std::future::pending().await;
    }
    let mut seen = contents(&files);
    loop {
        tokio::time::sleep(pause).await;
        let newest = contents(&files);
        if newest == seen {
            continue;
        }
        seen = newest;
        match renew(&settings) {
            Ok(()) => {
                tracing::info!(
                    ?files,
                    "keys and certificates of the REST API have been read again"
                );
            }
            Err(error) => tracing::error!(
                %error,
                ?files,
                "keys or certificates of the REST API have changed and cannot be used; those from before stay in force"
            ),
        }
    }
}

/// What the files hold: few kilobytes each. Their times tell less, as Secrets are mounted by links.
fn contents(files: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    files.iter().map(|file| fs::read(file).ok()).collect()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn files_are_read_again_once_they_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        fs::write(&file, "a").unwrap();
        let settings = Properties::from([(LOCATIONS[0].to_owned(), file.display().to_string())]);
        let (sender, mut read) = mpsc::unbounded_channel();
        let renewed = file.clone();
        let renew = move |_: &Properties| {
            let text = fs::read_to_string(&renewed).unwrap();
            sender.send(text.clone()).unwrap();
            let reason = "it is bad".to_owned();
            let is_bad = text == "bad";
            if is_bad { Err(SettingsError::Invalid { key: LOCATIONS[0], reason }) } else { Ok(()) }
        };
        let changes = async {
            // Each change is seen, and a bad one does not end the watch. Files are put in place whole.
            for text in ["b", "bad", "c"] {
                let next = folder.path().join("next");
                fs::write(&next, text).unwrap();
                fs::rename(&next, &file).unwrap();
                assert_eq!(read.recv().await.as_deref(), Some(text));
            }
        };
        let follow = follow(settings, Duration::from_millis(5), renew);
        let limit = Duration::from_secs(30);
        tokio::select! {
            // What is there first is seen first.
            biased;
            () = follow => unreachable!("it never ends"),
            changed = tokio::time::timeout(limit, changes) => changed.unwrap(),
        }
    }
}
