//! heist beside its peers.
