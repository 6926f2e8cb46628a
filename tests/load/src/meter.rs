//! Counters for heap allocations, and the collection boundary for callgrind.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::hint::black_box;

/// The system allocator with counters per thread. Allocations of C code, such as aws-lc, are not counted.
#[derive(Debug)]
pub struct Counting;

/// Allocation counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of allocations. Growing a block counts as one.
    pub allocations: u64,
    /// Total size in bytes.
    pub bytes: u64,
    /// Number of allocations of exactly the size that was set with [`watch`].
    pub watched: u64,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { allocations: 0, bytes: 0, watched: 0 }) };
    static WATCHED: Cell<usize> = const { Cell::new(0) };
    static TRACES: Cell<bool> = const { Cell::new(false) };
    static TRACE: RefCell<Vec<(usize, Backtrace)>> = const { RefCell::new(Vec::new()) };
}

fn note(size: usize) {
    // The counters are unavailable while a thread ends.
    let _ = TALLY.try_with(|tally| {
        let Tally { allocations, bytes, watched } = tally.get();
        let hit = WATCHED.get() == size && size > 0;
        tally.set(Tally {
            allocations: allocations + 1,
            bytes: bytes + size as u64,
            watched: watched + u64::from(hit),
        });
        if TRACES.replace(false) {
            TRACE.with_borrow_mut(|trace| trace.push((size, Backtrace::force_capture())));
            TRACES.set(true);
        }
    });
}

// SAFETY: every call is forwarded unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

/// Returns the allocations of `work` in this thread. Zero unless [`Counting`] is the global allocator.
pub fn counted(work: &mut dyn FnMut()) -> Tally {
    let before = TALLY.get();
    work();
    let after = TALLY.get();
    Tally {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes - before.bytes,
        watched: after.watched - before.watched,
    }
}

/// Sets the size for which this thread counts allocations separately.
pub fn watch(size: usize) {
    WATCHED.set(size);
}

/// Returns each allocation of `work`, with its size and backtrace.
pub fn traced(work: &mut dyn FnMut()) -> Vec<(usize, Backtrace)> {
    TRACES.set(true);
    work();
    TRACES.set(false);
    TRACE.take()
}

/// Runs `work` inside a function whose name callgrind is configured to collect. Client requests would need assembly.
#[inline(never)]
pub fn collected(work: &mut dyn FnMut()) {
    work();
    black_box(()); // prevents a tail call
}
