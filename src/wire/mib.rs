//! Varbinds and devices: the monitor reads with it, the lab's agents write with it.
//!
//! Real agents leave out columns, leave out rows, and count some ports in 64 bits and others in 32. So a row is
//! known by the index in its object identifier (ifIndex itself is a column that many agents do not serve), every
//! cell may be missing, and the width of a counter is decided row by row, by presence: a port of 100 Mb/s with
//! ifHCInOctets is counted in 64 bits whatever RFC 2863 asks for its speed.

use std::collections::BTreeMap;
use std::time::Duration;

use snmp::{Oid, Value, VarBind};

use crate::model::device::{CounterWidth, Device, Interface, PortStatus, System};
use crate::model::text::DeviceText;

/// sysServices of what forwards packets: layers 2 and 3 (RFC 3418: 2^(2-1) + 2^(3-1)).
const SERVICES_OF_A_ROUTER: i32 = 6;

/// ifSpeed of a port that is too fast for it (RFC 2863): the true value is in ifHighSpeed.
const TOO_FAST: u64 = u32::MAX as u64;

const MEGABIT: u64 = 1_000_000;

macro_rules! objects {
    ($($(#[$doc:meta])* $variant:ident = $name:literal [$($arc:literal),+];)*) => {
        /// An object that a poll reads, by its name in SNMPv2-MIB (RFC 3418) or IF-MIB (RFC 2863).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Object {
            $($(#[$doc])* $variant,)*
        }

        impl Object {
            /// Every object, ascending by its identifier.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the name that the MIB gives it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns its identifier without an instance.
            #[must_use]
            pub fn arcs(self) -> &'static [u32] {
                match self {
                    $(Self::$variant => &[$($arc),+],)*
                }
            }
        }
    };
}

objects! {
    /// What the device is, in its maker's words.
    SysDescr = "sysDescr" [1, 3, 6, 1, 2, 1, 1, 1];
    /// Which product it is, as an identifier.
    SysObjectId = "sysObjectID" [1, 3, 6, 1, 2, 1, 1, 2];
    /// Hundredths of a second since the agent began; wraps after 497 days.
    SysUpTime = "sysUpTime" [1, 3, 6, 1, 2, 1, 1, 3];
    /// Whom to call.
    SysContact = "sysContact" [1, 3, 6, 1, 2, 1, 1, 4];
    /// What it calls itself.
    SysName = "sysName" [1, 3, 6, 1, 2, 1, 1, 5];
    /// Where it stands.
    SysLocation = "sysLocation" [1, 3, 6, 1, 2, 1, 1, 6];
    /// Which layers it serves.
    SysServices = "sysServices" [1, 3, 6, 1, 2, 1, 1, 7];
    /// How many interfaces it has.
    IfNumber = "ifNumber" [1, 3, 6, 1, 2, 1, 2, 1];
    /// The index again, as a value.
    IfIndex = "ifIndex" [1, 3, 6, 1, 2, 1, 2, 2, 1, 1];
    /// The long name.
    IfDescr = "ifDescr" [1, 3, 6, 1, 2, 1, 2, 2, 1, 2];
    /// The kind (`IANAifType`).
    IfType = "ifType" [1, 3, 6, 1, 2, 1, 2, 2, 1, 3];
    /// Bits a second, up to 4.29 Gb/s.
    IfSpeed = "ifSpeed" [1, 3, 6, 1, 2, 1, 2, 2, 1, 5];
    /// The MAC address.
    IfPhysAddress = "ifPhysAddress" [1, 3, 6, 1, 2, 1, 2, 2, 1, 6];
    /// What was configured.
    IfAdminStatus = "ifAdminStatus" [1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
    /// What is.
    IfOperStatus = "ifOperStatus" [1, 3, 6, 1, 2, 1, 2, 2, 1, 8];
    /// Octets received, 32 bits.
    IfInOctets = "ifInOctets" [1, 3, 6, 1, 2, 1, 2, 2, 1, 10];
    /// Packets received and thrown away.
    IfInDiscards = "ifInDiscards" [1, 3, 6, 1, 2, 1, 2, 2, 1, 13];
    /// Packets received in error.
    IfInErrors = "ifInErrors" [1, 3, 6, 1, 2, 1, 2, 2, 1, 14];
    /// Octets sent, 32 bits.
    IfOutOctets = "ifOutOctets" [1, 3, 6, 1, 2, 1, 2, 2, 1, 16];
    /// Packets thrown away instead of sent.
    IfOutDiscards = "ifOutDiscards" [1, 3, 6, 1, 2, 1, 2, 2, 1, 19];
    /// Packets not sent for an error.
    IfOutErrors = "ifOutErrors" [1, 3, 6, 1, 2, 1, 2, 2, 1, 20];
    /// The short name.
    IfName = "ifName" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
    /// Octets received, 64 bits.
    IfHcInOctets = "ifHCInOctets" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6];
    /// Octets sent, 64 bits.
    IfHcOutOctets = "ifHCOutOctets" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10];
    /// Megabits a second.
    IfHighSpeed = "ifHighSpeed" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15];
    /// What the operator calls it.
    IfAlias = "ifAlias" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18];
    /// sysUpTime when its counters last began anew.
    IfDiscontinuity = "ifCounterDiscontinuityTime" [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19];
}

impl Object {
    /// The scalars that a poll asks in one question.
    pub const SYSTEM: &[Self] = &[
        Self::SysDescr,
        Self::SysObjectId,
        Self::SysUpTime,
        Self::SysContact,
        Self::SysName,
        Self::SysLocation,
    ];

    /// The columns that a poll walks, ascending.
    ///
    /// ifIndex is not among them: every row's index is in its identifier.
    pub const COLUMNS: &[Self] = &[
        Self::IfDescr,
        Self::IfType,
        Self::IfSpeed,
        Self::IfPhysAddress,
        Self::IfAdminStatus,
        Self::IfOperStatus,
        Self::IfInOctets,
        Self::IfInDiscards,
        Self::IfInErrors,
        Self::IfOutOctets,
        Self::IfOutDiscards,
        Self::IfOutErrors,
        Self::IfName,
        Self::IfHcInOctets,
        Self::IfHcOutOctets,
        Self::IfHighSpeed,
        Self::IfAlias,
        Self::IfDiscontinuity,
    ];

    /// Returns the identifier without an instance.
    #[must_use]
    pub fn oid(self) -> Oid {
        Oid::from_slice(self.arcs())
    }

    /// Returns the identifier of one instance: 0 for a scalar, ifIndex for a cell.
    #[must_use]
    pub fn at(self, instance: u32) -> Oid {
        self.oid().child(instance)
    }

    /// Returns which object and which instance an identifier means; `None` for any that a poll does not read.
    #[must_use]
    pub fn of(oid: &Oid) -> Option<(Self, u32)> {
        let (instance, arcs) = oid.arcs().split_last()?;
        Self::ALL
            .iter()
            .find(|object| object.arcs() == arcs)
            .map(|object| (*object, *instance))
    }

    /// Returns whether this is a column of ifTable or ifXTable.
    #[must_use]
    pub fn is_column(self) -> bool {
        self >= Self::IfIndex
    }
}

/// Writes a device as its agent serves it: the system group, ifNumber, ifTable and ifXTable.
///
/// Ascending by identifier, as GETNEXT walks them. Octets of a port with 64 bits are served in both widths;
/// 32-bit values wrap and ifSpeed stops at its maximum, as on a real device. What the device does not say
/// (`None`, an unknown ifAdminStatus) has no instance.
#[must_use]
pub fn encode(device: &Device) -> Vec<VarBind> {
    let system = &device.system;
    let mut all = BTreeMap::new();
    let mut put = |object: Object, instance: u32, value: Value| {
        all.insert(object.at(instance), value);
    };
    put(Object::SysDescr, 0, text(&system.descr));
    // zeroDotZero is how an agent says that it has no identifier (RFC 2578 §7.1.11 and SNMPv2-SMI).
    let object_id = match Oid::parse(&system.object_id) {
        Ok(oid) if !oid.is_empty() => oid,
        _ => Oid::from_slice(&[0, 0]),
    };
    put(Object::SysObjectId, 0, Value::ObjectIdentifier(object_id));
    if let Some(uptime) = system.uptime {
        let ticks = (uptime.as_millis() / 10) as u32;
        put(Object::SysUpTime, 0, Value::TimeTicks(ticks));
    }
    put(Object::SysContact, 0, text(&system.contact));
    put(Object::SysName, 0, text(&system.name));
    put(Object::SysLocation, 0, text(&system.location));
    put(Object::SysServices, 0, Value::Integer(SERVICES_OF_A_ROUTER));
    put(Object::IfNumber, 0, integer(device.interfaces.len() as u64));
    for port in &device.interfaces {
        let row = port.index;
        put(Object::IfIndex, row, integer(u64::from(row)));
        put(Object::IfDescr, row, text(&port.descr));
        put(Object::IfType, row, integer(u64::from(port.kind)));
        if let Some(speed) = port.speed {
            put(Object::IfSpeed, row, Value::Gauge32(clamp(speed)));
            // Rounded, not cut: RFC 2863 lets n stand for n - 500,000 to n + 499,999 bits a second.
            let megabits = speed.saturating_add(MEGABIT / 2) / MEGABIT;
            put(Object::IfHighSpeed, row, Value::Gauge32(clamp(megabits)));
        }
        let mac: &[u8] = port.mac.as_ref().map_or(&[], |mac| mac.as_slice());
        put(Object::IfPhysAddress, row, Value::from(mac));
        if port.admin != PortStatus::Unknown {
            put(Object::IfAdminStatus, row, status(port.admin));
        }
        put(Object::IfOperStatus, row, status(port.oper));
        put(Object::IfName, row, text(&port.name));
        put(Object::IfAlias, row, text(&port.alias));
        for (object, count) in [
            (Object::IfInOctets, port.in_octets),
            (Object::IfOutOctets, port.out_octets),
            (Object::IfInDiscards, port.in_discards),
            (Object::IfInErrors, port.in_errors),
            (Object::IfOutDiscards, port.out_discards),
            (Object::IfOutErrors, port.out_errors),
        ] {
            if let Some(count) = count {
                put(object, row, Value::Counter32(count as u32));
            }
        }
        if let Some(since) = port.discontinuity {
            let ticks = (since.as_millis() / 10) as u32;
            put(Object::IfDiscontinuity, row, Value::TimeTicks(ticks));
        }
        if port.counters == CounterWidth::Bits64 {
            for (object, count) in [
                (Object::IfHcInOctets, port.in_octets),
                (Object::IfHcOutOctets, port.out_octets),
            ] {
                if let Some(count) = count {
                    put(object, row, Value::Counter64(count));
                }
            }
        }
    }
    all.into_iter()
        .map(|(oid, value)| VarBind::new(oid, value))
        .collect()
}

/// Reads the system group out of any varbinds, in any order; what is not there stays empty.
#[must_use]
pub fn system(varbinds: &[VarBind]) -> System {
    let mut system = System::default();
    for varbind in varbinds {
        let Some((object, 0)) = Object::of(&varbind.oid) else {
            continue;
        };
        let value = &varbind.value;
        let words = || value.as_bytes().map(DeviceText::clean).unwrap_or_default();
        match object {
            Object::SysDescr => system.descr = words(),
            Object::SysContact => system.contact = words(),
            Object::SysName => system.name = words(),
            Object::SysLocation => system.location = words(),
            Object::SysUpTime => {
                // Some agents answer with a Gauge32 or an INTEGER; the unit is the same.
                system.uptime = value
                    .as_u32()
                    .map(|ticks| Duration::from_millis(u64::from(ticks) * 10));
            }
            Object::SysObjectId => {
                system.object_id = match value.as_oid() {
                    Some(oid) if !oid.is_empty() && oid.arcs() != [0, 0] => oid.to_string(),
                    _ => String::new(),
                };
            }
            _ => {}
        }
    }
    system
}

/// Reads the rows of ifTable and ifXTable out of any varbinds, in any order; ascending by ifIndex.
///
/// A row exists if any of its cells does. Of a cell that comes twice the later one counts, and a value of the
/// wrong type is a cell that is missing.
#[must_use]
pub fn interfaces(varbinds: &[VarBind]) -> Vec<Interface> {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    for varbind in varbinds {
        let value = &varbind.value;
        if value.is_exception() || matches!(value, Value::Null) {
            continue;
        }
        let Some((object, index)) = Object::of(&varbind.oid) else {
            continue;
        };
        if object.is_column() {
            rows.entry(index).or_default().read(object, value);
        }
    }
    rows.into_iter()
        .map(|(index, row)| row.finish(index))
        .collect()
}

/// A row while its cells come in.
#[derive(Default)]
struct Row {
    port: Interface,
    wide_in: Option<u64>,
    wide_out: Option<u64>,
    speed: Option<u64>,
    megabits: Option<u64>,
}

impl Row {
    fn read(&mut self, object: Object, value: &Value) {
        let port = &mut self.port;
        let number = value.as_u64();
        let words = || value.as_bytes().map(DeviceText::clean).unwrap_or_default();
        match object {
            Object::IfDescr => port.descr = words(),
            Object::IfName => port.name = words(),
            Object::IfAlias => port.alias = words(),
            Object::IfType => port.kind = value.as_u32().unwrap_or_default(),
            Object::IfSpeed => self.speed = number,
            Object::IfHighSpeed => self.megabits = number,
            Object::IfPhysAddress => {
                port.mac = value.as_bytes().and_then(|bytes| bytes.try_into().ok());
            }
            Object::IfAdminStatus => port.admin = port_status(number),
            Object::IfOperStatus => port.oper = port_status(number),
            Object::IfInOctets => port.in_octets = number,
            Object::IfOutOctets => port.out_octets = number,
            Object::IfInDiscards => port.in_discards = number,
            Object::IfInErrors => port.in_errors = number,
            Object::IfOutDiscards => port.out_discards = number,
            Object::IfOutErrors => port.out_errors = number,
            Object::IfHcInOctets => self.wide_in = number,
            Object::IfHcOutOctets => self.wide_out = number,
            Object::IfDiscontinuity => {
                port.discontinuity = value
                    .as_u32()
                    .map(|ticks| Duration::from_millis(u64::from(ticks) * 10));
            }
            _ => {}
        }
    }

    fn finish(self, index: u32) -> Interface {
        let mut port = self.port;
        port.index = index;
        if port.name.is_empty() {
            port.name = port.descr.clone();
        }
        if self.wide_in.is_some() || self.wide_out.is_some() {
            // Both directions from one width: a 32-bit count beside a 64-bit one would wrap unseen.
            port.counters = CounterWidth::Bits64;
            port.in_octets = self.wide_in;
            port.out_octets = self.wide_out;
        }
        port.speed = match (self.megabits, self.speed) {
            (Some(megabits), _) if megabits > 0 => Some(megabits.saturating_mul(MEGABIT)),
            // "Too fast" without ifHighSpeed is a speed that nobody told.
            (_, Some(TOO_FAST)) => None,
            (_, speed) => speed,
        };
        port
    }
}

fn text(text: &DeviceText) -> Value {
    Value::from(text.as_str())
}

fn integer(number: u64) -> Value {
    Value::Integer(i32::try_from(number).unwrap_or(i32::MAX))
}

fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn status(status: PortStatus) -> Value {
    Value::Integer(match status {
        PortStatus::Up => 1,
        PortStatus::Down => 2,
        PortStatus::Testing => 3,
        PortStatus::Unknown => 4,
        PortStatus::Dormant => 5,
        PortStatus::NotPresent => 6,
        PortStatus::LowerLayerDown => 7,
    })
}

fn port_status(number: Option<u64>) -> PortStatus {
    match number {
        Some(1) => PortStatus::Up,
        Some(2) => PortStatus::Down,
        Some(3) => PortStatus::Testing,
        Some(5) => PortStatus::Dormant,
        Some(6) => PortStatus::NotPresent,
        Some(7) => PortStatus::LowerLayerDown,
        _ => PortStatus::Unknown,
    }
}
