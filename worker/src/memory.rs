//! How much memory records may take where the worker file does not say.

use std::{fs, path::Path};

use sluice_config::Properties;

/// Key of the memory for records, in bytes.
const KEY: &str = "sluice.memory.bytes";

/// Where the kernel tells a container its limit: cgroup v2, then v1.
const LIMITS: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// No container has so much: version 1 tells a number like this where there is no limit.
const NO_LIMIT: u64 = 1 << 50;

/// Sets `sluice.memory.bytes`, unless the file has it, to a third of what the container may have: as much is for what
/// is made of records, and as much for the worker itself.
pub(crate) fn fit_into_container(properties: &mut Properties) {
    if properties.contains_key(KEY) {
        return;
    }
    if let Some(limit) = LIMITS.iter().find_map(|it| limit_of(Path::new(it))) {
        tracing::info!(limit, "a third of the container's memory is for records");
        properties.insert(KEY.to_owned(), (limit / 3).to_string());
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

    #[test]
    fn what_the_file_says_counts() {
        let set = Properties::from([(KEY.to_owned(), "1".to_owned())]);
        let mut properties = set.clone();
        fit_into_container(&mut properties);
        assert_eq!(properties, set);
    }
}
