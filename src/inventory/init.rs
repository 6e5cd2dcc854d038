//! A first topology from a few answers: small, commented, and accepted at once.
//!
//! It is meant to be opened in an editor a minute later, so it says in its comments what a person would ask
//! next: where ports go, how a second path is written, what an agency may say.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use crate::inventory::Faults;
use crate::inventory::import::{Ids, quoted};
use crate::inventory::slug::slug;
use crate::inventory::table::value::address;
use crate::inventory::table::{error, place};
use crate::model::fault::Source;

/// What a person answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The network's name; its id is made from it.
    pub name: String,
    /// What the hub is called.
    pub hub: String,
    /// Where the hub answers; `None` leaves it unasked.
    pub hub_address: Option<IpAddr>,
    /// What the machine is called on which the monitor runs, when it is not the hub itself.
    pub monitor: Option<String>,
    /// The name of the credential for the hub's SNMP, from `credentials.toml`.
    pub credential: Option<String>,
    /// A name of the IANA database.
    pub time_zone: String,
    /// Whom to watch, each one hop behind the hub.
    pub listed: Vec<Listed>,
}

/// One line of a list of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it answers.
    pub address: IpAddr,
    /// What it is called, if the line says so.
    pub name: Option<String>,
}

/// Reads a list of addresses: one a line, a name after it if known, `#` begins a comment.
///
/// Every line that cannot be read and every address given twice is a fault at its line.
pub fn addresses(source: &Arc<Source>) -> Result<Vec<Listed>, Faults> {
    let mut faults = Vec::new();
    let mut listed: Vec<Listed> = Vec::new();
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line
            .split('#')
            .next()
            .unwrap_or_default()
            .trim_start_matches('\u{FEFF}')
            .trim();
        let (word, name) = text
            .split_once(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
            .unwrap_or((text, ""));
        let at = start + line.find(word).unwrap_or_default();
        let span = place(source, at..at + word.len());
        start += line.len();
        if word.is_empty() {
            continue;
        }
        match address(word) {
            Ok(address) if seen.insert(address) => {
                let name =
                    name.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"'));
                let name = (!name.is_empty()).then(|| name.to_owned());
                listed.push(Listed { address, name });
            }
            Ok(address) => {
                faults.push(error(
                    "T0153",
                    &span,
                    format!("The address {address} is given twice."),
                ));
            }
            Err(help) => {
                let mut fault = error("T0154", &span, format!("`{word}` is not an address."));
                fault.help = Some(help);
                faults.push(fault);
            }
        }
    }
    if faults.is_empty() {
        Ok(listed)
    } else {
        Err(Faults(faults))
    }
}

/// Returns the text of a first topology, one file, which `read` accepts without an error.
///
/// An address that is the hub's, or stands twice, is written once.
#[must_use]
pub fn first(answers: &Answers) -> String {
    let visible = |text: &str| -> String {
        let text: String = text
            .chars()
            .filter(|c| !crate::model::text::is_unsafe(*c))
            .collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let or = |text: String, otherwise: &str| {
        if text.is_empty() {
            otherwise.to_owned()
        } else {
            text
        }
    };
    let name = or(visible(&answers.name), "Network");
    let hub_name = or(visible(&answers.hub), "Hub");
    let mut ids = Ids::default();
    let hub = ids.make(&hub_name, "hub");
    let monitor = answers
        .monitor
        .as_deref()
        .map(visible)
        .filter(|name| !name.is_empty());
    let monitor = monitor.map(|name| (ids.make(&name, "monitor"), name));
    let agencies: Vec<&Listed> = {
        let mut seen: BTreeSet<IpAddr> = answers.hub_address.into_iter().collect();
        answers
            .listed
            .iter()
            .filter(|listed| seen.insert(listed.address))
            .collect()
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# The network as it should be: what exists, how it is connected, how it is asked.\n\
         # `spanwatch lint` checks this file, `spanwatch watch` shows it live.\n\n\
         [network]\n\
         id = {}\n\
         name = {}\n\
         hubs = [{}]                     # who is cut off is counted from here\n",
        quoted(&or(slug(&name), "network")),
        quoted(&name),
        quoted(&hub),
    );
    if let Some((id, _)) = &monitor {
        let _ = writeln!(
            text,
            "monitor = {}                  # where this monitor stands",
            quoted(id)
        );
    }
    let _ = write!(
        text,
        "time_zone = {}\n\
         # expected_agencies = {}          # `lint` warns when the number differs\n\n\
         [defaults.ping]\n\
         interval = \"10s\"\n\
         timeout = \"1s\"\n\
         rtt_max = \"150ms\"                # a slower median is degraded\n\n\
         [[node]]\n\
         id = {}\n\
         name = {}\n\
         role = \"hub\"\n",
        quoted(if jiff::tz::TimeZone::get(&answers.time_zone).is_ok() {
            &answers.time_zone
        } else {
            "UTC"
        }),
        agencies.len(),
        quoted(&hub),
        quoted(&hub_name),
    );
    match answers.hub_address {
        Some(address) => {
            let _ = writeln!(text, "address = {}", quoted(&address.to_string()));
        }
        None => {
            text += "# address = \"192.0.2.1\"          # where it answers; without one it is not asked\n";
        }
    }
    match answers
        .credential
        .as_deref()
        .map(visible)
        .filter(|name| !name.is_empty())
    {
        Some(name) => {
            let _ = writeln!(
                text,
                "snmp = {}                  # a name in credentials.toml, never the secret",
                quoted(&name)
            );
        }
        None => {
            text += "# snmp = \"core-v3\"               # a name in credentials.toml, never the secret\n";
        }
    }
    let mut links = Ids::default();
    if let Some((id, name)) = &monitor {
        let _ = write!(
            text,
            "\n[[node]]\nid = {}\nname = {}\nrole = \"monitor\"\ntransit = false\n\
             uplinks = [{{ id = {}, to = {}, kind = \"lan\" }}]\n",
            quoted(id),
            quoted(name),
            quoted(&links.link(id, &hub)),
            quoted(&hub),
        );
    }
    text += "\n# Whom to watch. `to` may name a port, \"hub:ge-0/0/3\": a polled hub then shows which line is cut.\n\
             # Put routers in between as [[node]] with transit = true, and write a second uplink for a second path.\n";
    for listed in agencies {
        let address = listed.address.to_string();
        let name = listed
            .name
            .as_deref()
            .map(visible)
            .filter(|name| !name.is_empty());
        let id = match &name {
            Some(name) => ids.make(name, "agency"),
            None => ids.make(&format!("a {address}"), "agency"),
        };
        let _ = write!(
            text,
            "\n[[agency]]\nid = {}\nname = {}\naddress = {}\nuplinks = [{{ id = {}, to = {} }}]\n",
            quoted(&id),
            quoted(name.as_deref().unwrap_or(&address)),
            quoted(&address),
            quoted(&links.link(&id, &hub)),
            quoted(&hub),
        );
    }
    text
}
