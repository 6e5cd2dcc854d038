//! What a decoder holds while it reads: the system's allocator, counted a thread. The fuzz targets measure with it too.
#![expect(
    unsafe_code,
    reason = "an allocator that counts can be written in no other way"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts what each thread holds.
pub(crate) struct Counting;

thread_local! {
    /// Octets held now, and the most since `peak` began.
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn note(octets: isize) {
    // A thread that is ending counts nothing any more.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        let now = now + octets;
        held.set((now, most.max(now)));
    });
}

// SAFETY: every call goes to the system's allocator with the same arguments; what is counted beside it allocates
// nothing and touches no memory that it is given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new may stand side by side for a moment.
        note(size.cast_signed());
        note(-layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Returns the most that was held at once while something was done, beyond what was held before.
pub(crate) fn peak(does: impl FnOnce()) -> usize {
    HELD.with(|held| held.set((0, 0)));
    does();
    HELD.with(|held| held.get().1.max(0).cast_unsigned())
}
