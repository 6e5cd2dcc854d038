//! What an importer has understood, before it is written.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// One agency or node as it will be written.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    /// Set where the sheet says that it is no agency.
    pub(crate) role: Option<String>,
    pub(crate) transit: bool,
    pub(crate) city: bool,
    pub(crate) class: Option<String>,
    /// The area's code.
    pub(crate) area: Option<String>,
    pub(crate) weight: Option<u32>,
    pub(crate) computers: Option<u32>,
    pub(crate) antivirus: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) position: Option<(f64, f64)>,
    pub(crate) snmp: Option<String>,
    pub(crate) uplinks: Vec<Uplink>,
}

/// One uplink as it will be written.
#[derive(Debug)]
pub(crate) struct Uplink {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) kind: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) capacity: Option<String>,
    pub(crate) circuit: Option<String>,
}

/// All that was read from a sheet.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) hub: String,
    pub(crate) entries: Vec<Entry>,
    /// Nodes that uplinks name and no row describes.
    pub(crate) nodes: Vec<Entry>,
    /// Codes and names.
    pub(crate) areas: BTreeMap<String, String>,
    /// Ids and names.
    pub(crate) providers: BTreeMap<String, String>,
}
