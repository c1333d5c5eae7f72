//! The futures of child processes, of pipes and of signals. No case leaves a child, alive or a zombie.

use heist::StreamExt;
use heist::io::{AsyncReadExt, AsyncWriteExt, ErrorKind, Interest};
use heist::net::unix::pipe::{Receiver, Sender, pipe};
use heist::process::{Child, Command, Stdio};
use heist::signal::ctrl_c;
use heist::signal::unix::{Signal, SignalKind, signal};
use heist::spawn;
use heist::task::yield_now;
use heist_tests::{Probe, send_to_this_process, until};
use rustix::io::Errno;
use rustix::process::{Signal as Sent, WaitId, WaitIdOptions, waitid};
use std::env;
use std::fs;
use std::future::{Future, poll_fn};
use std::pin::pin;

cases! {
    waiting killing communicating waiting_with_output the_status the_output
    writing_to_a_child reading_from_a_child
    reading writing waiting_to_read waiting_to_write being_ready
    receiving_a_signal polling_for_a_signal the_next_of_a_stream control_c
}

/// A child that ends when its input does, and says what it was told.
fn cat() -> Child {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("it is spawned")
}

/// A child that ends only when it is killed; which it is when it is dropped.
fn endless() -> Command {
    let mut command = Command::new("sleep");
    command.arg("600").kill_on_drop(true);
    command
}

/// That this process has no child any more, nor its zombie. (Cases come one at a time.)
async fn assert_no_child() {
    until("a child was left", || !has_child()).await;
}

fn has_child() -> bool {
    if env::var_os("TSAN_OPTIONS").is_none() {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        return !waitid(WaitId::All, options).is_err_and(|error| error == Errno::CHILD);
    }
    // But for the one that tells ThreadSanitizer names.
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let mut children =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let name = |child: &str| fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
    children.any(|children| {
        let mut names = children.split_whitespace().map(name);
        names.any(|name| name.trim_end() != "llvm-symbolizer")
    })
}

async fn waiting(probe: Probe) {
    let mut child = cat();
    let stdin = child.stdin.take();
    let end = spawn(async move {
        for _ in 0..3 {
            yield_now().await;
        }
        drop(stdin);
    });
    let status = match probe.drop_after(child.wait()).await {
        Some(status) => status,
        None => {
            probe.assert_no_waker().await;
            child.wait().await
        }
    };
    assert!(status.expect("it ends").success());
    end.await.expect("it ends");
    assert_no_child().await;
}

async fn killing(probe: Probe) {
    let mut child = endless().spawn().expect("it is spawned");
    let killed = probe.drop_after(child.kill()).await;
    match killed {
        Some(killed) => killed.expect("it is killed"),
        None => drop(child),
    }
    assert_no_child().await;
}

async fn communicating(probe: Probe) {
    let mut child = cat();
    // More than both pipes hold.
    let input = vec![7; 300_000];
    match probe.drop_after(child.communicate(&input)).await {
        Some(output) => assert!(output.expect("it ends").stdout == input),
        None => {
            probe.assert_no_waker().await;
            // If it had begun, the pipes are closed; else `wait` closes the input.
            child.wait().await.expect("it ends");
        }
    }
    drop(child);
    assert_no_child().await;
}

async fn waiting_with_output(probe: Probe) {
    let mut child = cat();
    let stdin = child.stdin.take().expect("it is piped");
    let tell = spawn(async move {
        let mut stdin = stdin;
        for _ in 0..3 {
            yield_now().await;
            // Nobody may be there to read it any more.
            if stdin.write_all(b"words").await.is_err() {
                return;
            }
        }
    });
    if let Some(output) = probe.drop_after(child.wait_with_output()).await {
        assert_eq!(output.expect("it ends").stdout, b"wordswordswords");
    }
    tell.await.expect("it ends");
    assert_no_child().await;
}

async fn the_status(probe: Probe) {
    let mut command = Command::new("true");
    if let Some(status) = probe.drop_after(command.status()).await {
        assert!(status.expect("it ends").success());
    }
    assert_no_child().await;
}

async fn the_output(probe: Probe) {
    let mut command = Command::new("echo");
    if let Some(output) = probe.drop_after(command.arg("words").output()).await {
        assert_eq!(output.expect("it ends").stdout, b"words\n");
    }
    assert_no_child().await;
}

async fn writing_to_a_child(probe: Probe) {
    let mut child = cat();
    let mut stdin = child.stdin.take().expect("it is piped");
    let data = vec![7; 100_000];
    let mut stdout = child.stdout.take().expect("it is piped");
    let count = spawn(async move {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).await.expect("it reads");
        bytes.len()
    });
    let written = probe.drop_after(stdin.write_all(&data)).await;
    drop(stdin);
    let count = count.await.expect("it ends");
    match written {
        Some(written) => {
            written.expect("it writes");
            assert_eq!(count, data.len());
        }
        None => assert!(count <= data.len()),
    }
    child.wait().await.expect("it ends");
    assert_no_child().await;
}

async fn reading_from_a_child(probe: Probe) {
    let mut child = cat();
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = child.stdout.take().expect("it is piped");
    let tell = spawn(async move {
        yield_now().await;
        stdin.write_all(b"words").await.expect("it writes");
    });
    let mut first = [0; 2];
    let read = probe.drop_after(stdout.read(&mut first)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).await.expect("it reads");
    assert_eq!([&first[..read], &rest].concat(), b"words");
    tell.await.expect("it ends");
    child.wait().await.expect("it ends");
    assert_no_child().await;
}

/// A pipe that has found that there is nothing to read.
fn settled() -> (Sender, Receiver) {
    let (sender, receiver) = pipe().expect("it is made");
    let error = receiver
        .try_read(&mut [0])
        .expect_err("nothing was written");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    (sender, receiver)
}

const WORDS: [u8; 16] = *b"a few more words";

/// Sends the words, one byte at a time, in a task.
fn send_slowly(mut sender: Sender) -> heist::JoinHandle<()> {
    spawn(async move {
        for byte in WORDS {
            yield_now().await;
            sender.write_all(&[byte]).await.expect("it writes");
        }
    })
}

async fn assert_rest(mut receiver: Receiver, read: usize) {
    let mut rest = Vec::new();
    receiver.read_to_end(&mut rest).await.expect("it reads");
    assert_eq!(rest, WORDS[read..]);
}

async fn reading(probe: Probe) {
    let (sender, mut receiver) = settled();
    let sending = send_slowly(sender);
    let mut buffer = [0; 4];
    let read = probe.drop_after(receiver.read(&mut buffer)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    assert_eq!(buffer[..read], WORDS[..read]);
    assert_rest(receiver, read).await;
    sending.await.expect("it ends");
}

async fn waiting_to_read(probe: Probe) {
    let (sender, receiver) = settled();
    let sending = send_slowly(sender);
    match probe.drop_after(receiver.readable()).await {
        Some(readable) => readable.expect("it waits"),
        None => probe.assert_no_waker().await,
    }
    assert_rest(receiver, 0).await;
    sending.await.expect("it ends");
}

async fn being_ready(probe: Probe) {
    let (sender, receiver) = settled();
    let sending = send_slowly(sender);
    match probe.drop_after(receiver.ready(Interest::READABLE)).await {
        Some(ready) => assert!(ready.expect("it waits").is_readable()),
        None => probe.assert_no_waker().await,
    }
    assert_rest(receiver, 0).await;
    sending.await.expect("it ends");
}

/// Writes until there is no room, and says how much that was.
fn fill(sender: &Sender) -> usize {
    let mut written = 0;
    while let Ok(more) = sender.try_write(&[0; 4_096]) {
        written += more;
    }
    written
}

/// Reads in a task, slowly, up to the end; gives how much that was.
fn drain_slowly(mut receiver: Receiver) -> heist::JoinHandle<usize> {
    spawn(async move {
        let mut read = 0;
        let mut buffer = vec![0; 16_384];
        loop {
            yield_now().await;
            match receiver.read(&mut buffer).await.expect("it reads") {
                0 => return read,
                more => read += more,
            }
        }
    })
}

async fn writing(probe: Probe) {
    let (mut sender, receiver) = settled();
    let mut written = fill(&sender);
    let drain = drain_slowly(receiver);
    if let Some(more) = probe.drop_after(sender.write(&[0; 64])).await {
        written += more.expect("it writes");
    }
    drop(sender);
    assert_eq!(drain.await.expect("it ends"), written);
}

async fn waiting_to_write(probe: Probe) {
    let (sender, receiver) = settled();
    let written = fill(&sender);
    let drain = drain_slowly(receiver);
    match probe.drop_after(sender.writable()).await {
        Some(writable) => writable.expect("it waits"),
        None => probe.assert_no_waker().await,
    }
    drop(sender);
    assert_eq!(drain.await.expect("it ends"), written);
}

fn listen() -> Signal {
    signal(SignalKind::user_defined1()).expect("it is listened for")
}

/// Sends it from a task.
fn send_later(sent: Sent) -> heist::JoinHandle<()> {
    spawn(async move {
        yield_now().await;
        send_to_this_process(sent);
    })
}

async fn receiving_a_signal(probe: Probe) {
    let mut signal = listen();
    let sending = send_later(Sent::USR1);
    let received = match probe.drop_after(signal.recv()).await {
        Some(received) => received,
        None => {
            probe.assert_no_waker().await;
            signal.recv().await
        }
    };
    assert_eq!(received, Some(()));
    sending.await.expect("it ends");
}

async fn polling_for_a_signal(probe: Probe) {
    let mut signal = listen();
    let sending = send_later(Sent::USR1);
    let poll = poll_fn(|context| signal.poll_recv(context));
    let received = match probe.drop_after(poll).await {
        Some(received) => received,
        None => signal.recv().await,
    };
    assert_eq!(received, Some(()));
    sending.await.expect("it ends");
}

async fn the_next_of_a_stream(probe: Probe) {
    let mut signals = listen().into_stream();
    let sending = send_later(Sent::USR1);
    let received = match probe.drop_after(signals.next()).await {
        Some(received) => received,
        None => signals.next().await,
    };
    assert_eq!(received, Some(()));
    sending.await.expect("it ends");
}

async fn control_c(probe: Probe) {
    let mut sending = None;
    let awaited = async {
        let mut control_c = pin!(ctrl_c());
        poll_fn(|context| {
            let polled = control_c.as_mut().poll(context);
            // It listens now.
            sending.get_or_insert_with(|| send_later(Sent::INT));
            polled
        })
        .await
    };
    if let Some(stopped) = probe.drop_after(awaited).await {
        stopped.expect("it comes");
    }
    probe.assert_no_waker().await;
    if let Some(sending) = sending {
        sending.await.expect("it ends");
    }
}
