//! `AsyncFd` on the reactor alone, turned in the test's own thread.

use super::*;
use crate::io::{ErrorKind, Interest, Ready};
use crate::reactor::Reactor;
use crate::reactor::tests::{Task, block_on, each_kind, turn};
use futures_lite::future::{poll_once, zip};
use heist_sync::coop::{Budget, with_budget};
use std::future::{Future, poll_fn};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A pipe, whose reading end doesn't block.
fn pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&reader, true).unwrap();
    (reader, writer)
}

/// Takes all events that there are.
fn catch_up(reactor: &Reactor) {
    while turn(reactor, Some(Duration::ZERO)) > 0 {}
}

/// Reads what there is, until it would block.
fn drain(mut reader: impl Read) {
    while reader.read(&mut [0; 16]).is_ok() {}
}

#[test]
fn it_is_ready_when_the_kernel_says_so() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            assert!(poll_once(fd.readable()).await.is_none());
            writer.write_all(b"data").unwrap();
            let mut guard = fd.readable().await.unwrap();
            assert!(guard.ready().is_readable());
            let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 16]));
            assert_eq!(read.unwrap().unwrap(), 4);
            // One that would block was not seen yet.
            assert!(poll_once(fd.readable()).await.is_some());
            let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 16]));
            assert!(read.is_err() && guard.ready().is_empty());
            assert!(poll_once(fd.readable()).await.is_none());
        });
    });
}

#[test]
fn it_waits_again_until_an_operation_does_not_block() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let mut fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            for _ in 0..3 {
                let read = fd.async_io(Interest::READABLE, |mut reader| reader.read(&mut [0; 16]));
                let write = async { writer.write_all(b"data").unwrap() };
                assert_eq!(zip(read, write).await.0.unwrap(), 4);
                let read = fd.async_io_mut(Interest::READABLE, |reader| reader.read(&mut [0; 16]));
                let write = async { writer.write_all(b"more").unwrap() };
                assert_eq!(zip(read, write).await.0.unwrap(), 4);
            }
        });
    });
}

#[test]
fn what_a_guard_retains_or_leaves_is_there() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            writer.write_all(b"data").unwrap();
            fd.readable().await.unwrap().retain_ready();
            let left = fd.readable().await.unwrap();
            drop(left);
            assert!(poll_once(fd.readable()).await.is_some());
        });
    });
}

#[test]
fn what_a_guard_clears_is_gone_until_the_next_event() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let mut fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            for _ in 0..2 {
                writer.write_all(b"data").unwrap();
                let mut guard = fd.readable().await.unwrap();
                drain(guard.get_inner());
                guard.clear_ready();
                assert!(guard.ready().is_empty());
                assert!(poll_once(fd.readable()).await.is_none());

                writer.write_all(b"data").unwrap();
                let mut guard = fd.readable_mut().await.unwrap();
                drain(guard.get_inner_mut());
                guard.clear_ready();
                assert!(poll_once(fd.readable_mut()).await.is_none());
            }
        });
    });
}

#[test]
fn what_has_come_since_outlives_what_a_guard_says() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            writer.write_all(b"data").unwrap();
            let mut first = fd.readable().await.unwrap();
            drain(fd.get_ref());
            first.clear_ready();
            // Somebody must wait, where events are asked for one by one.
            let mut wait = pin!(fd.readable());
            assert!(poll_once(wait.as_mut()).await.is_none());
            writer.write_all(b"more").unwrap();
            catch_up(reactor);
            first.clear_ready();
            first.clear_ready_matching(Ready::ALL);
            assert!(
                first
                    .try_io(|_| Err::<(), _>(ErrorKind::WouldBlock.into()))
                    .is_err()
            );
            assert!(poll_once(wait).await.is_some());
        });
    });
}

#[test]
fn a_guard_clears_what_it_is_told_to() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            let mut fd = AsyncFd::new(ours).unwrap();
            theirs.write_all(b"data").unwrap();
            fd.readable().await.unwrap().retain_ready();
            let mut guard = fd
                .ready(Interest::READABLE | Interest::WRITABLE)
                .await
                .unwrap();
            guard.clear_ready_matching(Ready::READABLE);
            assert!(!guard.ready().is_readable());
            assert!(poll_once(fd.readable()).await.is_none());
            assert!(fd.writable().await.unwrap().ready().is_writable());

            let mut guard = fd.ready_mut(Interest::WRITABLE).await.unwrap();
            guard.clear_ready_matching(Ready::WRITABLE);
            assert!(poll_once(fd.writable()).await.is_none());
        });
    });
}

/// The end of a pipe is reported once: `clear_ready` after a read that took it all must not lose it.
#[test]
fn the_end_outlives_a_guard_that_says_that_nothing_is_left() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            writer.write_all(b"data").unwrap();
            drop(writer);
            let mut guard = fd.readable().await.unwrap();
            assert!(guard.ready().is_read_closed());
            assert_eq!(guard.get_inner().read(&mut [0; 4]).unwrap(), 4);
            guard.clear_ready();
            let mut guard = fd.readable().await.unwrap();
            let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 4]));
            assert_eq!(read.unwrap().unwrap(), 0);
        });
    });
}

/// An operation that would have blocked is the kernel's word that the end isn't there: a FIFO gets new writers.
#[cfg(target_os = "linux")]
#[test]
fn the_end_of_a_fifo_is_over_when_the_next_writer_comes() {
    use rustix::fs::{Mode, OFlags};

    let path = std::env::temp_dir().join(format!("heist-fifo-{}", std::process::id()));
    let open = |flags| rustix::fs::open(&path, flags | OFlags::NONBLOCK, Mode::empty()).unwrap();
    each_kind(|reactor| {
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        block_on(reactor, async {
            let reader = std::fs::File::from(open(OFlags::RDONLY));
            let first = open(OFlags::WRONLY);
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            drop(first);
            let mut guard = fd.readable().await.unwrap();
            let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 4]));
            assert_eq!(read.unwrap().unwrap(), 0);

            let _second = open(OFlags::WRONLY);
            let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 4]));
            assert!(read.is_err());
            catch_up(reactor);
            assert!(poll_once(fd.readable()).await.is_none());
        });
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn an_error_is_waited_for_whatever_it_is_registered_for() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, writer) = io::pipe().unwrap();
            rustix::io::ioctl_fionbio(&writer, true).unwrap();
            let fd = AsyncFd::with_interest(writer, Interest::WRITABLE).unwrap();
            let mut wait = pin!(fd.ready(Interest::ERROR));
            assert!(poll_once(wait.as_mut()).await.is_none());
            drop(reader);
            assert!(wait.await.unwrap().ready().is_error());
        });
    });
}

/// Nobody would ever tell of it: an error, not a hang.
#[test]
fn what_it_is_not_registered_for_is_not_waited_for() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, _writer) = pipe();
            let mut fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            let writable = Interest::WRITABLE;
            let errors = [
                fd.writable().await.map(drop).unwrap_err(),
                fd.writable_mut().await.map(drop).unwrap_err(),
                poll_fn(|cx| fd.poll_write_ready(cx).map_ok(drop))
                    .await
                    .unwrap_err(),
                poll_fn(|cx| fd.poll_write_ready_mut(cx).map_ok(drop))
                    .await
                    .unwrap_err(),
                fd.async_io(writable, |_| Ok(())).await.unwrap_err(),
                fd.async_io_mut(writable, |_| Ok(())).await.unwrap_err(),
                fd.try_io(writable, |_| Ok(())).unwrap_err(),
                fd.try_io_mut(writable, |_| Ok(())).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                let text = error.to_string();
                assert!(
                    text.contains("for READABLE") && text.contains("of WRITABLE"),
                    "{text}"
                );
            }
            // Some of it may come.
            let mut wait = pin!(fd.ready(Interest::READABLE | Interest::WRITABLE));
            assert!(poll_once(wait.as_mut()).await.is_none());
        });
    });
}

#[test]
fn an_operation_is_tried_as_far_as_is_known() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (reader, mut writer) = pipe();
            let mut fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            let early = fd.try_io(Interest::READABLE, |_| Ok(())).unwrap_err();
            assert_eq!(early.kind(), ErrorKind::WouldBlock);
            writer.write_all(b"data").unwrap();
            fd.readable().await.unwrap().retain_ready();
            let read = fd.try_io(Interest::READABLE, |mut reader| reader.read(&mut [0; 2]));
            assert_eq!(read.unwrap(), 2);
            let read = fd.try_io_mut(Interest::READABLE, |reader| reader.read(&mut [0; 2]));
            assert_eq!(read.unwrap(), 2);
            let late = fd.try_io_mut(Interest::READABLE, |reader| reader.read(&mut [0; 2]));
            assert_eq!(late.unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(poll_once(fd.readable()).await.is_none());
        });
    });
}

#[test]
fn the_last_of_those_who_poll_is_woken() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (reader, mut writer) = pipe();
        let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
        let [(first, first_waker), (last, last_waker)] = [Task::new(reactor), Task::new(reactor)];
        for waker in [&first_waker, &last_waker] {
            assert!(
                fd.poll_read_ready(&mut Context::from_waker(waker))
                    .is_pending()
            );
        }
        writer.write_all(b"data").unwrap();
        catch_up(reactor);
        assert_eq!((first.wakes(), last.wakes()), (0, 1));
        assert!(
            fd.poll_read_ready(&mut Context::from_waker(&last_waker))
                .is_ready()
        );
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_regular_file_says_what_to_do_and_comes_back() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let open = || std::fs::File::open("Cargo.toml").unwrap();
        let (file, error) = AsyncFd::try_new(open()).unwrap_err().into_parts();
        assert!(file.metadata().unwrap().is_file());
        for error in [error, AsyncFd::new(open()).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("spawn_blocking"), "{error}");
        }
    });
}

#[test]
fn a_descriptor_is_registered_once() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (reader, _writer) = pipe();
        let first = AsyncFd::new(reader.as_fd()).unwrap();
        let error = AsyncFd::new(reader.as_fd()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("try_clone"), "{error}");
        let _duplicate = AsyncFd::new(reader.try_clone().unwrap()).unwrap();
        drop(first);
        let _again = AsyncFd::new(reader.as_fd()).unwrap();
    });
}

#[test]
fn it_gives_the_descriptor_back() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (reader, mut writer) = pipe();
        let reader: OwnedFd = AsyncFd::new(reader).unwrap().into_inner().into();
        writer.write_all(b"data").unwrap();
        assert_eq!(turn(reactor, Some(Duration::ZERO)), 0);
        assert_eq!(PipeReader::from(reader).read(&mut [0; 16]).unwrap(), 4);
    });
}

#[test]
fn shutdown_ends_every_wait() {
    each_kind(|reactor| {
        let (reader, _writer) = pipe();
        let mut fd = {
            let _entered = reactor.enter();
            AsyncFd::with_interest(reader, Interest::READABLE).unwrap()
        };
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        {
            let mut wait = pin!(fd.readable());
            assert!(wait.as_mut().poll(cx).is_pending());
            reactor.shutdown();
            assert_eq!(task.wakes(), 1);
            assert!(matches!(wait.poll(cx), Poll::Ready(Err(_))));
        }
        assert!(matches!(fd.poll_read_ready(cx), Poll::Ready(Err(_))));
        assert!(matches!(fd.poll_read_ready_mut(cx), Poll::Ready(Err(_))));
        let error = fd.try_io(Interest::READABLE, |_| Ok(())).unwrap_err();
        assert!(error.to_string().contains("shut down"), "{error}");
        let _entered = reactor.enter();
        let (reader, _writer) = pipe();
        let error = AsyncFd::try_new(reader).unwrap_err();
        assert!(error.to_string().contains("shut down"), "{error}");
    });
}

/// Who finds it ready each time gives way now and then.
#[test]
fn the_budget_is_spent() {
    each_kind(|reactor| {
        let fd = block_on(reactor, async {
            let (reader, mut writer) = pipe();
            writer.write_all(b"data").unwrap();
            drop(writer);
            let fd = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
            fd.readable().await.unwrap().retain_ready();
            fd
        });
        let (task, waker) = Task::new(reactor);
        let mut waits = 0;
        let again = async {
            loop {
                fd.readable().await.unwrap().retain_ready();
                waits += 1;
            }
        };
        let polled: Poll<()> = with_budget(Budget::new(10), || {
            pin!(again).poll(&mut Context::from_waker(&waker))
        });
        assert!(polled.is_pending());
        assert_eq!((waits, task.wakes()), (10, 1));
    });
}

#[test]
fn it_says_what_it_is() {
    each_kind(|reactor| {
        block_on(reactor, async {
            let (ours, _theirs) = UnixStream::pair().unwrap();
            let fd = AsyncFd::with_interest(Arc::new(ours), Interest::WRITABLE).unwrap();
            let text = format!("{fd:?}");
            assert!(
                text.contains("UnixStream") && text.contains("WRITABLE"),
                "{text}"
            );
            let guard = fd.writable().await.unwrap();
            assert!(format!("{guard:?}").contains("ready: WRITABLE"));
        });
    });
}
