//! Many children.

use heist::process::{Command, shell};
use heist_tests::Shape;
use rustix::process::{Resource, Signal, getrlimit, setrlimit};
use std::os::unix::process::ExitStatusExt;

/// A thousand children that sleep for a tenth of a second; every tenth exits with a code of its own, or by a signal.
pub(crate) fn a_thousand_that_end_at_once(shape: Shape) {
    // A pidfd for each: as many descriptors as the process may have.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("it may");

    shape.block_on(async {
        let tasks: Vec<_> = (0..1_000)
            .map(|number| {
                let mut command = match number % 20 {
                    0 => shell(format!("sleep 0.1; exit {}", number / 20)),
                    10 => shell("sleep 0.1; kill -KILL $$"),
                    _ => {
                        let mut sleep = Command::new("sleep");
                        sleep.arg("0.1");
                        sleep
                    }
                };
                let mut child = command.spawn().expect("it is spawned");
                heist::spawn(async move { child.wait().await.expect("it ends") })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let status = task.await.expect("it ends");
            match number % 20 {
                0 => assert_eq!(status.code(), Some(number as i32 / 20)),
                10 => assert_eq!(status.signal(), Some(Signal::KILL.as_raw())),
                _ => assert!(status.success()),
            }
        }
    });
}
