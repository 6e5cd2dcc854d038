//! The emulated network: namespaces, a wire between two real kernels, and the child that runs in it.
