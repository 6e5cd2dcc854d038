//! spanwatch: the inventory and connectivity monitor of a government's specialised data network.
//!
//! The house has five floors. A room may use the floors below it and never the rooms beside or above it;
//! `tests/house.rs` keeps the stairs.
//!
//! ```text
//!  4  faces     report < tui < cli                 people and programs look in here
//!  3  app       settings monitor incident check    the only floor that joins rooms
//!  2  wings     inventory probe judge analysis lab rooms with no doors between them
//!  1  tools     wire  graph  filter  clock         bytes, indices, queries, time
//!  0  ground    model                              what a network is, in plain values
//! ```
//!
//! Data flows one way: `probe` turns targets into readings, `judge` turns readings into states, `analysis`
//! turns silences into causes, `app` joins them into one `Picture`, and the faces draw it. The way back is as
//! important: the judge's `Ask`s, by which suspects are asked again inside one window of time before anything
//! is said.

pub mod model;

pub mod clock;
pub mod filter;
pub mod graph;
pub mod wire;

pub mod analysis;
pub mod inventory;
pub mod judge;
pub mod lab;
pub mod probe;

pub mod app;

pub mod report;

pub mod tui;

pub mod cli;
