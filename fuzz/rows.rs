//! Octets as rows of a table: where each cell stands, and what stands in it. So the fuzzer need not first learn BER.

use snmp::{Oid, Value, VarBind};

/// Octets that a decoder may hold for each cell: some make a row of a table by themselves.
pub(crate) const ROW: usize = 2_048;

/// Reads cells: a column, so many arcs of an index, a kind of value, and so many octets of it.
pub(crate) fn cells(root: &[u32], bytes: &[u8]) -> Vec<VarBind> {
    let mut rest = bytes;
    let mut all = Vec::new();
    while let [column, arcs, kind, length, more @ ..] = rest {
        let (index, more) = more.split_at(usize::from(*arcs % 24).min(more.len()));
        let (value, more) = more.split_at(usize::from(*length).min(more.len()));
        rest = more;
        let mut oid = root.to_vec();
        oid.push(u32::from(*column));
        // The largest arc there is where the octet is: indices are where decoders count.
        oid.extend(index.iter().map(|arc| match *arc {
            u8::MAX => u32::MAX,
            arc => u32::from(arc),
        }));
        let number = value
            .iter()
            .fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
        let value = match kind % 6 {
            0 => Value::Integer(number as i32),
            1 => Value::Gauge32(number as u32),
            2 => Value::Counter64(number),
            3 => Value::ObjectIdentifier(Oid::from_slice(&[1, 3, 6, number as u32])),
            _ => Value::OctetString(value.to_vec().into()),
        };
        all.push(VarBind::new(Oid::from_slice(&oid), value));
    }
    all
}
