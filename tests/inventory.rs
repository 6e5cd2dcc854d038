//! Topologies: what loads, what is refused, and with which code at which place.

use std::sync::Arc;

use spanwatch::inventory::{Faults, Loaded, read};
use spanwatch::model::fault::Source;

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source {
        name: name.into(),
        text: text.into(),
    })
}

fn one(text: &str) -> Result<Loaded, Faults> {
    read(vec![source("x.toml", text)])
}

#[test]
fn a_small_topology_loads() {
    let loaded = one("[network]\nid='x'\nhubs=['dc']\n[[node]]\nid='dc'\n");
    let loaded = loaded.expect("a topology");
    assert_eq!(loaded.network.nodes.len(), 1);
}
