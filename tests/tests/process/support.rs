//! What the cases share.

use heist::process::{Child, Command, Stdio};
use heist_tests::until;
use rustix::process::{Pid, test_kill_process};

/// A child that ends when its input does.
pub(crate) fn patient() -> Child {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command.spawn().expect("it is spawned")
}

/// A child that ends only when it is killed.
pub(crate) fn endless() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600");
    command
}

/// Its process's number, as it runs.
pub(crate) fn pid(child: &Child) -> Pid {
    raw_pid(child.id().expect("it runs"))
}

pub(crate) fn raw_pid(id: u32) -> Pid {
    Pid::from_raw(id as i32).expect("it is no zero")
}

/// Whether there is such a process: alive, or a zombie.
pub(crate) fn exists(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

/// Until there is no such process, nor its zombie.
pub(crate) async fn until_reaped(pid: Pid) {
    until("a zombie was left", || !exists(pid)).await;
}
