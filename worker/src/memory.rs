//! How much memory records may take where the worker file does not say.

use std::{fs, path::Path, time::Duration};

use sluice_config::Properties;

/// Key of the memory for records, in bytes.
const KEY: &str = "sluice.memory.bytes";

/// Where the kernel tells a container its limit: cgroup v2, then v1.
const LIMITS: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// No container has so much: version 1 tells a number like this where there is no limit.
const NO_LIMIT: u64 = 1 << 50;

/// How often the limit is looked at: Kubernetes changes those of containers that run.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What of a limit is for records: as much is for what is made of them, and as much for the worker itself.
const PARTS: u64 = 3;

/// Sets `sluice.memory.bytes`, unless the file has it, to a part of what the container may have.
pub(crate) fn fit_into_container(properties: &mut Properties) {
    if properties.contains_key(KEY) {
        return;
    }
    if let Some(limit) = LIMITS.iter().find_map(|it| limit_of(Path::new(it))) {
        tracing::info!(limit, "a third of the container's memory is for records");
        properties.insert(KEY.to_owned(), (limit / PARTS).to_string());
    }
}

/// Tells what is for records whenever the container's limit changes; never returns. None if the worker file says how much
/// it is, or if there is no limit.
pub(crate) fn follow<F: Fn(usize)>(
    properties: &Properties,
    changed: F,
) -> Option<impl Future<Output = ()> + use<F>> {
    if properties.contains_key(KEY) {
        return None;
    }
    let found = |file| Some((file, limit_of(file)?));
    let (file, known) = LIMITS.map(Path::new).into_iter().find_map(found)?;
    Some(follow_file(file, known, LOOK_AGAIN, changed))
}

async fn follow_file(file: &Path, mut known: u64, pause: Duration, changed: impl Fn(usize)) {
    loop {
        tokio::time::sleep(pause).await;
        if let Some(limit) = limit_of(file).filter(|limit| *limit != known) {
            tracing::info!(
                limit,
                "the container's memory has changed; a third of it is for records"
            );
            changed(usize::try_from(limit / PARTS).unwrap_or(usize::MAX));
            known = limit;
        }
    }
}

fn limit_of(file: &Path) -> Option<u64> {
    let bytes = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (bytes < NO_LIMIT).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_kernel_tells_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory.max");
        for (text, expected) in
            [("268435456\n", Some(1 << 28)), ("max\n", None), ("9223372036854771712\n", None)]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(limit_of(&file), expected, "{text}");
        }
        assert_eq!(limit_of(&folder.path().join("none")), None);
    }

    #[tokio::test]
    async fn a_limit_that_changes_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memory.max");
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let following =
            follow_file(&file, 300, Duration::from_millis(1), |bytes| told.send(bytes).unwrap());
        let changing = async {
            let mut seen = Vec::new();
            for limit in ["600", "max", "150"] {
                fs::write(&file, limit).unwrap();
                if limit != "max" {
                    seen.push(heard.recv().await.unwrap());
                }
            }
            seen
        };
        let seen = tokio::select! {
            seen = changing => seen,
            () = following => unreachable!("it never returns"),
        };
        assert_eq!(seen, [200, 50]);
    }

    #[test]
    fn what_the_file_says_counts() {
        let set = Properties::from([(KEY.to_owned(), "1".to_owned())]);
        let mut properties = set.clone();
        fit_into_container(&mut properties);
        assert_eq!(properties, set);
    }
}
