//! What a trap says: its identifier and varbinds to a sign and a port, and back for the lab's agents.
//!
//! RFC 2863 asks for ifIndex, ifAdminStatus and ifOperStatus in linkDown and linkUp; most makers add the name, a
//! few send only the name, and some nothing at all. So every part may be missing, and the index is taken from
//! whichever column of the interface tables is there.

use snmp::{Oid, Value, VarBind};

use crate::model::hint::{HintedPort, Sign};
use crate::model::text::DeviceText;
use crate::wire::mib::Object;

/// snmpTraps (RFC 3418): the standard traps stand below it.
const STANDARD: [u32; 9] = [1, 3, 6, 1, 6, 3, 1, 1, 5];

/// ifAdminStatus and ifOperStatus: up, down (RFC 2863).
const UP: i32 = 1;
const DOWN: i32 = 2;

/// Returns what a notification of this identifier (snmpTrapOID) says.
#[must_use]
pub fn sign(oid: &Oid) -> Sign {
    match oid.arcs().strip_prefix(&STANDARD) {
        Some([1]) => Sign::ColdStart,
        Some([2]) => Sign::WarmStart,
        Some([3]) => Sign::LinkDown,
        Some([4]) => Sign::LinkUp,
        Some([5]) => Sign::AuthenticationFailure,
        _ => Sign::Other,
    }
}

/// Returns the port that a notification is about: by its short name, else its long one, else its index.
#[must_use]
pub fn port(varbinds: &[VarBind]) -> Option<HintedPort> {
    let known: Vec<(Object, u32, &Value)> = varbinds
        .iter()
        .filter_map(|varbind| {
            let (object, instance) = Object::of(&varbind.oid)?;
            object
                .is_column()
                .then_some((object, instance, &varbind.value))
        })
        .collect();
    let named = |wanted: Object| {
        known
            .iter()
            .filter(|(object, _, _)| *object == wanted)
            .filter_map(|(_, _, value)| value.as_bytes())
            .map(DeviceText::clean)
            .find(|name| !name.is_empty())
    };
    if let Some(name) = named(Object::IfName).or_else(|| named(Object::IfDescr)) {
        return Some(HintedPort::Named(name));
    }
    let said = known.iter().find_map(|(object, _, value)| match value {
        Value::Integer(index) if *object == Object::IfIndex => u32::try_from(*index).ok(),
        _ => None,
    });
    let index = said.or_else(|| known.first().map(|(_, instance, _)| *instance))?;
    Some(HintedPort::Index(index))
}

/// Returns a notification's identifier and its varbinds, as an agent sends them; `None` for a maker's own.
#[must_use]
pub fn told(sign: Sign, port: Option<(u32, &DeviceText)>) -> Option<(Oid, Vec<VarBind>)> {
    let last = match sign {
        Sign::ColdStart => 1,
        Sign::WarmStart => 2,
        Sign::LinkDown => 3,
        Sign::LinkUp => 4,
        Sign::AuthenticationFailure => 5,
        Sign::Other => return None,
    };
    let oid = Oid::new(STANDARD.into_iter().chain([last]));
    let mut varbinds = Vec::new();
    if let Some((index, name)) = port {
        let oper = if sign == Sign::LinkDown { DOWN } else { UP };
        let number = Value::Integer(i32::try_from(index).unwrap_or(i32::MAX));
        varbinds = vec![
            VarBind::new(Object::IfIndex.at(index), number),
            VarBind::new(Object::IfAdminStatus.at(index), Value::Integer(UP)),
            VarBind::new(Object::IfOperStatus.at(index), Value::Integer(oper)),
            VarBind::new(
                Object::IfName.at(index),
                Value::from(name.as_str().as_bytes()),
            ),
        ];
    }
    Some((oid, varbinds))
}
