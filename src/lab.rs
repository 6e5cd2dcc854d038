//! The emulated network: namespaces, a wire between two real kernels, and the child that runs in it.

pub mod action;
pub mod agent;
pub mod fabric;
pub mod record;
pub mod scenario;
