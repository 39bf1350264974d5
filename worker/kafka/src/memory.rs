//! The memory that the Kafka clients of a process may hold together (`Memory`), however many they are. Half of it is
//! divided evenly, so that each client gets on whatever the others hold; the other half is whose who comes first.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;

/// One client of a large memory holds no more than librdkafka would by default.
const LARGEST: usize = 64 * 1024 * 1024;
/// Less is not worth a request.
pub(crate) const LEAST: usize = 64 * 1024;

/// Memory for records in the clients of a process. Clones are the same memory.
#[derive(Debug, Clone)]
pub struct Memory(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    total: AtomicUsize,
    taken: AtomicUsize,
    shares: AtomicUsize,
}

impl Memory {
    /// Memory of so many bytes.
    pub fn new(total: usize) -> Self {
        let (total, taken) = (AtomicUsize::new(total), AtomicUsize::new(0));
        Self(Arc::new(Pool { total, taken, shares: AtomicUsize::new(0) }))
    }

    /// From now on there are so many bytes. What is taken stays so until it is given back.
    pub fn resize(&self, total: usize) {
        self.0.total.store(total, Ordering::Relaxed);
    }

    /// The part of one client more; the parts of the others become smaller.
    pub fn share(&self) -> Share {
        self.0.shares.fetch_add(1, Ordering::Relaxed);
        Share(Arc::new(Member { pool: Arc::clone(&self.0), taken: AtomicUsize::new(0) }))
    }

    /// Bytes of records that are in memory.
    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Pool {
    fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }
}

/// The part of one client. It comes back once the client and all records that it has handed out are gone.
#[derive(Debug, Clone)]
pub struct Share(Arc<Member>);

#[derive(Debug)]
struct Member {
    pool: Arc<Pool>,
    taken: AtomicUsize,
}

impl Share {
    /// A client that shares with nobody.
    pub fn alone(bytes: usize) -> Self {
        Memory::new(bytes).share()
    }

    /// Bytes that no client should exceed, however much is free.
    pub(crate) fn most(&self) -> usize {
        (self.0.pool.total() / 8).clamp(LEAST, LARGEST)
    }

    /// Bytes that are this client's, whatever the others hold.
    pub(crate) fn assured(&self) -> usize {
        let pool = &self.0.pool;
        pool.total() / 2 / pool.shares.load(Ordering::Relaxed).max(1)
    }

    /// Whether more is taken than is assured.
    pub(crate) fn is_over(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed) > self.assured()
    }

    /// Takes up to `most` bytes, if there are at least [`LEAST`].
    pub(crate) fn try_take(&self, most: usize) -> Option<Taken> {
        let Member { pool, taken } = &*self.0;
        let assured = self.assured().saturating_sub(taken.load(Ordering::Relaxed));
        let mut bytes = 0;
        let take = |all: usize| {
            bytes = assured.max((pool.total() / 2).saturating_sub(all)).min(most);
            (bytes >= LEAST.min(most)).then_some(all + bytes)
        };
        pool.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        taken.fetch_add(bytes, Ordering::Relaxed);
        Some(Taken { of: self.clone(), bytes })
    }

    /// Takes bytes that cannot wait.
    pub(crate) fn take(&self, bytes: usize) -> Taken {
        self.0.pool.taken.fetch_add(bytes, Ordering::Relaxed);
        self.0.taken.fetch_add(bytes, Ordering::Relaxed);
        Taken { of: self.clone(), bytes }
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::alone(LARGEST)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.pool.shares.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes that were taken; dropped, they are given back.
#[derive(Debug)]
pub(crate) struct Taken {
    of: Share,
    bytes: usize,
}

impl Taken {
    /// How many.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Says how many it became.
    pub(crate) fn settle(&mut self, bytes: usize) {
        let Member { pool, taken } = &*self.of.0;
        for counter in [&pool.taken, taken] {
            counter.fetch_add(bytes, Ordering::Relaxed);
            counter.fetch_sub(self.bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.settle(0);
    }
}

/// Bytes of records that count as taken for as long as somebody looks at them.
pub(crate) struct Counted {
    bytes: Bytes,
    _taken: Arc<Taken>,
}

impl Counted {
    /// The same bytes; they and all slices of them hold `taken`.
    pub(crate) fn bytes(bytes: Bytes, taken: Arc<Taken>) -> Bytes {
        Bytes::from_owner(Self { bytes, _taken: taken })
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn all_together_never_take_more_than_there_is() {
        let memory = Memory::new(64 * MIB);
        let shares: Vec<Share> = (0..100).map(|_| memory.share()).collect();
        // As many as there are wanted by each in turn, for as long as somebody gets some.
        let mut held = Vec::new();
        loop {
            let before = held.len();
            held.extend(shares.iter().filter_map(|it| it.try_take(MIB)));
            if held.len() == before {
                break;
            }
        }
        assert!(memory.taken() <= 64 * MIB, "{}", memory.taken());
        assert!(memory.taken() > 48 * MIB, "{}", memory.taken());
        for share in &shares {
            let own = share.0.taken.load(Ordering::Relaxed);
            assert!(own + LEAST > share.assured(), "{own} of {}", share.assured());
        }
    }

    #[test]
    fn the_greedy_leave_the_others_theirs() {
        let memory = Memory::new(8 * MIB);
        let (greedy, modest) = (memory.share(), memory.share());
        let held: Vec<Taken> = std::iter::from_fn(|| greedy.try_take(MIB)).collect();
        assert_eq!(held.iter().map(Taken::bytes).sum::<usize>(), 4 * MIB);
        assert!(greedy.is_over());
        assert_eq!(modest.try_take(10 * MIB).map(|it| it.bytes()), Some(2 * MIB));
        drop((held, greedy));
        assert_eq!((memory.taken(), modest.assured()), (0, 4 * MIB), "parts come back");
    }

    #[test]
    fn memory_that_grows_or_shrinks_does_so_at_once() {
        let memory = Memory::new(8 * MIB);
        let share = memory.share();
        let held: Vec<Taken> = std::iter::from_fn(|| share.try_take(MIB)).collect();
        assert_eq!(held.len(), 4);
        memory.resize(16 * MIB);
        let more: Vec<Taken> = std::iter::from_fn(|| share.try_take(MIB)).collect();
        assert_eq!(more.len(), 4);
        memory.resize(8 * MIB);
        drop(more);
        assert!(share.try_take(MIB).is_none(), "half of it is taken");
        drop(held);
        assert!(share.try_take(MIB).is_some());
    }

    #[test]
    fn what_was_taken_for_more_than_came_is_given_back() {
        let memory = Memory::new(8 * MIB);
        let share = memory.share();
        let mut taken = share.take(100 * MIB);
        assert!(share.try_take(MIB).is_none(), "nothing is left");
        taken.settle(10);
        assert_eq!((memory.taken(), taken.bytes()), (10, 10));
        drop(share);
        assert_eq!(memory.0.shares.load(Ordering::Relaxed), 1, "records of it are in memory");
        drop(taken);
        assert_eq!((memory.taken(), memory.0.shares.load(Ordering::Relaxed)), (0, 0));
    }
}
