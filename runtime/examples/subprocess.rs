//! A line for the shell, and what it has printed, without blocking: asyncio's `create_subprocess_shell` and `communicate`.
//!
//! ```text
//! cargo run --example subprocess [LINE]       # ls -l if there is none
//! ```

use heist::process::{Stdio, shell};
use std::io;

#[heist::main]
async fn main() -> io::Result<()> {
    let line = std::env::args().nth(1).unwrap_or_else(|| "ls -l".into());
    run(&line).await
}

async fn run(line: &str) -> io::Result<()> {
    let mut command = shell(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.spawn()?.communicate("").await?;

    println!("[{line:?} ended with {}]", output.status);
    for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
        if !bytes.is_empty() {
            println!("[{name}]\n{}", String::from_utf8_lossy(&bytes));
        }
    }
    Ok(())
}
