//! heist as a whole, against real peers.
