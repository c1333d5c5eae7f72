//! Unix streams on the reactor alone, turned in the test's own thread.

use super::SocketAddr;
use crate::io::{AsyncReadExt, AsyncWriteExt, Interest};
use crate::net::{UnixListener, UnixStream};
use crate::reactor::tests::{block_on, each_kind};
use futures_lite::future::{poll_once, zip};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{FdFlags, fcntl_getfd};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, sendmsg};
use socket2::{Domain, Socket, Type};
use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// As with TCP: an idle connection costs this and its slot.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<UnixStream>() == 16);

/// A directory of this test's own, gone with this.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("heist-unix-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn both_ends_know_each_other() {
    each_kind(|reactor| {
        let directory = Directory::new();
        let path = directory.join("server");
        block_on(reactor, async {
            let listener = UnixListener::bind(&path).unwrap();
            assert_eq!(
                listener.local_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            let client = UnixStream::connect(&path).await.unwrap();
            let (server, peer) = listener.accept().await.unwrap();
            assert!(peer.is_unnamed());
            assert!(client.local_addr().unwrap().is_unnamed());
            assert_eq!(
                client.peer_addr().unwrap().as_pathname(),
                Some(path.as_path())
            );
            for fd in [listener.as_fd(), client.as_fd(), server.as_fd()] {
                assert!(fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
                assert!(fcntl_getfd(fd).unwrap().contains(FdFlags::CLOEXEC));
            }
            let taken = UnixListener::bind(&path).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            drop(listener);
            let refused = UnixStream::connect(&path).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        });
    });
}

/// Who has a name is known by it, however long that is: one as long as can be is not even ended by a zero byte.
#[test]
fn a_client_that_has_a_name() {
    each_kind(|reactor| {
        let directory = Directory::new();
        let mut longest = directory.join("").into_os_string().into_encoded_bytes();
        assert!(longest.len() < 108);
        longest.resize(108, b'x');
        block_on(reactor, async {
            let listener = UnixListener::bind(directory.join("server")).unwrap();
            let address = listener.local_addr().unwrap().to_socket2().unwrap();
            for name in [
                directory.join("client").as_os_str(),
                OsStr::from_bytes(&longest),
            ] {
                let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
                let address_of_client = SocketAddrUnix::new(name).unwrap();
                rustix::net::bind(&client, &address_of_client).unwrap();
                client.connect(&address).unwrap();
                let (server, peer) = listener.accept().await.unwrap();
                assert_eq!(peer.as_pathname(), Some(Path::new(name)));
                assert_eq!(
                    server.peer_addr().unwrap().as_pathname(),
                    peer.as_pathname()
                );
            }
        });
    });
}

#[cfg(any(target_os = "android", target_os = "linux"))]
#[test]
fn abstract_names() {
    each_kind(|reactor| {
        let directory = Directory::new();
        // Unique, as the directory is.
        let name = directory.0.as_os_str().as_bytes();
        let path = [b"\0", name].concat();
        let path = Path::new(OsStr::from_bytes(&path));
        block_on(reactor, async {
            let listener = UnixListener::bind(path).unwrap();
            let address = listener.local_addr().unwrap();
            assert_eq!(address.as_abstract_name(), Some(name));
            assert_eq!(address.as_pathname(), None);
            for client in [
                UnixStream::connect(path).await.unwrap(),
                UnixStream::connect_addr(&address).await.unwrap(),
            ] {
                assert_eq!(client.peer_addr().unwrap().as_abstract_name(), Some(name));
                listener.accept().await.unwrap();
            }
            // The system chooses one where there is none.
            let chosen = UnixListener::bind_addr(&SocketAddr::unnamed()).unwrap();
            assert!(
                chosen
                    .local_addr()
                    .unwrap()
                    .as_abstract_name()
                    .is_some_and(|name| !name.is_empty())
            );
            // It is gone with the listener.
            drop(listener);
            let refused = UnixStream::connect(path).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        });
    });
}

#[test]
fn what_is_no_path_is_an_error() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let long = "x".repeat(200);
            for path in [long.as_str(), "/tmp/a\0b"] {
                let error = UnixStream::connect(path).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                let error = UnixListener::bind(path).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
            let error = UnixStream::connect_addr(&SocketAddr::unnamed()).await;
            assert!(error.is_err());
        });
    });
}

/// Rather an error than a connection that is none, or a wait that nobody ends.
#[test]
fn a_full_backlog_is_an_error() {
    each_kind(|reactor| {
        let directory = Directory::new();
        let path = directory.join("server");
        block_on(reactor, async {
            let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            listener
                .bind(&socket2::SockAddr::unix(&path).unwrap())
                .unwrap();
            listener.listen(0).unwrap();
            let mut waiting = Vec::new();
            let error = loop {
                match UnixStream::connect(&path).await {
                    Ok(stream) => waiting.push(stream),
                    Err(error) => break error,
                }
                assert!(waiting.len() < 10);
            };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        });
    });
}

#[test]
fn the_peer_is_this_process() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (one, other) = UnixStream::pair().unwrap();
            let peer = one.peer_cred().unwrap();
            assert_eq!(peer, other.peer_cred().unwrap());
            assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
            assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
            if cfg!(target_os = "linux") {
                assert_eq!(peer.pid(), Some(std::process::id() as i32));
            }
        });
    });
}

/// A read stops short at a message that carries descriptors. It must not be taken for the last: no event comes for what is behind it.
#[test]
fn a_short_read_is_not_the_last() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (theirs, ours) = net::UnixStream::pair().unwrap();
            let mut ours = UnixStream::from_std(ours).unwrap();
            let mut buffer = [0; 64];
            assert!(poll_once(ours.read(&mut buffer)).await.is_none());
            for word in [b"one", b"two"] {
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                let mut control = SendAncillaryBuffer::new(&mut space);
                let descriptors = [theirs.as_fd()];
                assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
                let words = [IoSlice::new(word)];
                let sent = sendmsg(&theirs, &words, &mut control, SendFlags::empty());
                assert_eq!(sent.unwrap(), 3);
            }
            assert_eq!(ours.read(&mut buffer).await.unwrap(), 3);
            assert_eq!(poll_once(ours.read(&mut buffer)).await.unwrap().unwrap(), 3);
            assert_eq!(&buffer[..3], b"two");
            assert!(poll_once(ours.read(&mut buffer)).await.is_none());
        });
    });
}

/// More than the buffers between them hold, both ways at once, in odd portions.
#[test]
fn megabytes_go_both_ways() {
    const LEN: usize = 4 << 20;
    let data: Vec<u8> = (0..LEN).map(|index| (index / 251) as u8).collect();
    each_kind(|reactor| {
        block_on(reactor, async {
            let (client, server) = UnixStream::pair().unwrap();
            let exchange = async |stream: &UnixStream| {
                let write = async {
                    let mut stream = stream;
                    for portion in data.chunks(100_003) {
                        stream.write_all(portion).await.unwrap();
                    }
                    stream.close().await.unwrap();
                };
                let read = async {
                    let mut stream = stream;
                    let mut received = Vec::new();
                    stream.read_to_end(&mut received).await.unwrap();
                    received
                };
                zip(write, read).await.1
            };
            let (at_client, at_server) = zip(exchange(&client), exchange(&server)).await;
            assert!(at_client == data && at_server == data);
        });
    });
}

#[test]
fn the_end_of_the_peer() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            assert_eq!(theirs.try_write(b"last").unwrap(), 4);
            drop(theirs);
            let ready = ours.ready(Interest::READABLE).await.unwrap();
            assert!(ready.is_readable());
            let mut words = Vec::new();
            ours.read_to_end(&mut words).await.unwrap();
            assert_eq!(words, b"last");
            let error = ours.write_all(b"?").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            ours.close().await.unwrap();
        });
    });
}
