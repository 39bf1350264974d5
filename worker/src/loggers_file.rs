//! A file with levels of loggers, read again when it changes, as Kubernetes changes that of a mounted ConfigMap. Log4j does
//! the same with `monitorInterval`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sluice_config::parse_properties;
use sluice_herder::loggers::{Level, Loggers};

/// Pause between two looks at the file.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

type Levels = BTreeMap<String, Level>;

/// Sets the levels of a file, for ever as it changes. Cancel-safe.
pub(super) async fn follow(file: String, loggers: Loggers) {
    let file = Path::new(&file);
    let set = |levels: &Levels| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        loggers.load(levels, i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
        tracing::info!(?file, loggers = levels.len(), "the levels of loggers have been set");
    };
    watch(file, LOOK_AGAIN, set).await;
}

/// Looks at the file for ever with a pause between looks, and hands over the levels that it has at first and whenever it has
/// changed. A file that is not there has none. Cancel-safe.
async fn watch(file: &Path, pause: Duration, mut set: impl FnMut(&Levels)) {
    // Nothing to begin with: levels that a client of the REST API sets before there is a file stay.
    let mut seen = Ok(Vec::new());
    loop {
        let newest = read(file);
        if newest != seen {
            match newest.as_deref().map_err(Clone::clone).and_then(parse) {
                Ok(levels) => set(&levels),
                Err(error) => tracing::error!(
                    error,
                    ?file,
                    "the levels of loggers cannot be read; those from before stay in force"
                ),
            }
            seen = newest;
        }
        tokio::time::sleep(pause).await;
    }
}

/// What the file has: few bytes. Its time tells less, as ConfigMaps are mounted by links.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|error| error.to_string()),
    }
}

/// A line for each logger. What is no level is told and left out.
fn parse(bytes: &[u8]) -> Result<Levels, String> {
    let named = parse_properties(bytes).map_err(|error| error.to_string())?;
    let level = |(logger, name): (String, String)| {
        let level = Level::parse(&name);
        if level.is_none() {
            tracing::warn!(logger, level = name, "ignoring a log level that is none");
        }
        Some((logger, level?))
    };
    Ok(named.into_iter().filter_map(level).collect())
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn levels_are_set_again_when_their_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loggers.properties");
        let (sender, mut set) = mpsc::unbounded_channel();
        let changes = async {
            for (text, expected) in [
                (
                    "root=WARN\na\\:\\:b=debug\n",
                    vec![("a::b", Level::Debug), ("root", Level::Warn)],
                ),
                ("root=LOUD\na=INFO\n", vec![("a", Level::Info)]),
                ("", vec![]),
            ] {
                // Files are put in place whole.
                let next = folder.path().join("next");
                fs::write(&next, text).unwrap();
                fs::rename(&next, &file).unwrap();
                let levels: Levels = set.recv().await.unwrap();
                let expected = expected.into_iter().map(|(name, level)| (name.to_owned(), level));
                assert_eq!(levels, expected.collect(), "{text}");
            }
        };
        let watch = watch(&file, Duration::from_millis(5), |levels| {
            sender.send(levels.clone()).unwrap();
        });
        tokio::select! {
            () = watch => unreachable!("it never ends"),
            changed = tokio::time::timeout(Duration::from_secs(30), changes) => changed.unwrap(),
        }
    }
}
