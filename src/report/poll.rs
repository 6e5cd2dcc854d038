//! One device asked by hand: tables for people at 80 columns, and `spanwatch/poll/1`.
//!
//! Everything in it is the device's own word, cleaned where it came in. What could not be read is said beside
//! what could, because an empty table and an unread one look alike.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::analysis::wiring::witness::written;
use crate::judge::rates::{Gap, PortRate};
use crate::model::device::{
    CounterWidth, Device, Interface, Neighbour, Part, PartClass, PortStatus, Protocol, Station,
};
use crate::probe::poll::{Hint, Trouble, Walked, Whole};
use crate::report::clean;
use crate::report::listing::{capacity, head};
use crate::report::table::{Side, Table};
use crate::report::words::Words;

/// Columns of a terminal that everybody has.
const WIDTH: usize = 80;

/// Stations that are shown to people.
const STATIONS: usize = 24;

/// Less room than this for the last column says nothing any more.
const NARROWEST: usize = 8;

/// Whom was asked, and how.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The node's id, or the address where no topology knows it.
    pub device: String,
    /// The agent.
    pub agent: SocketAddr,
    /// `SNMP v2c` and the like, without any secret.
    pub how: String,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    device: &'a str,
    address: IpAddr,
    port: u16,
    asked_by: &'a str,
    seconds: f64,
    complete: bool,
    unread: Vec<UnreadShape>,
    system: SystemShape<'a>,
    interfaces: Vec<InterfaceShape<'a>>,
    neighbours: Vec<NeighbourShape<'a>>,
    stations: Vec<StationShape<'a>>,
    inventory: Vec<PartShape<'a>>,
}

#[derive(Serialize)]
struct UnreadShape {
    table: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct SystemShape<'a> {
    descr: &'a str,
    object_id: &'a str,
    name: &'a str,
    location: &'a str,
    contact: &'a str,
    chassis_id: &'a str,
    uptime: Option<f64>,
    engine_boots: Option<u32>,
    engine_time: Option<u64>,
}

#[derive(Serialize)]
struct InterfaceShape<'a> {
    index: u32,
    name: &'a str,
    descr: &'a str,
    alias: &'a str,
    r#type: u32,
    mac: Option<String>,
    speed: Option<u64>,
    duplex: Option<&'static str>,
    admin: PortStatus,
    oper: PortStatus,
    in_octets: Option<u64>,
    out_octets: Option<u64>,
    in_errors: Option<u64>,
    out_errors: Option<u64>,
    in_discards: Option<u64>,
    out_discards: Option<u64>,
    counters: u8,
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<RateShape>,
}

#[derive(Serialize)]
struct RateShape {
    in_bits_per_second: Option<f64>,
    out_bits_per_second: Option<f64>,
    busy: Option<f64>,
    errors_per_second: Option<f64>,
    discards_per_second: Option<f64>,
    unknown: Option<&'static str>,
}

#[derive(Serialize)]
struct NeighbourShape<'a> {
    protocol: Protocol,
    local_port: &'a str,
    local_index: Option<u32>,
    chassis_id: &'a str,
    port_id: &'a str,
    port_descr: &'a str,
    system_name: &'a str,
    system_descr: &'a str,
    addresses: &'a [IpAddr],
    #[serde(skip_serializing_if = "Option::is_none")]
    duplex: Option<&'static str>,
}

#[derive(Serialize)]
struct StationShape<'a> {
    local_port: &'a str,
    local_index: u32,
    mac: String,
    address: Option<IpAddr>,
}

#[derive(Serialize)]
struct PartShape<'a> {
    index: u32,
    contained_in: Option<u32>,
    class: PartClass,
    name: &'a str,
    description: &'a str,
    maker: &'a str,
    model: &'a str,
    serial: &'a str,
    hardware: &'a str,
    firmware: &'a str,
    software: &'a str,
}

/// Returns the document `spanwatch/poll/1`; `rates` are those of a second poll, where there was one.
#[must_use]
pub fn json(asked: &Asked, whole: &Whole, rates: Option<&[PortRate]>) -> String {
    let device = &whole.device;
    let system = &device.system;
    let unread = whole.unread.iter().map(|unread| UnreadShape {
        table: unread.group.name(),
        reason: unread.why.word(),
    });
    crate::report::json::written(&Document {
        schema: "spanwatch/poll/1",
        device: &asked.device,
        address: asked.agent.ip(),
        port: asked.agent.port(),
        asked_by: &asked.how,
        seconds: whole.took.as_secs_f64(),
        complete: whole.unread.is_empty(),
        unread: unread.collect(),
        system: SystemShape {
            descr: system.descr.as_str(),
            object_id: &system.object_id,
            name: system.name.as_str(),
            location: system.location.as_str(),
            contact: system.contact.as_str(),
            chassis_id: device.chassis_id.as_str(),
            uptime: system.uptime.map(|uptime| uptime.as_secs_f64()),
            engine_boots: device.engine.map(|engine| engine.boots),
            engine_time: device.engine.map(|engine| engine.time.as_secs()),
        },
        interfaces: device
            .interfaces
            .iter()
            .map(|port| InterfaceShape::of(port, device, rates))
            .collect(),
        neighbours: device.neighbours.iter().map(NeighbourShape::of).collect(),
        stations: (device.stations.iter())
            .map(|station| StationShape {
                local_port: port_of(device, station),
                local_index: station.index,
                mac: written(station.mac),
                address: station.address,
            })
            .collect(),
        inventory: device.inventory.iter().map(PartShape::of).collect(),
    })
}

impl<'a> InterfaceShape<'a> {
    fn of(port: &'a Interface, device: &Device, rates: Option<&[PortRate]>) -> Self {
        let rate = rates.and_then(|rates| rates.iter().find(|rate| rate.index == port.index));
        Self {
            index: port.index,
            name: port.name.as_str(),
            descr: port.descr.as_str(),
            alias: port.alias.as_str(),
            r#type: port.kind,
            mac: port.mac.map(written),
            speed: port.speed,
            duplex: port.full_duplex.map(duplex),
            admin: port.admin,
            oper: port.oper,
            in_octets: port.in_octets,
            out_octets: port.out_octets,
            in_errors: port.in_errors,
            out_errors: port.out_errors,
            in_discards: port.in_discards,
            out_discards: port.out_discards,
            counters: match port.counters {
                CounterWidth::Bits32 => 32,
                CounterWidth::Bits64 => 64,
            },
            addresses: addresses(device, port.index),
            rate: rate.map(|rate| RateShape {
                in_bits_per_second: rate.received.ok(),
                out_bits_per_second: rate.sent.ok(),
                busy: rate.busy,
                errors_per_second: rate.errors,
                discards_per_second: rate.discards,
                unknown: rate.received.and(rate.sent).err().map(Gap::word),
            }),
        }
    }
}

fn duplex(full: bool) -> &'static str {
    if full { "full" } else { "half" }
}

fn addresses(device: &Device, index: u32) -> Vec<String> {
    let own = device.addresses.iter().filter(|own| own.index == index);
    own.map(|own| match own.prefix {
        Some(prefix) => format!("{}/{prefix}", own.address),
        None => own.address.to_string(),
    })
    .collect()
}

impl<'a> NeighbourShape<'a> {
    fn of(neighbour: &'a Neighbour) -> Self {
        Self {
            protocol: neighbour.protocol,
            local_port: neighbour.local_port.as_str(),
            local_index: neighbour.local_index,
            chassis_id: neighbour.chassis_id.as_str(),
            port_id: neighbour.port_id.as_str(),
            port_descr: neighbour.port_descr.as_str(),
            system_name: neighbour.system_name.as_str(),
            system_descr: neighbour.system_descr.as_str(),
            addresses: &neighbour.addresses,
            duplex: neighbour.full_duplex.map(duplex),
        }
    }
}

impl<'a> PartShape<'a> {
    fn of(part: &'a Part) -> Self {
        Self {
            index: part.index,
            contained_in: part.inside,
            class: part.class,
            name: part.name.as_str(),
            description: part.description.as_str(),
            maker: part.maker.as_str(),
            model: part.model.as_str(),
            serial: part.serial.as_str(),
            hardware: part.hardware.as_str(),
            firmware: part.firmware.as_str(),
            software: part.software.as_str(),
        }
    }
}

/// Returns the text: the system, then a table each for interfaces, neighbours and inventory.
#[must_use]
pub fn text(asked: &Asked, whole: &Whole, rates: Option<&[PortRate]>, words: &Words) -> String {
    let device = &whole.device;
    let mut text = heading(asked, whole.took, words);
    let system = &device.system;
    let uptime = system.uptime.map(|uptime| lasted(uptime, words));
    for (key, value) in [
        ("poll.name", system.name.as_str()),
        ("poll.descr", system.descr.as_str()),
        ("poll.object_id", system.object_id.as_str()),
        ("poll.location", system.location.as_str()),
        ("poll.contact", system.contact.as_str()),
        ("interfaces.mark.chassis", device.chassis_id.as_str()),
        ("poll.uptime", uptime.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            let label = words.text(key);
            let gap = " ".repeat(14_usize.saturating_sub(label.width()));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{label}{gap}{}", cut(value, WIDTH - 14));
        }
    }
    text.push('\n');
    text.push_str(&interfaces(device, rates, words));
    text.push('\n');
    text.push_str(&neighbours(device, words));
    text.push('\n');
    text.push_str(&stations(device, words));
    text.push_str(&inventory(device, words));
    for unread in &whole.unread {
        text.push('\n');
        text.push_str(&words.with(
            "poll.unread",
            &[unread.group.name(), words.text(trouble_key(unread.why))],
        ));
    }
    if !whole.unread.is_empty() {
        text.push('\n');
    }
    text
}

fn heading(asked: &Asked, took: Duration, words: &Words) -> String {
    let address = asked.agent.ip().to_string();
    let mut parts = vec![asked.device.clone()];
    if address != asked.device {
        parts.push(address);
    }
    parts.push(asked.how.clone());
    let seconds = format!("{:.1}", took.as_secs_f64());
    parts.push(words.with("poll.took", &[&seconds]));
    format!("{}\n\n", clean(&parts.join("  ")))
}

fn interfaces(device: &Device, rates: Option<&[PortRate]>, words: &Words) -> String {
    let ports = &device.interfaces;
    let up = ports.iter().filter(|port| port.oper == PortStatus::Up);
    let mut text = words.with(
        "poll.interfaces",
        &[&ports.len().to_string(), &up.count().to_string()],
    );
    text.push('\n');
    let mut heads = vec![
        head(words, "poll.col.port", Side::Left),
        head(words, "poll.col.state", Side::Left),
        head(words, "poll.col.speed", Side::Right),
        head(words, "poll.col.in", Side::Right),
        head(words, "poll.col.out", Side::Right),
    ];
    if rates.is_some() {
        heads.push(head(words, "poll.col.busy", Side::Right));
    }
    heads.extend([
        head(words, "poll.col.errors", Side::Right),
        head(words, "poll.col.discards", Side::Right),
        head(words, "poll.col.alias", Side::Left),
    ]);
    let rows = ports.iter().map(|port| {
        let state = if port.admin == PortStatus::Down {
            "poll.state.off"
        } else {
            match port.oper {
                PortStatus::Up => "poll.state.up",
                PortStatus::Down | PortStatus::LowerLayerDown => "poll.state.down",
                PortStatus::NotPresent => "poll.state.absent",
                _ => "poll.state.other",
            }
        };
        let mut cells = vec![
            cut(port.name.as_str(), 22),
            words.text(state).to_owned(),
            port.speed
                .filter(|speed| *speed > 0)
                .map(|speed| match port.full_duplex {
                    // Full is what everybody expects.
                    Some(false) => words.with("poll.half", &[&capacity(speed)]),
                    _ => capacity(speed),
                })
                .unwrap_or_default(),
        ];
        let rate = rates.and_then(|rates| rates.iter().find(|rate| rate.index == port.index));
        let sum = |one: Option<u64>, other: Option<u64>| {
            one.or(other)
                .map(|_| {
                    one.unwrap_or(0)
                        .saturating_add(other.unwrap_or(0))
                        .to_string()
                })
                .unwrap_or_default()
        };
        if let (Some(_), Some(rate)) = (rates, rate) {
            let figure = |way: Result<f64, Gap>| match way {
                Ok(bits) => bandwidth(bits),
                Err(gap) => words.text(gap_key(gap)).to_owned(),
            };
            let busy = rate.busy.map(|busy| format!("{:.0} %", busy * 100.0));
            let each = |figure: Option<f64>| {
                figure
                    .map(|figure| format!("{figure:.1}"))
                    .unwrap_or_default()
            };
            cells.extend([figure(rate.received), figure(rate.sent)]);
            cells.extend([
                busy.unwrap_or_default(),
                each(rate.errors),
                each(rate.discards),
            ]);
        } else {
            cells.push(port.in_octets.map(octets).unwrap_or_default());
            cells.push(port.out_octets.map(octets).unwrap_or_default());
            cells.push(sum(port.in_errors, port.out_errors));
            cells.push(sum(port.in_discards, port.out_discards));
        }
        let own = addresses(device, port.index).join(" ");
        let last = if port.alias.is_empty() && port.descr != port.name {
            port.descr.as_str().to_owned()
        } else {
            port.alias.as_str().to_owned()
        };
        cells.push(match (last.is_empty(), own.is_empty()) {
            (_, true) => last,
            (true, false) => own,
            (false, false) => format!("{own} {last}"),
        });
        cells
    });
    text.push_str(&table(&heads, rows.collect()));
    text
}

fn neighbours(device: &Device, words: &Words) -> String {
    let count = device.neighbours.len().to_string();
    let mut text = words.with("poll.neighbours", &[&count]);
    text.push('\n');
    let heads = [
        head(words, "poll.col.port", Side::Left),
        head(words, "poll.col.protocol", Side::Left),
        head(words, "poll.col.system", Side::Left),
        head(words, "poll.col.its_port", Side::Left),
        head(words, "poll.col.address", Side::Left),
    ];
    let rows = device.neighbours.iter().map(|neighbour| {
        let system = if neighbour.system_name.is_empty() {
            &neighbour.chassis_id
        } else {
            &neighbour.system_name
        };
        let addresses: Vec<String> = neighbour.addresses.iter().map(IpAddr::to_string).collect();
        vec![
            cut(neighbour.local_port.as_str(), 22),
            match neighbour.protocol {
                Protocol::Lldp => "LLDP".to_owned(),
                Protocol::Cdp => "CDP".to_owned(),
            },
            cut(system.as_str(), 24),
            cut(neighbour.port_id.as_str(), 22),
            addresses.join(" "),
        ]
    });
    text.push_str(&table(&heads, rows.collect()));
    text
}

/// Returns the name of the port behind which a station is.
fn port_of<'a>(device: &'a Device, station: &Station) -> &'a str {
    let mut ports = device.interfaces.iter();
    let port = ports.find(|port| port.index == station.index);
    port.map_or("", |port| port.name.as_str())
}

/// Nothing where nothing was learnt: many devices are neither.
fn stations(device: &Device, words: &Words) -> String {
    let all = &device.stations;
    if all.is_empty() {
        return String::new();
    }
    let mut text = words.with("poll.stations", &[&all.len().to_string()]);
    text.push('\n');
    let heads = [
        head(words, "poll.col.port", Side::Left),
        head(words, "poll.col.mac", Side::Left),
        head(words, "poll.col.address", Side::Left),
    ];
    let rows = all.iter().take(STATIONS).map(|station| {
        let address = station.address.as_ref().map(IpAddr::to_string);
        vec![
            cut(port_of(device, station), 22),
            written(station.mac),
            address.unwrap_or_default(),
        ]
    });
    text.push_str(&table(&heads, rows.collect()));
    if all.len() > STATIONS {
        let more = (all.len() - STATIONS).to_string();
        text.push_str(&words.with("poll.stations-more", &[&more]));
        text.push('\n');
    }
    text.push('\n');
    text
}

fn inventory(device: &Device, words: &Words) -> String {
    // Sensors, slots and ports by the hundred are for programs; people look for boxes, cards and serials.
    let told: Vec<&Part> = device
        .inventory
        .iter()
        .filter(|part| {
            !part.model.is_empty() || !part.serial.is_empty() || part.class == PartClass::Chassis
        })
        .collect();
    let left = device.inventory.len() - told.len();
    let count = device.inventory.len().to_string();
    let mut text = words.with("poll.inventory", &[&count]);
    text.push('\n');
    let heads = [
        head(words, "poll.col.class", Side::Left),
        head(words, "poll.col.model", Side::Left),
        head(words, "poll.col.serial", Side::Left),
        head(words, "poll.col.software", Side::Left),
        head(words, "poll.col.descr", Side::Left),
    ];
    let rows = told.iter().map(|part| {
        let version = [&part.software, &part.firmware, &part.hardware]
            .into_iter()
            .find(|version| !version.is_empty());
        let description = if part.description.is_empty() {
            &part.name
        } else {
            &part.description
        };
        vec![
            words.text(class_key(part.class)).to_owned(),
            cut(part.model.as_str(), 18),
            cut(part.serial.as_str(), 16),
            cut(version.map_or("", |version| version.as_str()), 12),
            description.as_str().to_owned(),
        ]
    });
    text.push_str(&table(&heads, rows.collect()));
    if left > 0 {
        text.push_str(&words.with("poll.more", &[&left.to_string()]));
        text.push('\n');
    }
    text
}

/// Returns a table whose last column gets what the others leave of 80 columns; nothing without rows.
fn table(heads: &[(&str, Side)], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let before = heads.len() - 1;
    let taken: usize = (0..before)
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            // An empty cell is drawn as one column.
            let widest = cells.map(|cell| cell.width().max(1)).max().unwrap_or(0);
            widest.max(heads[at].0.width()) + 2
        })
        .sum();
    let room = WIDTH.saturating_sub(taken).max(NARROWEST);
    let mut table = Table::new(heads);
    for mut row in rows {
        if let Some(last) = row.last_mut() {
            *last = cut(last, room);
        }
        table.row(row);
    }
    table.text("")
}

/// Returns a text of at most so many columns; what is cut off is marked.
fn cut(text: &str, columns: usize) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    let mut short = String::new();
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > columns {
            break;
        }
        short.push(c);
    }
    format!("{}…", short.trim_end())
}

fn octets(octets: u64) -> String {
    scaled(octets as f64, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

fn bandwidth(bits: f64) -> String {
    scaled(bits, &["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"])
}

/// Writes a number with three digits and the unit that leaves it below a thousand.
fn scaled(mut number: f64, units: &[&str]) -> String {
    let mut units = units.iter();
    let mut unit = units.next().unwrap_or(&"");
    for next in units {
        if number < 999.5 {
            break;
        }
        number /= 1_000.0;
        unit = next;
    }
    if number < 9.995 && number.fract() != 0.0 {
        format!("{number:.1} {unit}")
    } else {
        format!("{number:.0} {unit}")
    }
}

fn lasted(time: Duration, words: &Words) -> String {
    let minutes = time.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    words.with(
        "poll.lasted",
        &[&days.to_string(), &hours.to_string(), &minutes.to_string()],
    )
}

fn trouble_key(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Disordered => "poll.trouble.disordered",
        Trouble::Heavy => "poll.trouble.heavy",
        Trouble::Stopped => "poll.trouble.stopped",
        Trouble::Refused => "poll.trouble.refused",
        Trouble::Clock => "poll.trouble.clock",
        Trouble::Late => "poll.trouble.late",
    }
}

fn gap_key(gap: Gap) -> &'static str {
    match gap {
        Gap::Missing => "poll.gap.missing",
        Gap::Reset => "poll.gap.reset",
        Gap::TooLong => "poll.gap.too-long",
        Gap::Impossible => "poll.gap.impossible",
    }
}

fn class_key(class: PartClass) -> &'static str {
    match class {
        PartClass::Other => "poll.class.other",
        PartClass::Unknown => "poll.class.unknown",
        PartClass::Chassis => "poll.class.chassis",
        PartClass::Backplane => "poll.class.backplane",
        PartClass::Container => "poll.class.container",
        PartClass::PowerSupply => "poll.class.power-supply",
        PartClass::Fan => "poll.class.fan",
        PartClass::Sensor => "poll.class.sensor",
        PartClass::Module => "poll.class.module",
        PartClass::Port => "poll.class.port",
        PartClass::Stack => "poll.class.stack",
        PartClass::Cpu => "poll.class.cpu",
        PartClass::EnergyObject => "poll.class.energy",
        PartClass::Battery => "poll.class.battery",
        PartClass::StorageDrive => "poll.class.storage",
    }
}

/// Returns what an answer without any key suggests.
#[must_use]
pub fn hint(hint: Hint, words: &Words) -> &str {
    words.text(match hint {
        Hint::Nothing => "poll.hint.nothing",
        Hint::UnknownUser => "poll.hint.unknown-user",
        Hint::WrongKey => "poll.hint.wrong-key",
        Hint::WrongCommunity => "poll.hint.wrong-community",
        Hint::WrongClock => "poll.hint.wrong-clock",
    })
}

#[derive(Serialize)]
struct WalkDocument<'a> {
    schema: &'static str,
    device: &'a str,
    address: IpAddr,
    port: u16,
    asked_by: &'a str,
    walk: &'a str,
    seconds: f64,
    complete: bool,
    reason: Option<&'static str>,
    rows: Vec<RowShape<'a>>,
}

#[derive(Serialize)]
struct RowShape<'a> {
    oid: &'a str,
    r#type: &'static str,
    value: &'a str,
    hexadecimal: bool,
}

/// Returns a walk as `spanwatch/poll/1` with `walk` and `rows` instead of a device.
#[must_use]
pub fn walk_json(asked: &Asked, root: &str, walked: &Walked) -> String {
    let rows = walked.rows.iter().map(|row| RowShape {
        oid: &row.oid,
        r#type: row.kind,
        value: &row.value,
        hexadecimal: row.is_hexadecimal,
    });
    crate::report::json::written(&WalkDocument {
        schema: "spanwatch/poll/1",
        device: &asked.device,
        address: asked.agent.ip(),
        port: asked.agent.port(),
        asked_by: &asked.how,
        walk: root,
        seconds: walked.took.as_secs_f64(),
        complete: walked.trouble.is_none(),
        reason: walked.trouble.map(Trouble::word),
        rows: rows.collect(),
    })
}

/// Returns a walk as lines: identifier, type and value.
#[must_use]
pub fn walk_text(root: &str, walked: &Walked, words: &Words) -> String {
    let mut text = String::new();
    for row in &walked.rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {} {}", row.oid, row.kind, clean(&row.value));
    }
    if walked.rows.is_empty() && walked.trouble.is_none() {
        text.push_str(&words.with("poll.empty", &[root]));
        text.push('\n');
    }
    if let Some(trouble) = walked.trouble {
        text.push_str(&words.with("poll.unread", &[root, words.text(trouble_key(trouble))]));
        text.push('\n');
    }
    text
}
