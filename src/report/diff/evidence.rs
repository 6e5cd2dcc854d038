//! Findings in words: why it is one, and who saw what on which port.
//!
//! JSON takes the English of it. Texts of devices were cleaned where they entered, and are cleaned again by whoever
//! prints them.

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Evidence, Far, Finding, Mark};
use crate::inventory::quantity::capacity_text;
use crate::model::NodeId;
use crate::model::device::PortStatus;
use crate::report::weak::kind_key;
use crate::report::words::Words;

/// Returns why it is a finding, in one clause.
pub(super) fn reason(words: &Words, finding: &Finding) -> String {
    let key = match (finding.code, finding.field) {
        (Code::LinkMissing, Some("state")) => "differs.missing-state",
        (Code::LinkMissing, _) => "differs.missing-neighbour",
        (Code::LinkMoved, Some("port")) => "differs.moved-port",
        (Code::LinkMoved, _) => "differs.moved-neighbour",
        (Code::LinkExtra, _) => "differs.extra",
        (Code::LinkOneSided, _) => "differs.one-sided",
        (Code::LinkAmbiguous, _) => "differs.ambiguous",
        (Code::LinkStale, _) => "differs.stale",
        (Code::SpeedLower, _) => "differs.slower",
        (Code::DuplexMismatch, _) => "differs.duplex",
        (Code::PortUnknown, _) => "differs.no-port",
        (Code::NeighbourUnknown, _) => "differs.stranger",
        (Code::NameDiffers, _) => "differs.name",
        (Code::ModelDiffers | Code::SerialDiffers | Code::VendorDiffers, _) => "differs.inventory",
        (Code::DeviceSilent, _) => "differs.silent",
        (Code::DevicePartial, _) => "differs.partial",
        (Code::TwoAreOne, _) => "differs.one-device",
        (Code::Isolates, _) => "differs.isolates",
        (Code::LosesRedundancy, _) => "differs.loses",
        (Code::SharesRisk, _) => "differs.shares",
        (Code::Connects, _) => "differs.connects",
        (Code::GainsRedundancy, _) => "differs.gains",
        (_, Some(field)) => return words.with("differs.field", &[field]),
        (code, None) => return words.text(&format!("finding.{}", code.code())).to_owned(),
    };
    words.text(key).to_owned()
}

/// Returns one piece of evidence as a sentence without its full stop.
pub(super) fn text(words: &Words, evidence: &Evidence) -> String {
    match evidence {
        Evidence::Heard {
            by,
            port,
            protocol,
            far,
            far_port,
        } => {
            let whom = whom(words, far);
            let said = if far_port.is_empty() {
                words.with("seen.heard", &[by.as_str(), &whom, port, protocol.word()])
            } else {
                words.with(
                    "seen.heard-from",
                    &[by.as_str(), &whom, port, protocol.word(), far_port],
                )
            };
            let how = match far {
                Far::Node(_, mark) | Far::Several(_, mark) => match mark {
                    Mark::Chassis => words.text("seen.known-chassis"),
                    Mark::SystemName => words.text("seen.known-system-name"),
                    Mark::Address => words.text("seen.known-address"),
                },
                Far::Stranger(_) => return said,
            };
            format!("{said} ({how})")
        }
        Evidence::Nobody { by, port } => words.with("seen.nobody", &[by.as_str(), port]),
        Evidence::NotAmong { by, far } => {
            words.with("seen.not-among", &[by.as_str(), far.as_str()])
        }
        Evidence::Learnt { by, port, far, mac } => {
            words.with("seen.learnt", &[by.as_str(), mac, far.as_str(), port])
        }
        Evidence::Port { by, port, oper } => {
            words.with("seen.port", &[by.as_str(), port, state(words, *oper)])
        }
        Evidence::Speed { by, port, bits } => {
            words.with("seen.speed", &[by.as_str(), port, &capacity_text(*bits)])
        }
        Evidence::Duplex { by, port, full } => {
            let key = if *full {
                "seen.duplex-full"
            } else {
                "seen.duplex-half"
            };
            words.with(key, &[by.as_str(), port])
        }
        Evidence::NoPort { by, port } => words.with("seen.no-port", &[by.as_str(), port]),
        Evidence::Says { by, object, value } => {
            words.with("seen.says", &[by.as_str(), object, value])
        }
        Evidence::Silent { node, address } => {
            words.with("seen.silent", &[node.as_str(), &address.to_string()])
        }
        Evidence::SinglePoint(element) => words.with(
            "seen.single-point",
            &[words.text(&kind_key(element)), element.id()],
        ),
    }
}

fn whom(words: &Words, far: &Far) -> String {
    match far {
        Far::Node(node, _) => node.to_string(),
        Far::Several(nodes, _) => {
            let nodes: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
            words.with("seen.several", &[&nodes.join(", ")])
        }
        Far::Stranger(name) => words.with("seen.stranger", &[name]),
    }
}

fn state(words: &Words, oper: PortStatus) -> &str {
    words.text(match oper {
        PortStatus::Up => "port.up",
        PortStatus::Down => "port.down",
        PortStatus::Testing => "port.testing",
        PortStatus::Unknown => "port.unknown",
        PortStatus::Dormant => "port.dormant",
        PortStatus::NotPresent => "port.not-present",
        PortStatus::LowerLayerDown => "port.lower-layer-down",
    })
}
