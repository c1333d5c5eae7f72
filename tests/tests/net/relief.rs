//! Workers that tasks block by mistake: as long as one is left, sockets and timers are served as if nothing were.

use crate::support::listener;
use heist::io::{AsyncReadExt, AsyncWriteExt};
use heist::time::{Duration, sleep};
use heist_tests::{PATIENCE, Shape, guarded, receive};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// A request to block the worker until it is released.
const BLOCK: u8 = 0;
/// A request to sleep for a moment, as it should be done.
const SLEEP: u8 = 1;

/// What a task that blocks says when it begins; it ends when the other half is dropped.
type Blocked = Sender<Sender<()>>;

/// Answers each byte by itself.
async fn serve(listener: heist::net::TcpListener, blocked: Blocked) {
    let blocked = Arc::new(Mutex::new(blocked));
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let blocked = blocked.clone();
        drop(heist::spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                match byte[0] {
                    BLOCK => {
                        let (release, released) = channel::<()>();
                        blocked.lock().unwrap().send(release).unwrap();
                        // By the sender's drop.
                        let _ = released.recv_timeout(2 * PATIENCE);
                    }
                    SLEEP => sleep(Duration::from_micros(500)).await,
                    _ => {}
                }
                stream.write_all(&byte).await.unwrap();
            }
        }));
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[track_caller]
fn ask(mut stream: &TcpStream, byte: u8) {
    stream.write_all(&[byte]).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, [byte]);
}

/// Blocks so many of the workers at a time.
fn blocked(workers: usize, count: usize) {
    let runtime = Shape::Workers(workers).runtime();
    let (blocked, blocks): (Blocked, Receiver<_>) = channel();
    let listener = runtime.block_on(listener());
    let address = listener.local_addr().unwrap();
    let server = runtime.spawn(serve(listener, blocked));
    let blockers: Vec<_> = (0..count).map(|_| connect(address)).collect();
    let others: Vec<_> = (0..8).map(|_| connect(address)).collect();
    for round in 0..10 {
        let mut releases = Vec::new();
        for mut blocker in &blockers {
            blocker.write_all(&[BLOCK]).unwrap();
            if round % 2 == 0 {
                // One after the other; else all at once.
                releases.push(receive(&blocks));
            }
        }
        while releases.len() < count {
            releases.push(receive(&blocks));
        }
        for _ in 0..5 {
            for other in &others {
                ask(other, 7);
                ask(other, SLEEP);
            }
            ask(&connect(address), 7);
            runtime.block_on(sleep(Duration::from_micros(500)));
        }
        drop(releases);
        for mut blocker in &blockers {
            blocker.read_exact(&mut [0]).expect("an answer");
        }
    }
    server.abort();
}

#[test]
fn one_of_two() {
    guarded("one_of_two", || blocked(2, 1));
}

#[test]
fn one_of_eight() {
    guarded("one_of_eight", || blocked(8, 1));
}

#[test]
fn all_but_one() {
    guarded("all_but_one", || blocked(8, 7));
}
