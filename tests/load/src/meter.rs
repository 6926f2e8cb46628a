//! What a piece of work takes from the heap, and where under callgrind it begins and ends.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::hint::black_box;

/// The system's allocator, and a tally for each thread. C code, such as aws-lc's, does not come by here.
#[derive(Debug)]
pub struct Counting;

/// What was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that gave memory; one that grows a block is one.
    pub allocations: u64,
    /// Their sizes.
    pub bytes: u64,
    /// Those of exactly the size that [`watch`] was told.
    pub watched: u64,
}

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { allocations: 0, bytes: 0, watched: 0 }) };
    static WATCHED: Cell<usize> = const { Cell::new(0) };
    static TRACES: Cell<bool> = const { Cell::new(false) };
    static TRACE: RefCell<Vec<(usize, Backtrace)>> = const { RefCell::new(Vec::new()) };
}

fn note(size: usize) {
    // While a thread ends, its tally is gone.
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

// SAFETY: every call is passed on as it came.
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

/// What `work` takes, in this thread. Nothing, where [`Counting`] is not the global allocator.
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

/// From now on, this thread counts allocations of this size apart.
pub fn watch(size: usize) {
    WATCHED.set(size);
}

/// Each allocation of `work`, with its size and who asked for it.
pub fn traced(work: &mut dyn FnMut()) -> Vec<(usize, Backtrace)> {
    TRACES.set(true);
    work();
    TRACES.set(false);
    TRACE.take()
}

/// For callgrind, which collects while a function of this name runs: no client request, so no assembly.
#[inline(never)]
pub fn collected(work: &mut dyn FnMut()) {
    work();
    black_box(()); // what follows the call keeps it from becoming a jump
}
