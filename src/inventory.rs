//! From a folder of TOML to a proven network, or every fault in it at once.
