//! The tests, one binary: it links once and runs fast.

/// The stairs of the house, kept.
mod house;

/// The binary as people and cron meet it.
mod command;
/// The query language.
mod filter;
/// Topologies: what loads, what is refused and with which words.
mod inventory;
/// The true `topology/` and the data that it was written from.
mod real;
/// Every format of a small network, a hostile one and the true one.
mod report;
