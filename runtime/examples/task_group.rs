//! Tasks that end together: all succeed, or the first failure cancels the others, which clean up before the group returns; and a group whose time is up.
//!
//! asyncio: `async with TaskGroup() as group: group.create_task(…)`, `ExceptionGroup`, `timeout`.

use heist::task::{GroupError, TaskGroup, on_cancel};
use heist::time::{Duration, sleep};

#[heist::main]
async fn main() {
    program(|line| println!("{line}")).await;
}

/// The program; `print` takes its lines.
pub(crate) async fn program(print: fn(String)) {
    let sum = TaskGroup::new().run(async |group| {
        let parts = [3, 1, 2].map(|part| group.spawn(fetch(part, print)));
        let mut sum = 0;
        for part in parts {
            sum += part.await.unwrap_or(0);
        }
        Ok(sum)
    });
    print_result("the sum", sum.await, print);

    let group = TaskGroup::new();
    group.spawn(fetch(5, print));
    group.spawn(fetch(0, print));
    print_result("a group one of which fails", group.join().await, print);

    let group = TaskGroup::with_timeout(Duration::from_secs(2));
    group.spawn(fetch(5, print));
    print_result("a group with 2 s", group.join().await, print);
}

fn print_result<T: std::fmt::Debug>(
    what: &str,
    result: Result<T, GroupError<String>>,
    print: fn(String),
) {
    match result {
        Ok(value) => print(format!("{what}: {value:?}")),
        Err(error) => print(format!("{what}: {error}")),
    }
}

/// Takes so many seconds, but one at least; there is no part 0.
async fn fetch(part: u64, print: fn(String)) -> Result<u64, String> {
    let clean_up = on_cancel(async move {
        sleep(Duration::from_millis(100)).await;
        print(format!("part {part} is given up"));
    });
    sleep(Duration::from_secs(part.max(1))).await;
    drop(clean_up.disarm());
    if part == 0 {
        return Err("there is no part 0".into());
    }
    print(format!("part {part} is there"));
    Ok(part * part)
}
