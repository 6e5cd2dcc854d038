//! What an importer has read of a network before anything is decided: nodes, links, and where each was written.
//!
//! Names are still texts here. Who is an agency, who carries traffic and where the hub is, is decided once for
//! every format, in `settle`.

use std::net::IpAddr;
use std::sync::Arc;

use crate::inventory::import::{MOST_FAULTS, MOST_THINGS};
use crate::inventory::table::{error, place};
use crate::model::fault::{Fault, Place, Source};
use crate::model::network::Position;

/// A network as it was read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) dots: Vec<Dot>,
    pub(crate) lines: Vec<Line>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Vec<String>,
}

/// A node as it was read.
#[derive(Debug)]
pub(crate) struct Dot {
    /// What links call it.
    pub(crate) key: String,
    /// The key is a number of the file's own and not what people would call it.
    pub(crate) is_numbered: bool,
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
    pub(crate) address: Option<IpAddr>,
    pub(crate) position: Option<Position>,
    pub(crate) role: Option<String>,
    pub(crate) transit: Option<bool>,
    /// Whether the file says that it is an agency.
    pub(crate) agency: Option<bool>,
    /// The name of an agency that sits at it, where that is not its own.
    pub(crate) seat: Option<String>,
    pub(crate) is_city: bool,
    pub(crate) class: Option<String>,
    pub(crate) weight: Option<u32>,
    /// Code, name, or both.
    pub(crate) area: Option<String>,
    pub(crate) snmp: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) risks: Vec<String>,
}

impl Dot {
    pub(crate) fn new(key: String, place: Place) -> Self {
        Self {
            key,
            is_numbered: false,
            name: None,
            place,
            address: None,
            position: None,
            role: None,
            transit: None,
            agency: None,
            seat: None,
            is_city: false,
            class: None,
            weight: None,
            area: None,
            snmp: None,
            vendor: None,
            model: None,
            serial: None,
            risks: Vec::new(),
        }
    }
}

/// A link as it was read.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) key: Option<String>,
    pub(crate) a: String,
    pub(crate) b: String,
    pub(crate) a_port: Option<String>,
    pub(crate) b_port: Option<String>,
    pub(crate) place: Place,
    pub(crate) kind: Option<String>,
    pub(crate) capacity: Option<u64>,
    pub(crate) metric: Option<u32>,
    pub(crate) provider: Option<String>,
    pub(crate) circuit: Option<String>,
    pub(crate) risks: Vec<String>,
    pub(crate) length_km: Option<f64>,
    pub(crate) cost_build: Option<f64>,
}

impl Line {
    pub(crate) fn new(a: String, b: String, place: Place) -> Self {
        Self {
            key: None,
            a,
            b,
            a_port: None,
            b_port: None,
            place,
            kind: None,
            capacity: None,
            metric: None,
            provider: None,
            circuit: None,
            risks: Vec::new(),
            length_km: None,
            cost_build: None,
        }
    }
}

impl Draft {
    /// Adds a fault, unless there are enough of them.
    pub(crate) fn fault(&mut self, code: &'static str, place: &Place, message: String, help: &str) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(Fault {
                help: (!help.is_empty()).then(|| help.to_owned()),
                ..error(code, place, message)
            });
        }
    }

    /// Returns whether there are more nodes or links than a list may have, and says so.
    pub(crate) fn is_full(&mut self, place: &Place) -> bool {
        let is_full = self.dots.len() > MOST_THINGS || self.lines.len() > MOST_THINGS;
        if is_full {
            let message = format!("There are more than {MOST_THINGS} nodes or links.");
            self.fault("T0157", place, message, "Import a part of it.");
        }
        is_full
    }
}

/// Returns the beginning of a file, for what is wrong with the whole of it.
pub(crate) fn beginning(name: &str) -> Place {
    let source = Source {
        name: name.to_owned(),
        text: String::new(),
    };
    place(&Arc::new(source), 0..0)
}
