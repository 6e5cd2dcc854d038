//! GET, GETNEXT and GETBULK over a table of varbinds, as RFC 3416 asks for them.

use snmp::{OutboundErrorStatus, Pdu, PduBody, PduType, ResponsePdu, Value, VarBind, Version};

/// Octets of varbinds in one answer: with every header it fits an Ethernet frame.
///
/// One object alone may be longer, as it is with devices: its answer goes in fragments. By version 3 it may not, where an
/// agent says how much it sends (`msgMaxSize`, RFC 3412).
const ROOM: usize = 1_300;

/// Returns the answer to a request over `table`, which ascends by identifier; `None` is silence.
///
/// Entries from `end` on are never told: a request that would need one is not answered at all.
#[must_use]
pub fn answer(
    request: &Pdu,
    version: Version,
    table: &[VarBind],
    end: usize,
) -> Option<ResponsePdu> {
    walked(request, version, table, end, &|asked| {
        next(asked, table, end)
    })
}

/// Returns the same where somebody else says what comes after an object; `None` of it is silence.
pub(super) fn walked(
    request: &Pdu,
    version: Version,
    table: &[VarBind],
    end: usize,
    next: &dyn Fn(&VarBind) -> Option<VarBind>,
) -> Option<ResponsePdu> {
    let id = request.request_id();
    let asked = request.varbinds();
    let told = match (request.pdu_type(), request.raw_body()) {
        (PduType::GetRequest, _) => asked
            .iter()
            .map(|varbind| get(varbind, table, end))
            .collect::<Option<Vec<_>>>()?,
        (PduType::GetNextRequest, _) => asked.iter().map(next).collect::<Option<Vec<_>>>()?,
        (
            PduType::GetBulkRequest,
            PduBody::GetBulk {
                non_repeaters,
                max_repetitions,
            },
        ) => {
            return bulk(request, version, next, (*non_repeaters, *max_repetitions));
        }
        (PduType::SetRequest, _) => {
            let status = OutboundErrorStatus::NotWritable;
            let index = snmp::ErrorIndex::new(1, asked.len()).ok()?;
            return ResponsePdu::new(version, id, status, Some(index), asked.to_vec()).ok();
        }
        _ => return None,
    };
    let is_alone = told.len() == 1 && version != Version::V3;
    if octets(&told) > ROOM && !is_alone {
        return ResponsePdu::too_big(version, id, Vec::new()).ok();
    }
    ResponsePdu::success(version, id, told).ok()
}

fn get(asked: &VarBind, table: &[VarBind], end: usize) -> Option<VarBind> {
    let value = match table.binary_search_by(|entry| entry.oid.cmp(&asked.oid)) {
        Ok(at) if at >= end => return None,
        Ok(at) => table[at].value.clone(),
        Err(at) => {
            // The object exists where a neighbour has all of its identifier but the last part, the instance.
            let object = asked.oid.parent();
            let is_known = [at.checked_sub(1), Some(at)]
                .into_iter()
                .flatten()
                .filter_map(|at| table.get(at))
                .any(|entry| entry.oid.parent() == object);
            if is_known {
                Value::NoSuchInstance
            } else {
                Value::NoSuchObject
            }
        }
    };
    Some(VarBind::new(asked.oid.clone(), value))
}

pub(super) fn next(asked: &VarBind, table: &[VarBind], end: usize) -> Option<VarBind> {
    let at = table.partition_point(|entry| entry.oid <= asked.oid);
    match table.get(at) {
        Some(_) if at >= end => None,
        Some(entry) => Some(entry.clone()),
        None => Some(VarBind::new(asked.oid.clone(), Value::EndOfMibView)),
    }
}

/// Answers GETBULK (RFC 3416, 4.2.3): as many whole rounds, and of the last as many varbinds, as there is room.
fn bulk(
    request: &Pdu,
    version: Version,
    next: &dyn Fn(&VarBind) -> Option<VarBind>,
    (once, repetitions): (u32, u32),
) -> Option<ResponsePdu> {
    let (single, repeated) = request
        .varbinds()
        .split_at((once as usize).min(request.varbinds().len()));
    let mut told = Vec::new();
    let mut room = ROOM;
    let mut take = |told: &mut Vec<VarBind>, varbind: VarBind| {
        let may_overflow = told.is_empty() && version != Version::V3;
        let left = room.checked_sub(varbind.encoded_size());
        let Some(left) = left.or_else(|| may_overflow.then_some(0)) else {
            return false;
        };
        room = left;
        told.push(varbind);
        true
    };
    let mut is_full = false;
    for varbind in single {
        is_full |= !take(&mut told, next(varbind)?);
    }
    let mut row: Vec<VarBind> = repeated.to_vec();
    for round in 0..repetitions {
        if is_full || row.is_empty() {
            break;
        }
        for place in &mut row {
            match next(place) {
                Some(found) => {
                    *place = found.clone();
                    is_full = is_full || !take(&mut told, found);
                }
                // Nothing told yet of what repeats: then this one is not answered either.
                None if round == 0 => return None,
                None => is_full = true,
            }
            if is_full {
                break;
            }
        }
        if row.iter().all(|place| place.value == Value::EndOfMibView) {
            break;
        }
    }
    ResponsePdu::success(version, request.request_id(), told).ok()
}

fn octets(varbinds: &[VarBind]) -> usize {
    varbinds.iter().map(VarBind::encoded_size).sum()
}
