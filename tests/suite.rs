//! The tests, one binary: it links once and runs fast.

/// Weak elements, against brute force and against what is known of the reference network.
mod analysis;
/// The stairs of the house, kept.
mod house;
/// Which fault explains these silences, against brute force.
mod locate;
/// Networks in a few words, for the others.
mod sketch;
/// 276 real networks and the answers of other programs.
mod zoo;
