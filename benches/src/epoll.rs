//! The echo server as one would write it by hand: one thread, one level-triggered epoll, no tasks.

#![forbid(unsafe_code)]

use crate::client::{self, Protocol};
use crate::io::{ECHO_64, ECHO_1000, listen};
use crate::workload::{Sample, Workload};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;

/// The epoll loop, which has no runtime.
pub struct Epoll;

impl Epoll {
    /// Its name in the results.
    pub const NAME: &'static str = "epoll";
}

/// What it can do of the I/O group.
pub fn workloads() -> Vec<Workload<Epoll>> {
    let workload = |name, about, run| Workload {
        group: "I/O",
        name,
        about,
        fresh: false,
        run,
    };
    vec![
        workload("tcp_echo_64", ECHO_64, tcp_echo::<64>),
        workload("tcp_echo_1000", ECHO_1000, tcp_echo::<1_000>),
    ]
}

fn tcp_echo<const CONNECTIONS: usize>(_: &LazyLock<Epoll>) -> Sample {
    let listener = listen();
    let client = client::start(&listener, Protocol::Echo, CONNECTIONS);
    let server = thread::spawn(move || serve(&listener, CONNECTIONS));
    server.join().expect("the server ends by itself");
    client.end()
}

fn serve(listener: &TcpListener, connections: usize) {
    const LISTENER: u64 = u64::MAX;
    let interest = epoll::EventFlags::IN;
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll exists");
    epoll::add(
        &poller,
        listener,
        epoll::EventData::new_u64(LISTENER),
        interest,
    )
    .expect("epoll takes a listener");

    let mut streams: Vec<Option<TcpStream>> = Vec::with_capacity(connections);
    let mut buffer = [0; 1_024];
    let mut events = Vec::with_capacity(1_024);
    let mut closed = 0;
    while closed < connections {
        epoll::wait(&poller, spare_capacity(&mut events), None).expect("epoll waits");
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER => {
                    let (stream, _) = match listener.accept() {
                        Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                        accepted => accepted.expect("the client connects"),
                    };
                    stream
                        .set_nonblocking(true)
                        .expect("a stream can be non-blocking");
                    stream.set_nodelay(true).expect("a stream has TCP_NODELAY");
                    let key = epoll::EventData::new_u64(streams.len() as u64);
                    epoll::add(&poller, &stream, key, interest).expect("epoll takes a stream");
                    streams.push(Some(stream));
                }
                key => {
                    let slot = &mut streams[key as usize];
                    let stream = slot.as_mut().expect("a closed stream has no events");
                    match stream.read(&mut buffer).expect("the client is well") {
                        0 => {
                            *slot = None;
                            closed += 1;
                        }
                        // A request fits into the socket's buffer.
                        read => stream
                            .write_all(&buffer[..read])
                            .expect("the client is well"),
                    }
                }
            }
        }
    }
}
