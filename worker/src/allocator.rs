//! glibc's allocator, told to leave with a thread what the thread gives back.
//!
//! The records of a batch are given back together. glibc leaves seven blocks of a size with a thread, merges the others
//! with their neighbours, and cuts them anew for the next batch: a third of the time that reading small JSON takes. How many
//! stay is read from the environment when a process begins, and from nowhere else: so the program begins again.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    process::Command,
};

/// Where glibc reads its settings.
const TUNABLES: &str = "GLIBC_TUNABLES";
/// Blocks of each size up to 1 KiB that may stay: two for each record of a poll (`max.poll.records`), and never more than
/// the thread had at once.
const KEEP: &str = "glibc.malloc.tcache_count=1000";
/// What a user may have set already.
const KEPT: &str = "glibc.malloc.tcache_count=";
/// Set in a process that began again, so that one whose environment is cleaned does not do so for ever.
const BEGAN_AGAIN: &str = "SLUICE_BEGAN_AGAIN";

/// Begins the program again, in the same process, with the setting in its environment. Comes back if that is set already or
/// cannot be done: the worker is only slower then. To be called before anything else.
pub(crate) fn keep_blocks() {
    if env::var_os(BEGAN_AGAIN).is_some() {
        return;
    }
    let Some(tunables) = tunables(env::var_os(TUNABLES)) else { return };
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // What comes back is the error.
    let _ = command.args(arguments).env(TUNABLES, tunables).env(BEGAN_AGAIN, "1").exec();
}

/// The settings with ours; none if the user has chosen.
fn tunables(set: Option<OsString>) -> Option<OsString> {
    let Some(mut set) = set.filter(|it| !it.is_empty()) else { return Some(KEEP.into()) };
    if set.as_bytes().split(|it| *it == b':').any(|it| it.starts_with(KEPT.as_bytes())) {
        return None;
    }
    set.push(OsStr::new(":"));
    set.push(KEEP);
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_has_set_stays() {
        for (set, expected) in [
            (None, Some(KEEP)),
            (Some(""), Some(KEEP)),
            (
                Some("glibc.malloc.arena_max=2"),
                Some("glibc.malloc.arena_max=2:glibc.malloc.tcache_count=1000"),
            ),
            (Some("glibc.malloc.tcache_count=9"), None),
            (Some("glibc.rtld.nns=2:glibc.malloc.tcache_count=9"), None),
        ] {
            assert_eq!(tunables(set.map(OsString::from)), expected.map(OsString::from), "{set:?}");
        }
    }
}
