//! `poll`: one device by SNMP, whole, or one subtree of what its agent serves.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::app::{control, settings};
use crate::cli::failure::{Failure, Kind};
use crate::cli::start::{self, Secrets, refused};
use crate::cli::{Common, Format, check, print, say};
use crate::clock;
use crate::filter::fold::nearest;
use crate::inventory::Loaded;
use crate::judge::rates::rates;
use crate::model::credential::{Credential, Keyring};
use crate::model::network::{Network, Node};
use crate::model::{CredentialName, NodeId};
use crate::probe::poll::{Poll, PollError, Question, Root};
use crate::report::poll::{self as shown, Asked};
use crate::wire::whole::Group;

/// The port of SNMP agents (RFC 3417).
const PORT: u16 = 161;

/// How long an answer may take, and how often one is asked again, where no topology says it.
const TIMEOUT: Duration = Duration::from_secs(2);
const RETRIES: u8 = 1;

/// Ask one device by SNMP for all that it says: system, interfaces, neighbours (LLDP, CDP), inventory
///
/// ID is a node or an agency of the topology, which also names the credential. An ADDRESS needs no topology, only
/// credentials: `spanwatch poll 192.0.2.1 --credentials FILE`. Nothing is changed on the device.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Whom to ask: an id of the topology, or an address, with its port where that is not 161 (192.0.2.1:1161)
    #[arg(value_name = "ID|ADDRESS")]
    device: String,
    /// Only list what is below an object identifier (1.3.6.1.2.1.1)
    #[arg(long, value_name = "OID")]
    walk: Option<Root>,
    /// Ask twice with this time between, and show rates instead of counts
    #[arg(long, value_name = "TIME", value_parser = check::duration, conflicts_with = "walk")]
    rates: Option<Duration>,
    /// Which credential of the file [default: the topology's, else the only one]
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// How long one answer may take [default: the topology's, else 2s]
    #[arg(short = 't', long, value_name = "TIME", value_parser = check::duration)]
    timeout: Option<Duration>,
    /// How often a question is asked again [default: the topology's, else 1]
    #[arg(long, value_name = "N")]
    retries: Option<u8>,
    /// How long all of it may take
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = check::duration)]
    within: Duration,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    secrets: Secrets,
}

/// Asks one device.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let runtime = start::runtime()?;
    let address = address(&args.device);
    let loaded = topology(common, address.is_some())?;
    let network = loaded.as_ref().map(|loaded| &loaded.network);
    let node = match (network, address) {
        (Some(network), Some(agent)) => network
            .nodes
            .values()
            .find(|node| node.address == Some(agent.ip())),
        (Some(network), None) => Some(named(network, &args.device)?),
        (None, _) => None,
    };
    let agent = match (address, node) {
        (Some(agent), _) => agent,
        (None, node) => {
            let address = node.and_then(|node| node.address).ok_or_else(|| {
                Failure::new(
                    Kind::Configuration,
                    format!("`{}` has no address in the topology.", args.device),
                )
                .hint("Give it one: address = \"192.0.2.1\", or name an address here.")
            })?;
            SocketAddr::new(address, PORT)
        }
    };
    if let (Some(network), Some(_)) = (network, node) {
        let is_lab = settings::lab_socket()
            .is_some_and(|path| runtime.block_on(control::broken(&path)).is_ok());
        settings::may_probe(network, is_lab).map_err(|error| {
            let words = format!("spanwatch lab -- spanwatch poll {}", args.device);
            Failure::new(Kind::Configuration, crate::report::chain(&error)).hint(words)
        })?;
    }
    let credential = credential(args, node)?;
    let policy = node.map(|node| node.policy);
    let question = Question {
        agent,
        timeout: args
            .timeout
            .or(policy.map(|policy| policy.snmp_timeout))
            .unwrap_or(TIMEOUT),
        retries: args
            .retries
            .or(policy.map(|policy| policy.snmp_retries))
            .unwrap_or(RETRIES),
        within: args.within,
        credential,
    };
    let asked = Asked {
        device: node.map_or_else(|| agent.ip().to_string(), |node| node.id.to_string()),
        agent,
        how: question.credential.to_string(),
    };
    let text = runtime
        .block_on(ask(args, common, &question, &asked))
        .map_err(|error| unheard(&error, &asked, common))?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(
    args: &Args,
    common: &Common,
    question: &Question,
    asked: &Asked,
) -> Result<String, PollError> {
    let seed = crate::probe::ping::chance() as u32;
    let poll = Poll::open(question, seed).await?;
    let is_json = args.json || args.format == Format::Json;
    let words = common.words();
    if let Some(root) = &args.walk {
        let walked = poll.walk(root).await?;
        let root = root.to_string();
        return Ok(if is_json {
            shown::walk_json(asked, &root, &walked)
        } else {
            shown::walk_text(&root, &walked, &words)
        });
    }
    let first = poll.device(Group::ALL).await?;
    let Some(between) = args.rates else {
        return Ok(if is_json {
            shown::json(asked, &first, None)
        } else {
            shown::text(asked, &first, None, &words)
        });
    };
    tokio::time::sleep_until((first.began + between).into()).await;
    let later = poll.device(&[Group::Interfaces]).await?;
    let elapsed = later.began.saturating_duration_since(first.began);
    let rates = rates(&first.device, &later.device, elapsed);
    // The later poll's ports, beside what only the first one read.
    let mut whole = first;
    whole.device.interfaces = later.device.interfaces;
    whole.device.system = later.device.system;
    whole.device.engine = later.device.engine;
    whole.took = clock::now().saturating_duration_since(whole.began);
    whole.unread.extend(later.unread);
    Ok(if is_json {
        shown::json(asked, &whole, Some(&rates))
    } else {
        shown::text(asked, &whole, Some(&rates), &words)
    })
}

/// Reads an address with or without a port; `None` is an id.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    text.parse().ok().or_else(|| {
        let address: IpAddr = bare.unwrap_or(text).parse().ok()?;
        Some(SocketAddr::new(address, PORT))
    })
}

/// Loads the topology. An address does without one; a faulty one is said and left.
fn topology(common: &Common, has_address: bool) -> Result<Option<Loaded>, Failure> {
    if has_address && !Path::new(&common.folder()).exists() {
        return Ok(None);
    }
    match common.load() {
        Ok(loaded) => Ok(Some(loaded)),
        Err(_) if has_address => {
            say(&format!(
                "warning: the topology in {} has faults and is left out; `spanwatch lint` says which.",
                common.folder().display()
            ));
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// Returns the node of an id: a node's, or an agency's own.
fn named<'n>(network: &'n Network, id: &str) -> Result<&'n Node, Failure> {
    let of_agency = || {
        let agency = network.agencies.get(id)?;
        network.nodes.get(&agency.node)
    };
    network.nodes.get(id).or_else(of_agency).ok_or_else(|| {
        let failure = Failure::new(Kind::Usage, format!("There is no node or agency `{id}`"));
        match nearest(id, network.nodes.keys().map(NodeId::as_str)) {
            Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
            None => failure.hint(format!(
                "Look for it: `spanwatch list nodes {id}`; or name its address."
            )),
        }
    })
}

/// Returns the credential: the one that was named, the topology's, or the only one that there is.
fn credential(args: &Args, node: Option<&Node>) -> Result<Credential, Failure> {
    let (path, keyring) = settings::credentials(args.secrets.credentials.as_deref())
        .map_err(|error| refused(&error))?;
    let wanted = args
        .credential
        .as_deref()
        .map(CredentialName::new)
        .or_else(|| node.and_then(|node| node.snmp.clone()));
    if let Some(name) = &wanted {
        return keyring.get(name).cloned().ok_or_else(|| {
            let message = format!("There is no credential `{name}` in {}.", path.display());
            Failure::new(Kind::Configuration, message).hint(known(&keyring))
        });
    }
    let mut all = keyring.values();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only.clone()),
        (None, _) => {
            let message = format!("There is no credential in {}.", path.display());
            Err(Failure::new(Kind::Configuration, message)
                .hint("Write one: [snmp.NAME] version = \"2c\", community = \"...\""))
        }
        _ => Err(Failure::new(
            Kind::Usage,
            "Nothing says which credential this device takes.".to_owned(),
        )
        .hint(format!("Name one with --credential. {}", known(&keyring)))),
    }
}

fn known(keyring: &Keyring) -> String {
    let names: Vec<String> = keyring.keys().map(|name| format!("`{name}`")).collect();
    format!("There are: {}.", names.join(", "))
}

fn unheard(error: &PollError, asked: &Asked, common: &Common) -> Failure {
    match error {
        PollError::Silent(hint) => {
            let words = common.words();
            let message = words.with("poll.silent", &[&asked.agent.to_string(), &asked.how]);
            Failure::new(Kind::System, message).hint(shown::hint(*hint, &words))
        }
        PollError::Unsent(_) | PollError::Line(_) => {
            Failure::new(Kind::System, crate::report::chain(error))
        }
    }
}
