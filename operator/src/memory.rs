//! Memory that the allocator holds without use.
//!
//! Ten thousand connectors that come at the same time leave holes between what is kept of them, a third of the heap. glibc
//! keeps these pages for what comes next, and gives them back only when it is told to.
#![allow(unsafe_code)]

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// How often: while a wave of resources comes, too, so that it does not pile up. A heap without holes costs microseconds.
const EVERY: Duration = Duration::from_secs(15);

/// Gives back, now and then, what is not in use; never returns.
pub async fn give_back() {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        trim();
    }
}

#[cfg(target_env = "gnu")]
fn trim() {
    // SAFETY: the function takes the allocator's own locks and touches nothing that is allocated.
    let gave = unsafe { libc::malloc_trim(0) };
    tracing::trace!(gave, "gave back what the allocator held");
}

/// Other allocators give back by themselves.
#[cfg(not(target_env = "gnu"))]
fn trim() {}

#[cfg(test)]
#[cfg(target_env = "gnu")]
mod tests {
    use super::*;

    /// Resident memory of this process in bytes.
    fn resident() -> usize {
        let text = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = text.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }

    #[test]
    fn holes_in_the_heap_are_given_back() {
        const BLOCK: usize = 16 * 1024;
        let mut blocks: Vec<_> = (0..4096).map(|_| Some(vec![1u8; BLOCK])).collect();
        for hole in blocks.iter_mut().skip(1).step_by(2) {
            *hole = None;
        }
        let before = resident();
        trim();
        let holes = blocks.len() / 2 * BLOCK;
        assert!(before.saturating_sub(resident()) > holes / 2, "{before} → {}", resident());
        assert!(blocks.iter().flatten().all(|it| it.iter().all(|byte| *byte == 1)));
    }
}
