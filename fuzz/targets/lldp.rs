//! Any octets as the tables of LLDP: local ports, neighbours, their addresses (LLDP-MIB).
#![no_main]

#[path = "../bound.rs"]
mod bound;
#[path = "../rows.rs"]
mod rows;

use libfuzzer_sys::fuzz_target;
use spanwatch::wire::whole;

fuzz_target!(|bytes: &[u8]| {
    let mut cells = Vec::new();
    let tables: [&[u32]; 3] = [&[3, 7, 1], &[4, 1, 1], &[4, 2, 1]];
    for (table, part) in tables
        .iter()
        .zip(bytes.chunks(bytes.len().div_ceil(3).max(1)))
    {
        let root = [&[1, 0, 8802, 1, 1, 2, 1][..], table].concat();
        cells.extend(rows::cells(&root, part));
    }
    bound::within(rows::ROW, cells.len(), || drop(whole::device(&cells)));
});
