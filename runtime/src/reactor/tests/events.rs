//! What comes from the kernel, and who is woken by it.

use super::*;

#[test]
fn data_wakes_who_waits_for_it() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        let (task, waker) = Task::new(reactor);
        let mut buffer = [0; 8];
        assert!(poll_read(&ours, &waker, &mut buffer).is_pending());
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);

        theirs.write_all(b"data").unwrap();
        assert!(turn(reactor, None) >= 1);
        assert_eq!(task.wakes(), 1);
        assert_ready(poll_read(&ours, &waker, &mut buffer), 4);
        assert!(poll_read(&ours, &waker, &mut buffer).is_pending());
    });
}

/// The end of a stream is reported once, together with the data before it. Both have come before the first turn.
#[test]
fn data_and_its_end_before_the_first_turn() {
    for has_turned in [false, true] {
        each_kind(|reactor| {
            let _entered = reactor.enter();
            let (ours, mut theirs) = pair();
            theirs.write_all(b"data").unwrap();
            drop(theirs);
            if has_turned {
                turn(reactor, NOW);
            }
            let read = block_on(reactor, async {
                let mut read = [usize::MAX; 3];
                for read in &mut read {
                    *read = poll_fn(|cx| poll_read(&ours, cx.waker(), &mut [0; 8]))
                        .await
                        .unwrap();
                }
                read
            });
            assert_eq!(read, [4, 0, 0]);
        });
    }
}

/// The same when the end comes between the event of the data and the read.
#[test]
fn the_end_between_event_and_read() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        theirs.write_all(b"data").unwrap();
        turn(reactor, NOW);
        drop(theirs);
        let mut buffer = [0; 8];
        let mut read = || {
            block_on(
                reactor,
                poll_fn(|cx| poll_read(&ours, cx.waker(), &mut buffer)),
            )
        };
        assert_eq!((read().unwrap(), read().unwrap()), (4, 0));
    });
}

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
#[test]
fn a_short_read_saves_the_one_that_would_block() {
    let reactor = Reactor::new(Box::new(|| ()));
    let _entered = reactor.enter();
    let (ours, mut theirs) = pair();
    theirs.write_all(b"data").unwrap();
    turn(&reactor, NOW);
    let mut attempts = 0;
    let mut read = || {
        let cx = &mut Context::from_waker(Waker::noop());
        ours.poll_stream_io(cx, Direction::Read, 8, |mut stream| {
            attempts += 1;
            stream.read(&mut [0; 8])
        })
    };
    assert_ready(read(), 4);
    assert!(read().is_pending());
    assert_eq!(attempts, 1);
}

/// A read stops short at the urgent byte, with data left behind it: that is no reason to wait for more.
#[test]
fn urgent_data_does_not_hide_what_follows() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, theirs) = tcp_pair();
        let socket = socket2::SockRef::from(&theirs);
        socket.send(b"before").unwrap();
        socket.send_out_of_band(b"!").unwrap();
        socket.send(b"after").unwrap();
        turn(reactor, NOW);
        let mut text = Vec::new();
        while text != b"beforeafter" {
            let mut buffer = [0; 64];
            let read = poll_fn(|cx| {
                ours.poll_stream_io(cx, Direction::Read, 64, |mut stream| {
                    stream.read(&mut buffer)
                })
            });
            let read = block_on(reactor, read).unwrap();
            text.extend_from_slice(&buffer[..read]);
        }
    });
}

/// Data that nobody reads wake nobody who waits for urgent data, let alone again and again.
#[test]
fn urgent_data_are_waited_for_beside_unread_ones() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, theirs) = tcp_pair();
        let socket = socket2::SockRef::from(&theirs);
        let (task, waker) = Task::new(reactor);
        let mut wait = pin!(ours.ready(Interest::PRIORITY));
        let mut poll = || wait.as_mut().poll(&mut Context::from_waker(&waker));
        socket.send(b"data").unwrap();
        assert!(poll().is_pending());
        turn(reactor, NOW);
        assert!(poll().is_pending());
        assert_eq!(turn(reactor, NOW), 0);
        assert_eq!(task.wakes(), 0);

        socket.send_out_of_band(b"!").unwrap();
        while task.wakes() == 0 {
            turn(reactor, None);
        }
        let polled = poll();
        assert!(
            matches!(&polled, Poll::Ready(Ok(ready)) if ready.is_priority()),
            "{polled:?}"
        );
    });
}

#[test]
fn an_error_wakes_who_waits_for_it() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, theirs) = pair();
        // What it leaves unread makes the peer's end an error.
        ours.get_ref().write_all(b"unread").unwrap();
        let (task, waker) = Task::new(reactor);
        let mut wait = pin!(ours.ready(Interest::ERROR));
        let mut poll = || wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);

        drop(theirs);
        assert!(turn(reactor, None) >= 1);
        assert_eq!(task.wakes(), 1);
        let polled = poll();
        assert!(
            matches!(&polled, Poll::Ready(Ok(ready)) if ready.is_error()),
            "{polled:?}"
        );
    });
}

/// The end of both ways ends a wait for urgent data; one for an error goes on, and hears no more of it.
#[test]
fn a_hang_up_is_no_error() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, theirs) = pair();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let mut urgent = pin!(ours.ready(Interest::PRIORITY));
        let mut error = pin!(ours.ready(Interest::ERROR));
        assert!(urgent.as_mut().poll(cx).is_pending());
        assert!(error.as_mut().poll(cx).is_pending());
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);

        drop(theirs);
        assert!(turn(reactor, None) >= 1);
        assert!(task.wakes() >= 1);
        let polled = urgent.as_mut().poll(cx);
        assert!(
            matches!(&polled, Poll::Ready(Ok(ready)) if ready.is_read_closed()),
            "{polled:?}"
        );
        for _ in 0..2 {
            assert!(error.as_mut().poll(cx).is_pending());
            assert_eq!(turn(reactor, NOW), 0);
        }
        assert_eq!(task.wakes(), 0);
    });
}

#[test]
fn an_error_of_the_operation_leaves_it_ready() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = pair();
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..2 {
            let no_descriptor = |_: &UnixStream| Err::<(), _>(io::Error::from_raw_os_error(24));
            let polled = ours.poll_io(cx, Direction::Read, no_descriptor);
            assert!(matches!(polled, Poll::Ready(Err(error)) if error.raw_os_error() == Some(24)));
        }
    });
}

#[test]
fn an_interrupted_operation_is_retried() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = pair();
        let mut attempts = 0;
        let polled = ours.poll_io(
            &mut Context::from_waker(Waker::noop()),
            Direction::Write,
            |_| {
                attempts += 1;
                if attempts < 3 {
                    Err(io::ErrorKind::Interrupted.into())
                } else {
                    Ok(attempts)
                }
            },
        );
        assert_ready(polled, 3);
    });
}

#[test]
fn a_full_socket_is_waited_for() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        let (task, waker) = Task::new(reactor);
        let chunk = [7; 1 << 16];
        let mut written = 0;
        let write = || {
            let cx = &mut Context::from_waker(&waker);
            ours.poll_stream_io(cx, Direction::Write, chunk.len(), |mut stream| {
                stream.write(&chunk)
            })
        };
        while let Poll::Ready(count) = write() {
            written += count.unwrap();
        }
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);
        theirs.read_exact(&mut vec![0; written]).unwrap();
        while task.wakes() == 0 {
            turn(reactor, None);
        }
        assert!(write().is_ready());
    });
}

#[test]
fn every_task_in_the_list_is_woken() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        // More than are woken at once.
        let tasks: Vec<_> = (0..100).map(|_| Task::new(reactor)).collect();
        let mut waits: Vec<_> = tasks
            .iter()
            .map(|_| Box::pin(ours.ready(Interest::READABLE)))
            .collect();
        for (wait, (_, waker)) in waits.iter_mut().zip(&tasks) {
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(waker))
                    .is_pending()
            );
        }
        // Those that no longer wait are not woken, wherever they stood.
        for gone in [99, 50, 0] {
            drop(waits.remove(gone));
        }
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        for (index, (task, _)) in tasks.iter().enumerate() {
            assert_eq!(
                task.wakes(),
                usize::from(![0, 50, 99].contains(&index)),
                "{index}"
            );
        }
        // The first takes the data: the others wait again, and nothing is lost.
        let mut first = waits.remove(0);
        let (_, waker) = &tasks[1];
        assert!(
            first
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_ready()
        );
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8]))
            .unwrap();
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0; 8]))
            .unwrap_err();
        assert!(
            waits[0]
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
        theirs.write_all(b"more").unwrap();
        turn(reactor, None);
        assert!(
            waits[0]
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_ready()
        );
    });
}

#[test]
fn a_task_that_is_woken_and_dropped_leaves_the_event_to_the_others() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let cx = &mut Context::from_waker(Waker::noop());
        let mut first = Box::pin(ours.ready(Interest::READABLE));
        let mut second = Box::pin(ours.ready(Interest::READABLE));
        assert!(first.as_mut().poll(cx).is_pending());
        assert!(second.as_mut().poll(cx).is_pending());
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        drop(first);
        assert!(second.as_mut().poll(cx).is_ready());
    });
}

#[test]
fn readers_and_writers_wait_apart() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        while ours
            .try_io(Interest::WRITABLE, |mut stream| stream.write(&[0; 4096]))
            .is_ok()
        {}
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let (reader, read_waker) = Task::new(reactor);
        let (writer, write_waker) = Task::new(reactor);
        let mut read = Box::pin(ours.ready(Interest::READABLE));
        let mut write = Box::pin(ours.ready(Interest::WRITABLE));
        let mut poll_read = || read.as_mut().poll(&mut Context::from_waker(&read_waker));
        let mut poll_write = || write.as_mut().poll(&mut Context::from_waker(&write_waker));
        assert!(poll_read().is_pending());
        assert!(poll_write().is_pending());

        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!(reader.wakes(), 1);
        // A one-shot event wakes both, so that both arm again.
        if writer.wakes() > 0 {
            assert!(poll_write().is_pending());
        }
        assert!(poll_read().is_ready());

        while reader.wakes() + writer.wakes() == 0 {
            theirs.read_exact(&mut [0; 4096]).unwrap();
            turn(reactor, NOW);
        }
        assert!(poll_write().is_ready());
    });
}
