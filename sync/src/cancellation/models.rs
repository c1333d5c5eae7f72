//! The models of `CancellationToken`.
