//! The traits of others on heist's types: each behind a feature.

#[cfg(feature = "hyper")]
pub mod hyper;
