//! The client of the I/O workloads: the same for every peer, this program started once more.
//!
//! It is one thread with an epoll of its own. Each connection sends a request as soon as it has the answer to the one before. What
//! the client measured goes back to the server's process through a pipe.

#![forbid(unsafe_code)]

use crate::workload::Sample;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, io, thread};

/// The body of the answer over HTTP.
pub(crate) const GREETING: &[u8] = b"Hello, world!";

/// Requests that are measured; a tenth as many come before them.
const REQUESTS: usize = 40_000;

/// Connections that are made and measured one after the other; a tenth as many come before them.
const CONNECTIONS: usize = 6_000;

/// Connections that a server has to accept of [`Protocol::Connect`].
pub(crate) const CONNECTIONS_IN_ALL: usize = CONNECTIONS / 10 + CONNECTIONS;

/// The first argument of a client.
const CLIENT: &str = "client-of-a-workload";

/// What the client says.
#[derive(Clone, Copy)]
pub(crate) enum Protocol {
    /// 64 bytes, which come back.
    Echo,
    /// An HTTP/1.1 request, which is answered with the greeting.
    Http,
    /// Nothing: it waits until the server has closed the connection, and makes the next one, so many at a time.
    Connect,
    /// Nothing: it holds its connections until the server's process has seen enough.
    Hold,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Echo, Self::Http, Self::Connect, Self::Hold];

    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Http => "http",
            Self::Connect => "connect",
            Self::Hold => "hold",
        }
    }

    fn request(self) -> &'static [u8] {
        match self {
            Self::Echo => &[b'?'; 64],
            Self::Http => b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Self::Connect | Self::Hold => b"",
        }
    }

    /// What every answer ends with.
    fn answer_end(self) -> &'static [u8] {
        match self {
            Self::Http => GREETING,
            Self::Echo | Self::Connect | Self::Hold => self.request(),
        }
    }
}

/// A client that runs.
pub(crate) struct Client {
    process: Child,
    stdin: ChildStdin,
}

/// Starts a client of this server.
pub(crate) fn start(listener: &TcpListener, protocol: Protocol, connections: usize) -> Client {
    let address = listener.local_addr().expect("a listener has an address");
    let mut process = Command::new("/proc/self/exe")
        .args([
            CLIENT,
            protocol.name(),
            &address.to_string(),
            &connections.to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again");
    let stdin = process.stdin.take().expect("it is piped");
    Client { process, stdin }
}

impl Client {
    /// Waits for its end and returns what it measured.
    pub(crate) fn end(self) -> Sample {
        drop(self.stdin);
        let output = self.process.wait_with_output().expect("the client ends");
        assert!(
            output.status.success(),
            "the client failed: {}",
            output.status
        );
        let figures = String::from_utf8(output.stdout).expect("the client writes text");
        figures.parse().expect("the client writes a sample")
    }
}

/// To be called first by a program that runs workloads: raises the limit of descriptors, and if the program was started as a client
/// does what a client does and returns true.
pub fn is_client() -> bool {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .expect("a soft limit can be raised");

    let arguments: Vec<String> = env::args().skip(1).collect();
    let [first, protocol, address, connections] = &arguments[..] else {
        return false;
    };
    if first != CLIENT {
        return false;
    }
    let protocol = Protocol::ALL
        .into_iter()
        .find(|known| known.name() == protocol)
        .expect("a known protocol");
    let address = address.parse().expect("an address");
    let connections = connections.parse().expect("a number of connections");
    run(protocol, address, connections).expect("the server is well");
    true
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    received: usize,
}

fn run(protocol: Protocol, server: SocketAddr, connections: usize) -> io::Result<()> {
    if let Protocol::Connect = protocol {
        return connect_again_and_again(server, connections);
    }
    let connect = || {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            sent: Instant::now(),
            received: 0,
        })
    };
    let mut connections: Vec<_> = (0..connections)
        .map(|_| connect())
        .collect::<io::Result<_>>()?;
    if let Protocol::Hold = protocol {
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let answer_length = answer_length(&mut connections[0].stream, protocol)?;

    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (key, connection) in connections.iter_mut().enumerate() {
        connection.stream.set_nonblocking(true)?;
        epoll::add(
            &poller,
            &connection.stream,
            epoll::EventData::new_u64(key as u64),
            epoll::EventFlags::IN,
        )?;
        connection.sent = Instant::now();
        connection.stream.write_all(protocol.request())?;
    }
    const WARM_UP: usize = REQUESTS / 10;
    let mut sent = connections.len();
    let mut answered = 0;
    let mut start = Instant::now();
    let mut latencies = Vec::with_capacity(REQUESTS);
    let mut events = Vec::with_capacity(1_024);
    let mut buffer = [0; 1_024];
    while answered < WARM_UP + REQUESTS {
        epoll::wait(&poller, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let connection = &mut connections[event.data.u64() as usize];
            let read = connection.stream.read(&mut buffer)?;
            connection.received += read;
            if read > 0 && connection.received < answer_length {
                continue;
            }
            assert_eq!(
                connection.received, answer_length,
                "an answer to one request"
            );
            assert!(
                buffer[..read].ends_with(protocol.answer_end()),
                "an answer to this request"
            );
            let now = Instant::now();
            answered += 1;
            if answered == WARM_UP {
                start = now;
            } else if answered > WARM_UP {
                latencies.push(now - connection.sent);
            }
            if sent < WARM_UP + REQUESTS {
                sent += 1;
                connection.sent = now;
                connection.received = 0;
                connection.stream.write_all(protocol.request())?;
            }
        }
    }
    print!("{}", Sample::requests(start.elapsed(), latencies));
    Ok(())
}

/// Makes connections from so many threads.
fn connect_again_and_again(server: SocketAddr, threads: usize) -> io::Result<()> {
    // Each makes connections as long as there are any to make, and says how long each took.
    let make = |connections: usize| -> io::Result<(Duration, Vec<Duration>)> {
        let made = AtomicUsize::new(0);
        let one_by_one = || {
            let mut latencies = Vec::new();
            while made.fetch_add(1, Relaxed) < connections {
                let begun = Instant::now();
                let end = TcpStream::connect(server)?.read(&mut [0])?;
                assert_eq!(end, 0, "the server closes it");
                latencies.push(begun.elapsed());
            }
            io::Result::Ok(latencies)
        };
        let begun = Instant::now();
        let latencies = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one_by_one)).collect();
            let join = |thread: thread::ScopedJoinHandle<_>| thread.join().expect("it ends");
            threads
                .into_iter()
                .map(join)
                .collect::<io::Result<Vec<_>>>()
        });
        Ok((begun.elapsed(), latencies?.concat()))
    };
    make(CONNECTIONS_IN_ALL - CONNECTIONS)?;
    let (elapsed, latencies) = make(CONNECTIONS)?;
    print!("{}", Sample::requests(elapsed, latencies));
    Ok(())
}

/// Makes one request to see how long an answer is: each has the same headers.
fn answer_length(stream: &mut TcpStream, protocol: Protocol) -> io::Result<usize> {
    stream.write_all(protocol.request())?;
    let mut answer = Vec::new();
    while !answer.ends_with(protocol.answer_end()) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    Ok(answer.len())
}
