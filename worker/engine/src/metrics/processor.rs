//! Processor time of a task: that of its own threads. What others do for it, such as a producer's threads, is not in it.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use super::lock;

/// What Linux counts processor time in, for whoever reads `/proc`.
const TICKS_A_SECOND: f64 = 100.0;
/// Where user and system time stand in a thread's `stat`, counted behind its name.
const USER_AND_SYSTEM: std::ops::RangeInclusive<usize> = 11..=12;

/// The processor time of a task.
#[derive(Debug, Default)]
pub(crate) struct ProcessorTime(Mutex<Threads>);

#[derive(Debug, Default)]
struct Threads {
    /// Ticks of threads that have ended.
    ended: u64,
    /// Those that run, by number.
    running: Vec<u64>,
}

/// A thread counts for a task until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    time: Arc<ProcessorTime>,
    thread: Option<u64>,
}

impl ProcessorTime {
    /// The thread that calls counts from its beginning.
    pub(crate) fn count(self: &Arc<Self>) -> Counted {
        let thread = own_number();
        lock(&self.0).running.extend(thread);
        Counted { time: Arc::clone(self), thread }
    }

    /// Seconds up to now, in steps of 10 ms; those that cannot be read are left out.
    pub(crate) fn seconds(&self) -> f64 {
        let threads = lock(&self.0);
        let running: u64 = threads.running.iter().filter_map(|it| ticks(*it)).sum();
        (threads.ended + running) as f64 / TICKS_A_SECOND
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(thread) = self.thread else { return };
        let mut threads = lock(&self.time.0);
        threads.ended += ticks(thread).unwrap_or(0);
        threads.running.retain(|it| *it != thread);
    }
}

/// The kernel's number of the thread that calls; none where `/proc` is not to be read.
fn own_number() -> Option<u64> {
    fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
}

fn ticks(thread: u64) -> Option<u64> {
    parsed(&fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?)
}

/// User and system time. The name of a thread may hold blanks and brackets.
fn parsed(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    fields.get(USER_AND_SYSTEM)?.iter().map(|it| it.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    #[test]
    fn times_are_read_behind_any_name() {
        let stat = "17 (task-a) (b 1) S 1 2 3 4 5 6 7 8 9 10 250 40 0 0 20 0";
        assert_eq!(parsed(stat), Some(290));
        for short in ["", "17 (a) S 1 2", "no brackets"] {
            assert_eq!(parsed(short), None, "{short}");
        }
    }

    #[test]
    fn a_thread_counts_while_it_runs_and_after_it_has_ended() {
        let time = Arc::<ProcessorTime>::default();
        let counted = Arc::clone(&time);
        let while_running = thread::spawn(move || {
            let _counted = counted.count();
            let begun = Instant::now();
            // Time passes only by working; a minute of it is a machine that has stopped.
            while counted.seconds() < 0.03 && begun.elapsed().as_secs() < 60 {
                std::hint::spin_loop();
            }
            counted.seconds()
        });
        let while_running = while_running.join().expect("no panic");
        assert!(while_running >= 0.03, "{while_running}");
        assert!(time.seconds() >= while_running, "what has ended stays counted");
        assert!(lock(&time.0).running.is_empty());
    }
}
