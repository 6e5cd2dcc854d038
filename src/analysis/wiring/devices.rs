//! Every declared device against what it says of itself.

use std::collections::BTreeMap;

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Evidence, Finding, Kind, Thing, Value};
use crate::analysis::wiring::witness::{Unit, Witness, chassis_key, written};
use crate::model::network::{Network, Node};
use crate::model::{Element, NodeId};

/// Compares all devices that were asked.
pub(super) fn compare(
    network: &Network,
    witnesses: &BTreeMap<NodeId, Option<Witness>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // By name too: what is cloned keeps its MAC addresses, and machines have virtual ones alike.
    let mut same: BTreeMap<(String, String), Vec<&NodeId>> = BTreeMap::new();
    for (id, witness) in witnesses {
        let Some(node) = network.nodes.get(id) else {
            continue;
        };
        let Some(witness) = witness else {
            findings.extend(node.address.map(|address| Finding {
                evidence: vec![Evidence::Silent {
                    node: id.clone(),
                    address,
                }],
                ..about(Code::DeviceSilent, node)
            }));
            continue;
        };
        if !witness.is_whole {
            findings.push(about(Code::DevicePartial, node));
        }
        let name = &witness.name;
        if !name.is_empty() && !is_same_name(&node.sys_name, name) {
            findings.push(differs(
                Code::NameDiffers,
                node,
                "sys_name",
                &node.sys_name,
                ("sysName", name),
            ));
        }
        if let Some(unit) = &witness.unit {
            inventory(node, unit, &mut findings);
        }
        if let Some(chassis) = witness.chassis.as_deref().filter(|id| !id.is_empty()) {
            let key = (chassis_key(chassis), name.to_lowercase());
            same.entry(key).or_default().push(id);
        }
    }
    for ((chassis, _), nodes) in same.iter().filter(|(_, nodes)| nodes.len() > 1) {
        let says = |node: &&NodeId| Evidence::Says {
            by: (*node).clone(),
            object: chassis_object(witnesses.get(*node)),
            value: chassis.clone(),
        };
        findings.extend(
            nodes
                .first()
                .and_then(|node| network.nodes.get(*node))
                .map(|node| Finding {
                    seen: Some(Value::Text(chassis.clone())),
                    evidence: nodes.iter().map(says).collect(),
                    ..about(Code::TwoAreOne, node)
                }),
        );
    }
    findings
}

/// Returns where a device says which box it is: a MAC address of its own stands in where it says nothing.
fn chassis_object(witness: Option<&Option<Witness>>) -> &'static str {
    let is_port = |witness: &Witness| {
        let ports = witness.ports.iter().filter_map(|port| port.mac);
        let mut macs = ports.map(written);
        macs.any(|mac| Some(mac) == witness.chassis.as_deref().map(chassis_key))
    };
    match witness {
        Some(Some(witness)) if is_port(witness) => "ifPhysAddress",
        _ => "lldpLocChassisId",
    }
}

fn inventory(node: &Node, unit: &Unit, findings: &mut Vec<Finding>) {
    for (code, field, declared, object, said) in [
        (
            Code::VendorDiffers,
            "vendor",
            &node.vendor,
            "entPhysicalMfgName",
            &unit.vendor,
        ),
        (
            Code::ModelDiffers,
            "model",
            &node.model,
            "entPhysicalModelName",
            &unit.model,
        ),
        (
            Code::SerialDiffers,
            "serial",
            &node.serial,
            "entPhysicalSerialNum",
            &unit.serial,
        ),
    ] {
        let Some(declared) = declared else { continue };
        if said.is_empty() || is_like(declared, said, code) {
            continue;
        }
        findings.push(differs(code, node, field, declared, (object, said)));
    }
}

/// Names of makers and models come long and short ("Juniper", "Juniper Networks, Inc."); serial numbers do not.
fn is_like(declared: &str, said: &str, code: Code) -> bool {
    let (declared, said) = (declared.trim().to_lowercase(), said.trim().to_lowercase());
    if code == Code::SerialDiffers || declared.is_empty() {
        return declared == said;
    }
    said.contains(&declared) || declared.contains(&said)
}

/// A name with its domain is the name without it.
fn is_same_name(declared: &str, said: &str) -> bool {
    let (declared, said) = (declared.to_lowercase(), said.to_lowercase());
    let is_host = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    declared == said || is_host(&said, &declared) || is_host(&declared, &said)
}

fn differs(
    code: Code,
    node: &Node,
    field: &'static str,
    declared: &str,
    (object, said): (&'static str, &str),
) -> Finding {
    Finding {
        field: Some(field),
        declared: Some(Value::Text(declared.to_owned())),
        seen: Some(Value::Text(said.to_owned())),
        evidence: vec![Evidence::Says {
            by: node.id.clone(),
            object,
            value: said.to_owned(),
        }],
        ..about(code, node)
    }
}

fn about(code: Code, node: &Node) -> Finding {
    Finding::new(
        code,
        Thing::new(Kind::Node, node.id.as_str()),
        Some(Element::Node(node.id.clone())),
    )
}
