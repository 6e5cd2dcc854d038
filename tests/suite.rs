//! The tests, one binary: it links once and runs fast.

/// The stairs of the house, kept.
mod house;

/// The query language.
mod filter;
