//! ENTITY-MIB (RFC 6933): what a device is made of.

use std::collections::BTreeMap;

use snmp::{Oid, Value, VarBind};

use crate::model::device::{Part, PartClass};
use crate::model::text::DeviceText;
use crate::wire::port::{cell, words};

/// entPhysicalEntry, by entPhysicalIndex.
pub(crate) const PHYSICAL: &[u32] = &[1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1];

/// Columns that a poll reads.
pub(crate) const COLUMNS: &[u32] = &[2, 4, 5, 7, 8, 9, 10, 11, 12, 13];

/// Reads the parts out of any varbinds, in any order; ascending by entPhysicalIndex.
pub(crate) fn inventory(varbinds: &[VarBind]) -> Vec<Part> {
    let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
    for varbind in varbinds {
        if let Some((column, &[index], value)) = cell(varbind, PHYSICAL) {
            let part = parts.entry(index).or_default();
            part.index = index;
            read(part, column, value);
        }
    }
    parts.into_values().collect()
}

fn read(part: &mut Part, column: u32, value: &Value) {
    match column {
        2 => part.description = words(value),
        4 => part.inside = value.as_u32().filter(|index| *index > 0),
        5 => {
            part.class = value
                .as_u32()
                .and_then(|number| usize::try_from(number).ok()?.checked_sub(1))
                .and_then(|at| PartClass::ALL.get(at).copied())
                .unwrap_or_default();
        }
        7 => part.name = words(value),
        8 => part.hardware = words(value),
        9 => part.firmware = words(value),
        10 => part.software = words(value),
        11 => part.serial = words(value),
        12 => part.maker = words(value),
        13 => part.model = words(value),
        _ => {}
    }
}

/// Writes the parts of a device as its agent serves them, in any order.
pub(crate) fn encode(inventory: &[Part], put: &mut impl FnMut(Oid, Value)) {
    for part in inventory {
        let mut cell = |column: u32, value: Value| {
            put(
                Oid::from_slice(PHYSICAL).child(column).child(part.index),
                value,
            );
        };
        let class = PartClass::ALL.iter().position(|class| *class == part.class);
        let number = |number: u32| Value::Integer(i32::try_from(number).unwrap_or(i32::MAX));
        cell(4, number(part.inside.unwrap_or_default()));
        // The classes are numbered from 1, and unknown is the second.
        cell(5, number(class.map_or(2, |at| at as u32 + 1)));
        let texts: [(u32, &DeviceText); 8] = [
            (2, &part.description),
            (7, &part.name),
            (8, &part.hardware),
            (9, &part.firmware),
            (10, &part.software),
            (11, &part.serial),
            (12, &part.maker),
            (13, &part.model),
        ];
        for (column, text) in texts {
            cell(column, Value::from(text.as_str()));
        }
    }
}
