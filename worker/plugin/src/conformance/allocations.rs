//! Allocations, counted for each thread: what a record costs beside time, and the part of it that a test can hold to.

#![allow(unsafe_code)] // An allocator cannot be written without; production has none of this.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

/// Counts what each thread takes, so that tests beside one another do not disturb the figures. A test binary has to name
/// it as its allocator:
///
/// ```standalone_crate
/// use sluice_plugin::conformance::{CountingAllocator, allocations};
///
/// #[global_allocator]
/// static COUNTING: CountingAllocator = CountingAllocator;
///
/// let before = allocations();
/// let text = "x".repeat(3);
/// assert_eq!(allocations() - before, 1);
/// # drop(text);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator;

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// How many allocations the calling thread has made so far; making one larger counts as one.
///
/// # Panics
/// Where [`CountingAllocator`] is not the allocator, because nothing would ever be counted.
pub fn allocations() -> u64 {
    let taken = TAKEN.get();
    drop(black_box(Box::new(0_u8)));
    assert!(TAKEN.get() > taken, "the test binary has to have CountingAllocator as its allocator");
    TAKEN.set(taken);
    taken
}

fn count() {
    // A thread on its way out has no count any more.
    let _ = TAKEN.try_with(|it| it.set(it.get() + 1));
}

// SAFETY: everything is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}
