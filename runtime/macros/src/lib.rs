//! The attributes `#[heist::main]` and `#[heist::test]`.
