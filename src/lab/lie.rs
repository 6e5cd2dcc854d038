//! Answers that are well-formed and wrong, as agents of real devices have given them.
//!
//! Each is made of the right answer, so a poller has nothing to tell it by but what it asked.

use snmp::{Oid, Pdu, PduType, ResponsePdu, VarBind, Version};

use crate::lab::action::behaviour::Behaviour;
use crate::lab::pdu;

/// What is told where nobody asked for it: objects under the number of RFC 5612.
const UNASKED: [u32; 8] = [1, 3, 6, 1, 4, 1, 32473, 9];

/// What is added to the number of a question.
const WRONG: i32 = 0x55;

/// Returns the answer of an agent that behaves so, over `table`, which ascends by identifier; `None` is silence.
///
/// Entries from `end` on are never told, as in `pdu::answer`, which is what a behaviour gets that is no lie.
#[must_use]
pub fn answer(
    behaviour: Behaviour,
    request: &Pdu,
    version: Version,
    table: &[VarBind],
    end: usize,
) -> Option<ResponsePdu> {
    let honest = || pdu::answer(request, version, table, end);
    let is_bulk = request.pdu_type() == PduType::GetBulkRequest;
    match behaviour {
        Behaviour::Trickle(_) if is_bulk => {
            // RFC 3416, 4.2.3 lets an answer end in the middle of a row.
            let mut told = varbinds(honest()?);
            told.truncate(1);
            ResponsePdu::success(version, request.request_id(), told).ok()
        }
        Behaviour::Renumbered => {
            let number = request.request_id() ^ WRONG;
            ResponsePdu::success(version, number, varbinds(honest()?)).ok()
        }
        Behaviour::Unasked => {
            let told = (1..)
                .zip(varbinds(honest()?))
                .map(|(number, varbind)| {
                    let oid = Oid::from_slice(&UNASKED).child(number);
                    VarBind::new(oid, varbind.value)
                })
                .collect();
            ResponsePdu::success(version, request.request_id(), told).ok()
        }
        Behaviour::Circle => pdu::walked(request, version, table, end, &|asked| {
            let found = pdu::next(asked, table, end)?;
            Some(again(asked, &found, table).unwrap_or(found))
        }),
        Behaviour::Endless => pdu::walked(request, version, table, end, &|asked| {
            let found = pdu::next(asked, table, end)?;
            Some(onward(asked, &found, table).unwrap_or(found))
        }),
        _ => honest(),
    }
}

fn varbinds(answer: ResponsePdu) -> Vec<VarBind> {
    answer.into_raw().into_varbinds()
}

/// Returns the first entry of the column that ends at `asked`; `None` where it goes on, or was none.
fn again(asked: &VarBind, found: &VarBind, table: &[VarBind]) -> Option<VarBind> {
    let column = asked.oid.parent();
    if found.oid.parent() == column && found.oid > asked.oid {
        return None;
    }
    let at = table
        .binary_search_by(|entry| entry.oid.cmp(&asked.oid))
        .ok()?;
    let column = table[..=at]
        .iter()
        .rev()
        .take_while(|entry| entry.oid.parent() == column);
    column.last().cloned()
}

/// Returns one more row of the column that ends at or before `asked`; `None` where it goes on, or was none.
fn onward(asked: &VarBind, found: &VarBind, table: &[VarBind]) -> Option<VarBind> {
    let column = asked.oid.parent();
    if found.oid.parent() == column && found.oid > asked.oid {
        return None;
    }
    let at = table.partition_point(|entry| entry.oid <= asked.oid);
    let last = table.get(at.checked_sub(1)?)?;
    if last.oid.parent() != column {
        return None;
    }
    let (number, front) = asked.oid.arcs().split_last()?;
    let oid = Oid::from_slice(front).child(number.checked_add(1)?);
    Some(VarBind::new(oid, last.value.clone()))
}
