//! What a decoder may hold for its input. `-malloc_limit_mb` sees nothing here, because it needs a sanitizer's allocator;
//! so the targets count for themselves, and tighter.

#[path = "../tests/hostile/weight.rs"]
mod weight;

#[global_allocator]
static ALLOCATOR: weight::Counting = weight::Counting;

/// What is held beside what the input is worth: the first places of lists, and what a message says of itself.
const BESIDE: usize = 16 << 10;

/// Decodes something, and ends the program if more was held for it at once than `each` octets for each of its `count`
/// parts.
pub(crate) fn within(each: usize, count: usize, decode: impl FnOnce()) {
    let held = weight::peak(decode);
    let most = each * count + BESIDE;
    assert!(
        held <= most,
        "held {held} octets for {count} parts, at most {most}"
    );
}
