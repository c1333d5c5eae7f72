//! Synchronous code that calls async code; and what it is told when it tries that on a worker, which must not wait.
//!
//! asyncio: `asyncio.run`, `run_until_complete`; "asyncio.run() cannot be called from a running event loop".

use heist::runtime::Runtime;
use heist::time::{Duration, sleep};
use std::io;
use std::panic::{self, AssertUnwindSafe};

fn main() -> io::Result<()> {
    program(|line| println!("{line}"))
}

/// The program; `print` takes its lines.
pub(crate) fn program(print: fn(String)) -> io::Result<()> {
    // Once: a runtime for this one call.
    print(format!("run: {}", heist::run(double(21))));

    // Again and again: a runtime that stays.
    let runtime = Runtime::new()?;
    print(format!("block_on: {}", runtime.block_on(double(4))));

    // Synchronous code in a task has no business with `block_on`: the worker that it would block is what runs the tasks.
    let handle = runtime.handle().clone();
    let task = runtime.spawn(async move {
        let refused = panic::catch_unwind(AssertUnwindSafe(|| handle.block_on(double(1))));
        refused.expect_err("a worker may not block")
    });
    let payload = runtime.block_on(task).expect("the panic is caught");
    let reason = payload.downcast_ref::<String>().cloned();
    let reason = reason.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|reason| reason.to_string())
    });
    print(format!("on a worker: {}", reason.unwrap_or_default()));

    // In a blocking job it may wait.
    let handle = runtime.handle().clone();
    let job = runtime.spawn_blocking(move || handle.block_on(double(5)));
    print(format!(
        "in a blocking job: {}",
        runtime.block_on(job).expect("it does not panic")
    ));
    Ok(())
}

async fn double(number: u32) -> u32 {
    sleep(Duration::from_millis(10)).await;
    number * 2
}
