//! The examples of child processes: what they print.

use heist_tests::guarded;
use std::process::Command;

/// What a program prints that ends well.
fn printed(program: &'static str, arguments: &'static [&str]) -> String {
    let output = guarded(program, move || {
        let mut command = Command::new(program);
        command.args(arguments).output().expect("it is run")
    });
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    let errors = text(output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    text(output.stdout)
}

#[test]
fn subprocess() {
    let program = env!("CARGO_BIN_EXE_subprocess");
    // In this package's directory.
    let listing = printed(program, &[]);
    assert!(listing.starts_with("[\"ls -l\" ended with exit status: 0]\n[stdout]\n"));
    assert!(listing.contains("Cargo.toml"));
    assert!(!listing.contains("[stderr]"));

    let both = printed(program, &["echo one; echo two >&2; exit 3"]);
    let expected = "[\"echo one; echo two >&2; exit 3\" ended with exit status: 3]\n\
        [stdout]\none\n\n[stderr]\ntwo\n\n";
    assert_eq!(both, expected);
}

#[test]
fn worker_processes() {
    let outcomes = printed(env!("CARGO_BIN_EXE_worker_processes"), &[]);
    let expected = "\
        fibonacci 10: 55\n\
        abort: lost, its worker died of signal 6\n\
        fibonacci 15: 610\n\
        hang: lost, its worker was killed after 3s\n\
        fibonacci 20: 6765\n\
        exit 3: lost, its worker exited with 3\n\
        dance: I don't know how to do that\n\
        fibonacci 25: 75025\n";
    assert_eq!(outcomes, expected);
}
