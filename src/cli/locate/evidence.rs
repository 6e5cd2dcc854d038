//! What was typed about silences, as facts.

use crate::analysis::locate::Facts;
use crate::cli::failure::{Failure, Kind};
use crate::cli::locate::names::Names;
use crate::cli::locate::{Args, everybody_else};
use crate::model::network::Network;
use crate::model::{LinkId, NodeId};

/// Gathers the facts, or tells every name that nothing bears, or the first thing that contradicts itself.
pub(super) fn facts(args: &Args, network: &Network, mut names: Names) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    for (name, place) in Names::list(&args.silent)? {
        facts.silent.extend(names.node(&name, &place));
    }
    for (name, place) in Names::list(&args.answering)? {
        facts.answering.extend(names.node(&name, &place));
    }
    for (name, place) in Names::list(&args.refused_by)? {
        let Some((router, target)) = name.split_once(':') else {
            return Err(Failure::new(
                Kind::Usage,
                format!("`{name}` does not say who refused whom"),
            )
            .hint("Write ROUTER:ID, the router that answered before the one that was asked."));
        };
        let (router, target) = (names.node(router, &place), names.node(target, &place));
        if let (Some(router), Some(target)) = (router, target) {
            // Who speaks for another is alive, and the other one did not speak itself.
            facts.silent.insert(target.clone());
            facts.refused_by.insert(target, router);
        }
    }
    let down = ports(network, &facts, &mut names, &args.ports_down)?;
    let up = ports(network, &facts, &mut names, &args.ports_up)?;
    names.done()?;
    if let Some((node, link)) = down.iter().find(|port| up.contains(port)) {
        return Err(contradiction(
            &format!("the port of `{node}` on `{link}`"),
            "down and up",
        ));
    }
    facts.ports_down.extend(down);
    facts.ports_up.extend(up);
    if let Some(both) = facts.silent.intersection(&facts.answering).next() {
        return Err(contradiction(&format!("`{both}`"), "silent and answering"));
    }
    if facts.silent.contains(&network.monitor) {
        return Err(Failure::new(
            Kind::Usage,
            format!("The monitor stands at `{}`", network.monitor),
        )
        .hint("It is never silent to itself; leave it out."));
    }
    if args.answering.is_empty() && !args.others_unknown {
        everybody_else(network, &mut facts);
    }
    Ok(facts)
}

fn contradiction(what: &str, how: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("Of {what} it is said that it is both {how}."),
    )
    .hint("Say which of the two was seen last.")
}

/// Returns who reports the ports of a list: the end that is named with the link, else every end that can.
///
/// Those that can are not silent; of them those that are polled, if any is, and that declare the port, if any does.
fn ports(
    network: &Network,
    facts: &Facts,
    names: &mut Names,
    values: &[String],
) -> Result<Vec<(NodeId, LinkId)>, Failure> {
    let mut ports = Vec::new();
    for (name, place) in Names::list(values)? {
        let (observer, link) = match name.split_once(':') {
            None | Some(("link", _)) => (None, name.as_str()),
            Some((node, link)) => (Some(node), link),
        };
        let observer = observer.map(|node| names.node(node, &place));
        let Some(link) = names
            .link(link, &place)
            .and_then(|id| network.links.get(&id))
        else {
            continue;
        };
        let ends = link.ends();
        let observers: Vec<NodeId> = match observer {
            Some(None) => continue,
            Some(Some(node)) => {
                if ends.iter().all(|end| end.node != node) {
                    return Err(Failure::new(
                        Kind::Usage,
                        format!("`{node}` is no end of `{}`", link.id),
                    )
                    .hint(format!(
                        "Its ends are `{}` and `{}`.",
                        ends[0].node, ends[1].node
                    )));
                }
                vec![node]
            }
            None => {
                let heard: Vec<_> = (ends.into_iter())
                    .filter(|end| !facts.silent.contains(&end.node))
                    .collect();
                let rank = |node: &NodeId, has_port: bool| {
                    let polled = network
                        .nodes
                        .get(node)
                        .is_some_and(|node| node.snmp.is_some());
                    (polled && *node != network.monitor, has_port)
                };
                let best = heard
                    .iter()
                    .map(|end| rank(&end.node, end.port.is_some()))
                    .max();
                heard
                    .iter()
                    .filter(|end| Some(rank(&end.node, end.port.is_some())) == best)
                    .map(|end| end.node.clone())
                    .collect()
            }
        };
        if observers.is_empty() {
            return Err(Failure::new(
                Kind::Usage,
                format!(
                    "Both ends of `{}` are silent, so that nobody can report its port.",
                    link.id
                ),
            )
            .hint("Name the end that reports it, NODE:LINK, if it still answers."));
        }
        ports.extend(observers.into_iter().map(|node| (node, link.id.clone())));
    }
    Ok(ports)
}
