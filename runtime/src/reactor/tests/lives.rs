//! Turns that are ended, registrations that come and go, the shutdown.

use super::*;

/// A turn has taken the event from the kernel; before it delivers it, its socket is dropped, and the slot goes to another.
#[test]
fn an_event_of_a_former_socket_is_not_the_next_ones() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        assert!(poll_read(&ours, Waker::noop(), &mut [0; 8]).is_pending());
        let slot = ours.slot;
        let mut turn = reactor.try_claim().unwrap();
        theirs.write_all(b"data").unwrap();
        turn.poller.wait(&mut turn.events, None).unwrap();
        drop(ours);

        let (next, _theirs) = UnixStream::pair().unwrap();
        next.set_nonblocking(true).unwrap();
        let next = Registered::new_unready(next, Kind::Stream).unwrap();
        assert_eq!(next.slot, slot);
        let (task, waker) = Task::new(reactor);
        assert!(
            next.poll_ready(&mut Context::from_waker(&waker), Direction::Read)
                .is_pending()
        );
        turn.deliver();
        assert_eq!(task.wakes(), 0);
        assert!(
            next.poll_ready(&mut Context::from_waker(&waker), Direction::Read)
                .is_pending()
        );
    });
}

#[test]
fn notify_ends_the_wait_that_goes_on() {
    each_kind(|reactor| {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                // As often as need be: the first may come before the wait.
                while !is_done.load(SeqCst) {
                    reactor.notify();
                    thread::yield_now();
                }
            });
            for timeout in [
                None,
                Some(Duration::MAX),
                Some(Duration::from_secs(u64::MAX)),
            ] {
                for _ in 0..1_000 {
                    assert_eq!(turn(reactor, timeout), 0);
                }
            }
            is_done.store(true, SeqCst);
        });
    });
}

#[test]
fn notify_before_the_wait_ends_it_too() {
    each_kind(|reactor| {
        for _ in 0..3 {
            reactor.notify();
            reactor.notify();
            assert_eq!(turn(reactor, None), 0);
        }
        // And no other.
        assert_eq!(turn(reactor, Some(Duration::from_nanos(1))), 0);
    });
}

#[test]
fn shutdown_ends_every_wait() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = pair();
        let (poller, poll_waker) = Task::new(reactor);
        let (waiter, wait_waker) = Task::new(reactor);
        let mut wait = Box::pin(ours.ready(Interest::READABLE));
        assert!(poll_read(&ours, &poll_waker, &mut [0; 8]).is_pending());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&wait_waker))
                .is_pending()
        );

        reactor.shutdown();
        assert_eq!((poller.wakes(), waiter.wakes()), (1, 1));
        let is_shut_down = |error: &io::Error| error.to_string().contains("has been shut down");
        let waited = wait.as_mut().poll(&mut Context::from_waker(&wait_waker));
        assert!(matches!(waited, Poll::Ready(Err(error)) if is_shut_down(&error)));
        let read = poll_read(&ours, &poll_waker, &mut [0; 8]);
        assert!(matches!(read, Poll::Ready(Err(error)) if is_shut_down(&error)));
        let tried = ours.try_io(Interest::WRITABLE, |_| Ok(()));
        assert!(is_shut_down(&tried.unwrap_err()));
        let (late, _theirs) = UnixStream::pair().unwrap();
        assert!(is_shut_down(
            &Registered::new(late, Kind::Stream).unwrap_err()
        ));
    });
}

#[test]
fn ten_thousand_registrations_share_fifty_slots() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        for _ in 0..100 {
            let sockets: Vec<_> = (0..50).map(|_| pair()).collect();
            for (ours, theirs) in &sockets {
                let mut theirs = theirs;
                theirs.write_all(b"data").unwrap();
                assert_ready(poll_read(ours, Waker::noop(), &mut [0; 8]), 4);
            }
            turn(reactor, NOW);
        }
        for _ in 0..5_000 {
            drop(pair());
        }
        assert_eq!(reactor.slab.close().count(), 50);
    });
}

#[test]
fn sockets_come_and_go_while_another_thread_turns() {
    each_kind(|reactor| {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(SeqCst) {
                    if let Some(mut turn) = reactor.try_claim() {
                        turn.wait(None).unwrap();
                    }
                }
            });
            let users: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let _entered = reactor.enter();
                        for round in 0..2_000 {
                            let (ours, mut theirs) = pair();
                            theirs.write_all(b"data").unwrap();
                            if round % 3 == 0 {
                                continue;
                            }
                            let mut buffer = [0; 4];
                            for expected in [4, 0] {
                                let read = poll_fn(|cx| poll_read(&ours, cx.waker(), &mut buffer));
                                assert_eq!(futures_lite::future::block_on(read).unwrap(), expected);
                                theirs.shutdown(std::net::Shutdown::Both).unwrap();
                            }
                        }
                    })
                })
                .collect();
            let outcomes: Vec<_> = users.into_iter().map(|user| user.join()).collect();
            is_done.store(true, SeqCst);
            reactor.notify();
            outcomes.into_iter().for_each(|outcome| outcome.unwrap());
        });
    });
}

#[test]
fn a_socket_taken_back_is_no_longer_registered() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        let mut ours = ours.into_inner();
        turn(reactor, NOW);
        theirs.write_all(b"data").unwrap();
        assert_eq!(turn(reactor, NOW), 0);
        assert_eq!(ours.read(&mut [0; 8]).unwrap(), 4);
        assert_eq!(
            ours.read(&mut [0; 8]).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    });
}

#[test]
fn what_cannot_be_registered_says_so_and_leaves_no_trace() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        // epoll takes no plain files.
        let file = || OwnedFd::from(std::fs::File::open("Cargo.toml").unwrap());
        let refusal = Some(rustix::io::Errno::PERM.raw_os_error());
        let error = Registered::new(file(), Kind::Datagram).unwrap_err();
        assert_eq!(error.raw_os_error(), refusal);
        // Of a stream it is said to whoever waits for it, each time.
        let stream = Registered::new_unready(file(), Kind::Stream).unwrap();
        for _ in 0..2 {
            let cx = &mut Context::from_waker(Waker::noop());
            let polled = stream.poll_ready(cx, Direction::Read);
            let Poll::Ready(Err(error)) = polled else {
                panic!("it waits for ever: {polled:?}");
            };
            assert_eq!(error.raw_os_error(), refusal);
        }
        drop(stream);
        let (ours, _theirs) = pair();
        assert_eq!(ours.slot, 0);
    });
}

/// Whoever comes second is told so, be it a stream that is registered late; and again each time, as nobody would report to it.
#[test]
fn one_descriptor_is_registered_once() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = fresh_pair();
        let fd = ours.get_ref().as_fd();
        let _first = Registered::new(fd, Kind::Foreign(Interest::READABLE)).unwrap();
        let says_so = |error: io::Error| {
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
            assert!(
                error
                    .to_string()
                    .contains("registered with this runtime already")
            );
        };
        says_so(Registered::new(fd, Kind::Datagram).unwrap_err());
        for _ in 0..2 {
            let Poll::Ready(Err(error)) = poll_read(&ours, Waker::noop(), &mut [0; 8]) else {
                panic!("it waits for ever");
            };
            says_so(error);
            let tried = ours.try_io(Interest::READABLE, |mut ours| ours.read(&mut [0; 8]));
            says_so(tried.unwrap_err());
        }
    });
}

/// Who never waits, but tries again and again, learns of what comes. (Where registrations are one-shot, only who waits asks for an event.)
#[test]
fn a_stream_that_is_only_tried_is_watched_too() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = fresh_pair();
        let try_read = || ours.try_io(Interest::READABLE, |mut ours| ours.read(&mut [0; 8]));
        let is_one_shot = reactor.driver().unwrap().poller.is_one_shot();
        let rounds = if is_one_shot { 1 } else { 3 };
        for _ in 0..rounds {
            // The short read of a `poll_` method doesn't hide what comes next, either.
            theirs.write_all(b"data").unwrap();
            turn(reactor, NOW);
            assert_ready(poll_read(&ours, Waker::noop(), &mut [0; 8]), 4);
            theirs.write_all(b"more").unwrap();
            turn(reactor, NOW);
            assert_eq!(try_read().unwrap(), 4);
            assert_eq!(try_read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    });
}

/// Who asks whether it is ready, and tries nothing, sees that the peer has gone.
#[test]
fn a_stream_that_is_only_asked_after_is_watched_too() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        for by_poll in [true, false] {
            let (ours, theirs) = fresh_pair();
            let ask = || {
                let cx = &mut Context::from_waker(Waker::noop());
                if by_poll {
                    assert!(ours.poll_ready(cx, Direction::Read).is_ready());
                } else {
                    assert!(pin!(ours.ready(Interest::READABLE)).poll(cx).is_ready());
                }
            };
            ask();
            drop(theirs);
            turn(reactor, NOW);
            let seen = reactor.slab.slot(ours.slot).readiness().load();
            let is_one_shot = reactor.driver.get().unwrap().poller.is_one_shot();
            // There is no event that nobody has waited for.
            assert!(is_one_shot || seen.ready(Interest::READABLE).is_read_closed());
        }
    });
}

/// So is one that is tried only for what it isn't taken to have at first: urgent data, or the end.
#[test]
fn a_stream_that_is_only_tried_for_urgent_data_is_watched_too() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, theirs) = fresh_pair();
        let try_urgent = || ours.try_io(Interest::PRIORITY, |_| Ok(()));
        assert_eq!(try_urgent().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(theirs);
        turn(reactor, NOW);
        let is_one_shot = reactor.driver.get().unwrap().poller.is_one_shot();
        assert!(is_one_shot || try_urgent().is_ok());
    });
}

/// The kernel is told of a stream when something would block, whichever way it is tried, and then once.
#[test]
fn a_stream_is_watched_when_it_would_block() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        for by_poll in [true, false] {
            let (ours, mut theirs) = fresh_pair();
            theirs.write_all(b"data").unwrap();
            assert_eq!(turn(reactor, NOW), 0);
            assert_ready(poll_read(&ours, Waker::noop(), &mut [0; 8]), 4);
            let slot = reactor.slab.slot(ours.slot);
            let is_watched = || slot.readiness().load().is_watched();
            assert!(!is_watched());

            let (task, waker) = Task::new(reactor);
            let cx = &mut Context::from_waker(&waker);
            let mut wait = Box::pin(ours.ready(Interest::READABLE));
            if by_poll {
                assert!(poll_read(&ours, &waker, &mut [0; 8]).is_pending());
            } else {
                let tried = ours.try_io(Interest::READABLE, |mut ours| ours.read(&mut [0; 8]));
                assert_eq!(tried.unwrap_err().kind(), io::ErrorKind::WouldBlock);
                assert!(wait.as_mut().poll(cx).is_pending());
            }
            assert!(is_watched());
            theirs.write_all(b"data").unwrap();
            turn(reactor, None);
            assert_eq!(task.wakes(), 1);
            assert_ready(poll_read(&ours, &waker, &mut [0; 8]), 4);
            assert!(poll_read(&ours, &waker, &mut [0; 8]).is_pending());
        }
    });
}

/// The descriptors of this process that `exec` would leave open.
#[cfg(target_os = "linux")]
fn left_open_by_exec() -> std::collections::BTreeSet<std::ffi::OsString> {
    let flags_of = |name: &std::ffi::OsStr| {
        let info =
            std::fs::read_to_string(std::path::Path::new("/proc/self/fdinfo").join(name)).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        u32::from_str_radix(flags.trim(), 8).ok()
    };
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    let cloexec = rustix::fs::OFlags::CLOEXEC.bits();
    names
        .filter(|name| flags_of(name).is_some_and(|flags| flags & cloexec == 0))
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn no_descriptor_survives_an_exec() {
    let before = left_open_by_exec();
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let _pair = pair();
        assert_eq!(left_open_by_exec().difference(&before).next(), None);
    });
}

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
mod on_linux {
    use super::*;

    /// Makes `epoll_pwait2` fail for this thread, as a kernel before 5.11 or a sandbox does. `false`: this system has no filters.
    fn refuse_epoll_pwait2(error: i32) -> bool {
        let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
        let jump = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let give = libc::BPF_RET | libc::BPF_K;
        let number = libc::SYS_epoll_pwait2 as u32;
        let refuse = libc::SECCOMP_RET_ERRNO | error as u32;
        // SAFETY: these two only make values.
        let mut filter = unsafe {
            [
                libc::BPF_STMT(
                    load as u16,
                    std::mem::offset_of!(libc::seccomp_data, nr) as u32,
                ),
                libc::BPF_JUMP(jump as u16, number, 0, 1),
                libc::BPF_STMT(give as u16, refuse),
                libc::BPF_STMT(give as u16, libc::SECCOMP_RET_ALLOW),
            ]
        };
        let program = libc::sock_fprog {
            len: filter.len() as u16,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: the program is alive during the call, which copies it; it concerns this thread only.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0
        }
    }

    #[test]
    fn without_epoll_pwait2_it_waits_by_epoll_wait() {
        for error in [libc::ENOSYS, libc::EPERM] {
            let outcome = thread::spawn(move || {
                if !refuse_epoll_pwait2(error) {
                    eprintln!("skipped: system calls cannot be filtered here");
                    return;
                }
                let reactor = reactor_on(Poller::new().unwrap());
                let _entered = reactor.enter();
                let (ours, mut theirs) = pair();
                let (task, waker) = Task::new(&reactor);
                assert!(poll_read(&ours, &waker, &mut [0; 8]).is_pending());
                assert!(!reactor.driver.get().unwrap().poller.is_coarse());
                turn(&reactor, NOW);
                assert!(reactor.driver.get().unwrap().poller.is_coarse());
                theirs.write_all(b"data").unwrap();
                turn(&reactor, None);
                assert_eq!(task.wakes(), 1);
            });
            outcome.join().unwrap();
        }
    }

    extern "C" fn on_signal(_: libc::c_int) {}

    #[test]
    fn a_signal_ends_the_wait() {
        // SAFETY: the handler does nothing, and nobody else in this process uses the signal.
        let former =
            unsafe { libc::signal(libc::SIGUSR2, on_signal as *const () as libc::sighandler_t) };
        assert_ne!(former, libc::SIG_ERR);
        each_kind(|reactor| {
            let is_done = AtomicBool::new(false);
            thread::scope(|scope| {
                // SAFETY: it only asks. A number, since with some C libraries it is a pointer, which would stay on its thread.
                let turner = unsafe { libc::pthread_self() } as usize;
                let is_done = &is_done;
                scope.spawn(move || {
                    // As often as need be: the first may come before the wait.
                    while !is_done.load(SeqCst) {
                        let turner = turner as libc::pthread_t;
                        // SAFETY: the thread waits for this one at the end of the scope.
                        let sent = unsafe { libc::pthread_kill(turner, libc::SIGUSR2) };
                        assert_eq!(sent, 0);
                        thread::yield_now();
                    }
                });
                assert_eq!(turn(reactor, None), 0);
                is_done.store(true, SeqCst);
            });
        });
    }
}
