//! What must not compile: `ui/*.rs`, which `tests/compile_fail.rs` compiles. A package of its own, and no default member: it builds heist anew, for messages that only one toolchain
//! gives.

#![forbid(unsafe_code)]
