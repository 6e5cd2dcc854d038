//! Any octets as the cache of CDP (CISCO-CDP-MIB).
#![no_main]

#[path = "../bound.rs"]
mod bound;
#[path = "../rows.rs"]
mod rows;

use libfuzzer_sys::fuzz_target;
use spanwatch::wire::whole;

fuzz_target!(|bytes: &[u8]| {
    let root = [1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];
    let cells = rows::cells(&root, bytes);
    bound::within(rows::ROW, cells.len(), || drop(whole::device(&cells)));
});
