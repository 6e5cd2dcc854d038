//! The tests, one binary: it links once and runs fast.

/// The emulated network against the graph.
mod fabric;
/// The stairs of the house, kept.
mod house;
