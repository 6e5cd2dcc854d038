//! `GraphML` (graphml.graphdrawing.org): our own export with its whole model, and other people's graphs.
//!
//! A file that `export graphml` wrote, also after Gephi or networkx had it in hand, says so in the graph's data key
//! `schema` and gives back everything that the format can hold. What it cannot hold: which file a table stood in,
//! comments, how a value was said (a default, or at the thing itself) and what a new link of a kind costs, and the characters
//! U+FFFE and U+FFFF, which XML forbids. What was found out (`hub`, `agencies`, `cuts_off`) is not read back.
//! Any other graph, those of the Topology Zoo and of yEd among them, gives nodes and links, with what its data keys
//! mean by their usual names.

pub mod schema;

mod document;
mod foreign;
mod whole;

use std::sync::Arc;

use crate::inventory::Faults;
use crate::inventory::import::settle::{origin, settle};
use crate::inventory::import::{Imported, Input, Options, written};
use crate::model::fault::Source;

/// Imports a graph.
///
/// Faults are `T0156` (not `GraphML`), `T0157` (beyond what is read), `T0153`, `T0154` and `T0158`. No entity is
/// ever expanded or opened, and nothing deeper than 128 elements is read. Cost O(n log n).
pub fn import(input: &Input, options: &Options) -> Result<Imported, Faults> {
    let source = Arc::new(Source {
        name: input.name.clone(),
        text: input.text.clone(),
    });
    let document = document::read(&source)?;
    if whole::is_whole(&document)? && !options.all_agencies {
        let parts = whole::parts(&document, options)?;
        return Ok(Imported {
            files: written::files(&parts, &origin("graphml", options)),
            notes: Vec::new(),
        });
    }
    let options = Options {
        name: options.name.clone().or_else(|| foreign::name(&document)),
        ..options.clone()
    };
    let draft = foreign::draft(&document);
    if !draft.faults.is_empty() {
        return Err(Faults(draft.faults));
    }
    settle(draft, &options, "graphml")
}
