//! The two lowest floors of spanwatch, where everything stands that reads octets, and nothing else of it: so the targets
//! are built in a minute instead of ten, and no floor above can come into them.

#[path = "../src"]
mod house {
    pub mod model;
    pub mod wire;
}

pub use house::{model, wire};
