//! Standard input, output and error. In a process of its own for each shape of runtime, whose streams are pipes that the cases have the other ends of.

use crate::{on_the_current_thread, on_two_workers};
use heist::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, stderr, stdin, stdout,
};
use heist::net::unix::pipe::{Receiver, Sender};
use heist::task::yield_now;
use heist::{StreamExt, spawn};
use heist_tests::{Ended, Probe, alone, in_child, until};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::fs::File;
use std::io::{Write, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

/// The other ends of the process's streams.
struct Ends {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

static ENDS: OnceLock<Ends> = OnceLock::new();

fn ends() -> &'static Ends {
    ENDS.get().expect("the streams are pipes")
}

/// Runs this in a process whose streams are pipes. What panics there still says so on the standard error that there was.
fn with_pipes(test: &str, body: impl FnOnce()) -> Ended {
    // The process, and the pipes of its output, are not to be taken for what a case beside this one has left.
    let _alone = alone();
    in_child(test, &[], || {
        let said = rustix::stdio::stderr().try_clone_to_owned();
        let said = Mutex::new(File::from(said.expect("it is duplicated")));
        panic::set_hook(Box::new(move |panicked| {
            let mut said = said.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let _ = writeln!(said, "{panicked}");
        }));
        let pipes = [(); 3].map(|()| pipe().expect("it is made"));
        let [(input, stdin), (stdout, output), (stderr, errors)] = pipes;
        dup2_stdin(&input).expect("it is put there");
        dup2_stdout(&output).expect("it is put there");
        dup2_stderr(&errors).expect("it is put there");
        let ends = Ends {
            stdin: stdin.into(),
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        assert!(ENDS.set(ends).is_ok(), "once");
        body();
    })
}

#[test]
fn with_the_current_thread() {
    with_pipes("standard_streams::with_the_current_thread", || {
        on_the_current_thread(reading);
        on_the_current_thread(reading_lines);
        on_the_current_thread(writing_output);
        on_the_current_thread(writing_errors);
        on_the_current_thread(writing_more_than_there_is_room_for);
    })
    .assert_success();
}

#[test]
fn with_two_workers() {
    with_pipes("standard_streams::with_two_workers", || {
        on_two_workers(reading);
        on_two_workers(reading_lines);
        on_two_workers(writing_output);
        on_two_workers(writing_errors);
        on_two_workers(writing_more_than_there_is_room_for);
    })
    .assert_success();
}

/// Sends this to the process's input, one byte at a time, in a task.
fn send_slowly(words: &'static [u8]) -> heist::JoinHandle<()> {
    let end = ends().stdin.try_clone().expect("it is duplicated");
    let mut sender = Sender::from_owned_fd(end).expect("it is a pipe");
    spawn(async move {
        for byte in words {
            yield_now().await;
            sender.write_all(&[*byte]).await.expect("it writes");
        }
    })
}

async fn reading(probe: Probe) {
    const WORDS: &[u8] = b"a few words";
    let sending = send_slowly(WORDS);
    let mut stdin = stdin();
    let mut first = [0; 4];
    let read = probe.drop_after(stdin.read(&mut first)).await;
    let read = read.map_or(0, |read| read.expect("it reads"));
    // By another handle: what the dropped read had asked for is kept for whoever reads next.
    let mut rest = vec![0; WORDS.len() - read];
    let mut next = heist::io::stdin();
    next.read_exact(&mut rest).await.expect("it reads");
    assert_eq!([&first[..read], &rest].concat(), WORDS, "a byte was lost");
    sending.await.expect("it ends");
}

async fn reading_lines(probe: Probe) {
    let sending = send_slowly(b"one\ntwo\nthree\n");
    let mut lines = BufReader::new(stdin()).lines();
    let mut read = Vec::new();
    for _ in 0..2 {
        if let Some(line) = probe.drop_after(lines.next()).await {
            read.push(line.expect("there is one").expect("it reads"));
        }
    }
    while read.len() < 3 {
        let line = lines.next().await;
        read.push(line.expect("there is one").expect("it reads"));
    }
    assert_eq!(read, ["one", "two", "three"], "a line was lost");
    sending.await.expect("it ends");
}

/// The byte of this place. None of those that the runtime writes to standard error, when a poll is slow on a busy machine.
fn byte(place: usize) -> u8 {
    0x80 | (place % 0x7b) as u8
}

/// Reads what has come, and checks that it goes on from `read`. How much has been read then.
fn read_on(receiver: &Receiver, mut read: usize) -> usize {
    let mut buffer = [0; 4_096];
    while let Ok(more) = receiver.try_read(&mut buffer) {
        for &found in buffer[..more].iter().filter(|&&found| found >= 0x80) {
            assert_eq!(found, byte(read), "at {read}");
            read += 1;
        }
    }
    read
}

/// Writes parts, each of which is flushed, and drops that. What was flushed by then is there at once, and what was accepted comes.
async fn writing(probe: Probe, mut stream: impl AsyncWrite + Unpin, end: &OwnedFd) {
    // Less than a pipe holds.
    const PART: usize = 5_000;
    let end = end.as_fd().try_clone_to_owned().expect("it is duplicated");
    let receiver = Receiver::from_owned_fd(end).expect("it is a pipe");
    let (mut accepted, mut flushed) = (0, 0);
    let writing = async {
        for _ in 0..3 {
            let part: Vec<_> = (accepted..accepted + PART).map(byte).collect();
            let mut rest = &part[..];
            while !rest.is_empty() {
                let written = stream.write(rest).await.expect("it is accepted");
                accepted += written;
                rest = &rest[written..];
            }
            stream.flush().await.expect("it is written");
            flushed = accepted;
        }
    };
    probe.drop_after(writing).await;
    let mut read = read_on(&receiver, 0);
    assert!(
        read >= flushed,
        "{flushed} were flushed, and {read} are there"
    );
    while read < accepted {
        yield_now().await;
        read = read_on(&receiver, read);
    }
    assert_eq!(read, accepted, "what nobody had accepted came");
}

async fn writing_output(probe: Probe) {
    writing(probe, stdout(), &ends().stdout).await;
}

async fn writing_errors(probe: Probe) {
    writing(probe, stderr(), &ends().stderr).await;
}

/// Somebody reads it, slowly.
async fn writing_more_than_there_is_room_for(probe: Probe) {
    let end = ends().stdout.try_clone().expect("it is duplicated");
    let receiver = Receiver::from_owned_fd(end).expect("it is a pipe");
    let (written, mut stream) = ((0..200_000).map(byte).collect::<Vec<_>>(), stdout());
    let mut accepted = 0;
    let writing = async {
        while accepted < written.len() {
            let more = stream.write(&written[accepted..]).await;
            accepted += more.expect("it is accepted");
        }
        stream.flush().await.expect("it is written");
    };
    let state = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
    let reading = spawn({
        let state = state.clone();
        async move {
            let (read, is_over) = &*state;
            while !is_over.load(SeqCst) {
                read.store(read_on(&receiver, read.load(SeqCst)), SeqCst);
                yield_now().await;
            }
        }
    });
    probe.drop_after(writing).await;
    let (read, is_over) = &*state;
    until("something was lost", || read.load(SeqCst) == accepted).await;
    is_over.store(true, SeqCst);
    reading.await.expect("it ends");
    assert_eq!(read.load(SeqCst), accepted, "what nobody had accepted came");
}
