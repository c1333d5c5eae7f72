//! What must not compile does not, and the message says why, at the place where it is wrong: `ui/*.rs`, each with what the compiler says of it.
//!
//! Compilers change how they say it. So it is compared with the one toolchain that it was written down with, [`TOOLCHAIN`]; with any other this test is
//! skipped, and says so. One of each kind is a doc-test in `runtime/src/lib.rs`, for every toolchain. To write the messages down anew:
//! `TRYBUILD=overwrite cargo test -p heist-compile-fail`, and read the difference.

use std::env;
use std::process::Command;

/// The toolchain whose messages are in `ui/*.stderr`.
const TOOLCHAIN: &str = "rustc 1.95.";

#[test]
fn compile_fail() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    if !version.starts_with(TOOLCHAIN) {
        eprintln!("skipped: the messages are those of {TOOLCHAIN}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
