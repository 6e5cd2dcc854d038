//! Whom to ping: addresses, names, prefixes, lists, and what a filter finds in the topology.
//!
//! All of it may come from outside, so it is bounded, and what cannot be understood is named with its line before
//! anything is sent.

use std::collections::HashSet;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::Path;

use ipnet::IpNet;
use tokio::runtime::Runtime;

use crate::app::{control, settings};
use crate::cli::failure::{Failure, Kind};
use crate::cli::list::bad_filter;
use crate::cli::ping::{Args, Which};
use crate::cli::{Common, folder, say, start};
use crate::filter::Filter;
use crate::model::NodeId;
use crate::report::kind;
use crate::report::ping::Asked;
use crate::report::shape::Shape;

/// More targets than this are a mistake.
const MOST: usize = 262_144;

/// Faults of a list that are named; the rest is a number.
const NAMED: usize = 5;

/// What somebody wrote, and where.
#[derive(Clone, Debug)]
pub(super) struct Written {
    what: What,
    /// The name behind it on its line.
    name: Option<String>,
}

#[derive(Clone, Debug)]
enum What {
    Address(IpAddr),
    Prefix(IpNet),
    Name(String),
}

/// Reads the arguments and the lists; nothing is asked for yet.
pub(super) fn lists(args: &Args) -> Result<Vec<Written>, Failure> {
    let mut written = Vec::new();
    let mut faults = Vec::new();
    let mut has_read_stdin = false;
    let mut read = |path: &Path, written: &mut Vec<Written>, faults: &mut Vec<String>| {
        if path.as_os_str() == "-" && std::mem::replace(&mut has_read_stdin, true) {
            return Ok(());
        }
        let (name, text) = folder::read_text(path)?;
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            let mut parts = line.splitn(2, [' ', '\t', ',', ';']);
            let Some(first) = parts.next().filter(|first| !first.is_empty()) else {
                continue;
            };
            let name_behind = parts.next().map(str::trim).filter(|name| !name.is_empty());
            match what(first) {
                Some(what) => written.push(Written {
                    what,
                    name: name_behind.map(str::to_owned),
                }),
                None => faults.push(format!("`{first}` (line {number} of {name})")),
            }
        }
        Ok::<(), Failure>(())
    };
    for target in &args.targets {
        if target == "-" {
            read(Path::new("-"), &mut written, &mut faults)?;
            continue;
        }
        match what(target) {
            Some(what) => written.push(Written { what, name: None }),
            None => faults.push(format!("`{target}`")),
        }
    }
    for file in &args.file {
        read(file, &mut written, &mut faults)?;
    }
    if !faults.is_empty() {
        let named = faults[..faults.len().min(NAMED)].join(", ");
        let rest = match faults.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(Failure::new(
            Kind::Usage,
            format!("No address, name or prefix: {named}{rest}"),
        )
        .hint(
            "Write `10.0.0.1`, `2001:db8::1`, `router.example` or `10.0.0.0/24`; nothing was sent.",
        ));
    }
    Ok(written)
}

/// Returns what the filter finds in the topology; nothing without a filter.
pub(super) fn chosen(
    args: &Args,
    common: &Common,
    runtime: &Runtime,
) -> Result<Vec<Asked>, Failure> {
    let Some(text) = &args.filter else {
        return Ok(Vec::new());
    };
    let listed = args.kind.listed();
    let filter = Filter::parse(text, listed.fields()).map_err(|bad| bad_filter(text, bad))?;
    let (loaded, weakness) = common.analysed()?;
    let network = &loaded.network;
    // Only a lab that answers counts: a variable alone can be set by anybody.
    let is_lab =
        settings::lab_socket().is_some_and(|path| runtime.block_on(control::broken(&path)).is_ok());
    settings::may_probe(network, is_lab).map_err(|error| start::refused(&error))?;
    let shapes = crate::report::shape::Shapes::new(network, &weakness);
    let mut found = Vec::new();
    let mut without = 0;
    for shape in kind::items(&shapes, listed, &filter) {
        let (id, node): (&str, &NodeId) = match &shape {
            Shape::Agency(agency) => (agency.id.as_str(), agency.node),
            Shape::Node(node) => (node.id.as_str(), node.id),
            _ => continue,
        };
        match network.nodes.get(node).and_then(|node| node.address) {
            Some(address) => found.push(Asked {
                address,
                id: Some(id.to_owned()),
            }),
            None => without += 1,
        }
    }
    if without > 0 {
        say(&format!(
            "warning: {without} of what the filter finds have no address and are not asked."
        ));
    }
    if found.is_empty() {
        let message = format!(
            "The filter finds nobody with an address among the {}.",
            listed.word()
        );
        return Err(Failure::new(Kind::Usage, message).hint(format!(
            "Try it first: `spanwatch list {} '{text}'`.",
            listed.word()
        )));
    }
    Ok(found)
}

/// Turns names into addresses and prefixes into all of theirs; each address once, in the order of mention.
///
/// Returns also how many names have no address: they are said, and the rest is asked.
pub(super) fn resolve(
    args: &Args,
    written: Vec<Written>,
    chosen: Vec<Asked>,
) -> Result<(Vec<Asked>, usize), Failure> {
    let mut unknown = 0;
    let has_said_nobody = written.is_empty() && chosen.is_empty();
    let mut asked: Vec<Asked> = Vec::new();
    // Only asked whether it has one, so its order is nobody's concern.
    let mut known: HashSet<IpAddr> = HashSet::with_capacity(written.len());
    let mut add = |target: Asked, asked: &mut Vec<Asked>| {
        if known.insert(target.address) {
            asked.push(target);
        }
        if asked.len() > MOST {
            let message = format!("These are more than {MOST} targets.");
            return Err(Failure::new(Kind::Usage, message).hint("Ask a part of them."));
        }
        Ok(())
    };
    for target in chosen {
        add(target, &mut asked)?;
    }
    for one in written {
        let id = one.name;
        match one.what {
            What::Address(address) => add(Asked { address, id }, &mut asked)?,
            What::Prefix(prefix) => {
                for address in prefix.hosts() {
                    let id = id.clone();
                    add(Asked { address, id }, &mut asked)?;
                }
            }
            What::Name(name) => match address_of(args, &name) {
                Ok(address) => {
                    let id = Some(id.unwrap_or(name));
                    add(Asked { address, id }, &mut asked)?;
                }
                Err(why) => {
                    unknown += 1;
                    say(&format!("warning: `{name}` is not asked: {why}."));
                }
            },
        }
    }
    if has_said_nobody {
        return Err(Failure::new(Kind::Usage, "Nobody was named to ping.")
            .hint("Name targets: `spanwatch ping 127.0.0.1`; or a list: `spanwatch ping --file list.txt`.")
            .hint("Or agencies of the topology: `spanwatch ping --filter 'level=city'`."));
    }
    if asked.is_empty() {
        return Err(Failure::new(Kind::System, "There is nobody left to ping.")
            .hint("Check the names, or write addresses."));
    }
    Ok((asked, unknown))
}

fn address_of(args: &Args, name: &str) -> Result<IpAddr, String> {
    let found = (name, 0)
        .to_socket_addrs()
        .map_err(|error| format!("the name is not known ({error})"))?;
    found
        .map(|found| found.ip())
        .find(|address| {
            Which::takes(args.family, *address)
                && args
                    .source
                    .is_none_or(|source| source.is_ipv4() == address.is_ipv4())
        })
        .ok_or_else(|| "it has no address of the wanted family".to_owned())
}

/// Reads one target.
fn what(text: &str) -> Option<What> {
    if let Ok(address) = text.parse() {
        return Some(What::Address(address));
    }
    if text.contains('/') {
        return text.parse().ok().map(What::Prefix);
    }
    // Digits and dots alone are an address with a mistake; the resolver would read `10.1` as 10.0.0.1.
    let is_name = text.len() <= 253
        && !text.starts_with('-')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        && text.chars().any(|c| c.is_ascii_alphabetic());
    is_name.then(|| What::Name(text.to_owned()))
}
