//! The models of `watch`.
