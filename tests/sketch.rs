//! Networks in a few words, for tests: only ids, links and risk groups, everything else as by default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use spanwatch::graph::mix;
use spanwatch::inventory;
use spanwatch::model::agency::{Agency, Contact, Endpoints, Level};
use spanwatch::model::network::{
    End, Link, Network, Node, Parts, Policy, Rates, RiskGroup, Service, default_metric,
};
use spanwatch::model::{AgencyId, Element, LinkId, NodeId, RiskId};

/// A network being drawn.
#[derive(Clone)]
pub(crate) struct Sketch(pub(crate) Parts);

impl Sketch {
    /// Begins with hubs, which carry traffic; the monitor stands at the first.
    pub(crate) fn new(hubs: &[&str]) -> Self {
        let mut sketch = Self(Parts {
            name: "Sketch".into(),
            example: true,
            hubs: hubs.iter().map(|hub| NodeId::from(*hub)).collect(),
            ..Parts::new("sketch", hubs[0].into())
        });
        for hub in hubs {
            sketch = sketch.node(hub, true);
        }
        sketch
    }

    /// Adds a node.
    pub(crate) fn node(mut self, id: &str, transit: bool) -> Self {
        self.0.nodes.insert(
            id.into(),
            Node {
                id: id.into(),
                name: id.into(),
                role: "pop".into(),
                transit,
                address: None,
                addresses: Vec::new(),
                sys_name: id.into(),
                probe: Vec::new(),
                area: None,
                position: None,
                snmp: None,
                vendor: None,
                model: None,
                serial: None,
                rates: Rates::default(),
                risks: Vec::new(),
                policy: Policy::default(),
                was: Vec::new(),
            },
        );
        self
    }

    /// Adds an agency at a node that exists.
    pub(crate) fn agency(mut self, id: &str, node: &str, weight: u32) -> Self {
        self.0.agencies.insert(
            id.into(),
            Agency {
                id: id.into(),
                name: id.into(),
                level: Level::Commune,
                class: "school".into(),
                area: None,
                node: node.into(),
                hours: None,
                weight,
                endpoints: Endpoints::default(),
                contact: Contact::default(),
                was: Vec::new(),
            },
        );
        self
    }

    /// Adds a link, with a port named after it at both ends.
    pub(crate) fn link(mut self, id: &str, a: &str, b: &str) -> Self {
        let end = |node: &str| End {
            node: node.into(),
            port: Some(id.into()),
        };
        self.0.links.insert(
            id.into(),
            Link {
                id: id.into(),
                a: end(a),
                b: end(b),
                kind: "fibre".into(),
                capacity: None,
                metric: default_metric("fibre"),
                provider: None,
                circuit: None,
                risks: Vec::new(),
                length_km: None,
                cost_build: None,
                cost_yearly: None,
                rates: Rates::default(),
                was: Vec::new(),
            },
        );
        self
    }

    /// Adds links between nodes named in their ids, `a-b`, and the nodes that are missing, which carry traffic.
    pub(crate) fn links(mut self, ids: &[&str]) -> Self {
        for id in ids {
            let (a, rest) = id.split_once('-').expect("two ends");
            let b = rest.split('#').next().expect("an end");
            for end in [a, b] {
                if !self.0.nodes.contains_key(end) {
                    self = self.node(end, true);
                }
            }
            self = self.link(id, a, b);
        }
        self
    }

    /// Adds agencies at nodes of their own that hang on `a` by a link `a-id`.
    pub(crate) fn agencies(mut self, at: &str, ids: &[&str]) -> Self {
        for id in ids {
            self = self
                .node(id, false)
                .link(&format!("{at}-{id}"), at, id)
                .agency(id, id, 1);
        }
        self
    }

    /// Adds a risk group.
    pub(crate) fn risk(mut self, id: &str, members: &[Element]) -> Self {
        self.0.risks.insert(
            id.into(),
            RiskGroup {
                id: id.into(),
                name: id.into(),
                kind: "duct".into(),
                rates: Rates::default(),
                members: Vec::new(),
            },
        );
        for member in members {
            match member {
                Element::Node(node) => {
                    let node = self.0.nodes.get_mut(node).expect("a node");
                    node.risks.push(id.into());
                }
                Element::Link(link) => {
                    let link = self.0.links.get_mut(link).expect("a link");
                    link.risks.push(id.into());
                }
                Element::Risk(_) => unreachable!("groups hold no groups"),
            }
        }
        self
    }

    /// Adds a service at a node.
    pub(crate) fn service(mut self, id: &str, node: &str) -> Self {
        let service = Service {
            id: id.into(),
            name: id.into(),
            node: node.into(),
            check: BTreeMap::new(),
        };
        self.0.services.insert(id.into(), service);
        self
    }

    /// Proves it.
    pub(crate) fn network(self) -> Network {
        Network::prove(self.0).expect("a consistent sketch")
    }
}

/// Numbers from a seed, the same every time.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Returns a number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = mix(self.0);
        (self.0 >> 11) as usize % sides.max(1)
    }

    /// Returns true once in `sides`.
    pub(crate) fn hit(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// Draws a small network with everything that is awkward: doubled links, nodes that carry nothing, several hubs,
/// risk groups of nodes and links, agencies at hubs, two at one node, and pieces that hang on nothing.
pub(crate) fn awkward(seed: u64) -> Sketch {
    let mut dice = Dice::new(seed);
    let nodes = 2 + dice.roll(8);
    let names: Vec<String> = (0..nodes).map(|node| format!("n{node}")).collect();
    let hubs: Vec<&str> = (0..=dice.roll(3).min(nodes - 1))
        .map(|hub| names[hub].as_str())
        .collect();
    let mut sketch = Sketch::new(&hubs);
    for (place, name) in names.iter().enumerate() {
        let is_transit = !dice.hit(3);
        if place >= hubs.len() || !is_transit {
            sketch = sketch.node(name, is_transit);
        }
    }
    for link in 0..dice.roll(2 * nodes) {
        let a = dice.roll(nodes);
        let b = (a + 1 + dice.roll(nodes - 1)) % nodes;
        sketch = sketch.link(&format!("l{link:02}"), &names[a], &names[b]);
    }
    for agency in 0..=dice.roll(nodes + 2) {
        let node = &names[dice.roll(nodes)];
        let weight = 1 + dice.roll(5) as u32;
        sketch = sketch.agency(&format!("a{agency:02}"), node, weight);
    }
    let all: Vec<Element> = sketch.clone().network().elements().collect();
    for risk in 0..dice.roll(4) {
        let members: BTreeSet<Element> = (0..=dice.roll(3))
            .map(|_| all[dice.roll(all.len())].clone())
            .collect();
        let members: Vec<Element> = members.into_iter().collect();
        sketch = sketch.risk(&format!("r{risk}"), &members);
    }
    sketch
}

/// Adds some services at nodes drawn by a seed.
pub(crate) fn served(mut sketch: Sketch, seed: u64) -> Sketch {
    let nodes: Vec<NodeId> = sketch.0.nodes.keys().cloned().collect();
    let mut dice = Dice::new(seed ^ 0x5EED);
    for place in 0..dice.roll(4) {
        let node = &nodes[dice.roll(nodes.len())];
        sketch = sketch.service(&format!("s{place}"), node.as_str());
    }
    sketch
}

/// Says who is reached from some nodes by looking at every link until nothing changes: slow, and sure.
pub(crate) fn reached(
    network: &Network,
    roots: &[NodeId],
    removed: &[Element],
) -> BTreeSet<NodeId> {
    let mut gone: BTreeSet<&NodeId> = BTreeSet::new();
    let mut broken: BTreeSet<&LinkId> = BTreeSet::new();
    let members = removed.iter().flat_map(|element| match element {
        Element::Risk(risk) => network.risks[risk].members.clone(),
        other => vec![other.clone()],
    });
    let members: Vec<Element> = members.collect();
    for element in &members {
        match element {
            Element::Node(node) => _ = gone.insert(node),
            Element::Link(link) => _ = broken.insert(link),
            Element::Risk(_) => unreachable!("groups hold no groups"),
        }
    }
    let mut reached: BTreeSet<NodeId> = roots
        .iter()
        .filter(|root| !gone.contains(root))
        .cloned()
        .collect();
    loop {
        let before = reached.len();
        for link in network.links.values() {
            if broken.contains(&link.id) {
                continue;
            }
            for (from, to) in [(&link.a.node, &link.b.node), (&link.b.node, &link.a.node)] {
                let sends = network.nodes[from].transit || roots.contains(from);
                if reached.contains(from) && sends && !gone.contains(to) {
                    reached.insert(to.clone());
                }
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

/// Returns a file of the folder that is shared by several projects, or `None`, said aloud, where it is absent.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared")
        .join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{} is absent",
        path.display()
    );
    #[expect(clippy::print_stdout, reason = "a test that skips says so")]
    {
        println!("skipped: {} is absent", path.display());
    }
    None
}

/// Loads the reference network.
pub(crate) fn reference() -> Network {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    inventory::load(&folder)
        .expect("the topology of this project")
        .network
}

pub(crate) fn node(id: &str) -> Element {
    Element::Node(id.into())
}

pub(crate) fn link(id: &str) -> Element {
    Element::Link(id.into())
}

pub(crate) fn risk(id: &str) -> Element {
    Element::Risk(RiskId::from(id))
}

/// Returns the agencies of a network that sit at none of some nodes.
pub(crate) fn agencies_not_at(network: &Network, nodes: &BTreeSet<NodeId>) -> BTreeSet<AgencyId> {
    network
        .agencies
        .values()
        .filter(|agency| !nodes.contains(&agency.node))
        .map(|agency| agency.id.clone())
        .collect()
}
