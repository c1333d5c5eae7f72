//! The reactor on real descriptors, turned by hand in the test's own thread: on each kind of poller that this build has.

use super::poller::Poller;
use super::slot::{Slot, Wait};
use super::*;
use static_assertions::assert_impl_all;
use std::future::{Future, poll_fn};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use std::thread;

assert_impl_all!(Reactor: Send, Sync);
assert_impl_all!(Registered<UnixStream>: Send, Sync, Unpin);

const NOW: Option<Duration> = Some(Duration::ZERO);

/// A reactor of each kind, by name.
pub(crate) fn each_kind(test: impl Fn(&Arc<Reactor>)) {
    for (kind, poller) in pollers() {
        eprintln!("on the reactor of kind {kind}");
        test(&reactor_on(poller));
    }
}

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
fn pollers() -> [(&'static str, Poller); 2] {
    [
        ("epoll", Poller::new().unwrap()),
        ("epoll, to the millisecond", Poller::coarse().unwrap()),
    ]
}

#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
fn pollers() -> [(&'static str, Poller); 2] {
    [
        ("portable", Poller::new().unwrap()),
        ("portable, one-shot", Poller::one_shot().unwrap()),
    ]
}

/// A reactor whose poller is made already.
fn reactor_on(poller: Poller) -> Arc<Reactor> {
    let driver = Driver {
        poller,
        events: Mutex::new(Events::new()),
    };
    Arc::new(Reactor {
        driver: driver.into(),
        slab: Slab::new(),
        delivered: Count::default(),
        rouse: Box::new(|| ()),
    })
}

/// A task as its wakers see it. Waking it ends the reactor's wait, as the scheduler would.
pub(crate) struct Task {
    woken: AtomicUsize,
    reactor: Arc<Reactor>,
}

impl Task {
    pub(crate) fn new(reactor: &Arc<Reactor>) -> (Arc<Self>, Waker) {
        let task = Arc::new(Self {
            woken: AtomicUsize::new(0),
            reactor: reactor.clone(),
        });
        (task.clone(), Waker::from(task))
    }

    /// How often it was woken since the last call.
    pub(crate) fn wakes(&self) -> usize {
        self.woken.swap(0, SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, SeqCst);
        self.reactor.notify();
    }
}

/// Runs `future`, and turns the reactor whenever there is nothing else to do.
pub(crate) fn block_on<F: Future>(reactor: &Arc<Reactor>, future: F) -> F::Output {
    let _entered = reactor.enter();
    let (task, waker) = Task::new(reactor);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while task.wakes() == 0 {
            turn(reactor, None);
        }
    }
}

/// Turns the reactor once.
pub(crate) fn turn(reactor: &Reactor, timeout: Option<Duration>) -> usize {
    let mut turn = reactor.try_claim().expect("nobody else turns it");
    turn.wait(timeout).unwrap()
}

/// A pair of connected sockets: one registered, and its peer, which blocks.
fn pair() -> (Registered<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Registered::new(ours, Kind::Stream).unwrap(), theirs)
}

/// The same over TCP, which has urgent data.
fn tcp_pair() -> (Registered<std::net::TcpStream>, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Registered::new(ours, Kind::Stream).unwrap(), theirs)
}

fn poll_read(
    stream: &Registered<UnixStream>,
    waker: &Waker,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let len = buffer.len();
    let cx = &mut Context::from_waker(waker);
    stream.poll_stream_io(cx, Direction::Read, len, |mut stream| stream.read(buffer))
}

#[track_caller]
fn assert_ready<T: PartialEq + fmt::Debug>(polled: Poll<io::Result<T>>, expected: T) {
    assert!(
        matches!(&polled, Poll::Ready(Ok(value)) if *value == expected),
        "{polled:?}"
    );
}

#[test]
fn nothing_is_opened_before_something_is_registered() {
    let roused = Arc::new(AtomicUsize::new(0));
    let reactor = Reactor::new(Box::new({
        let roused = roused.clone();
        move || {
            roused.fetch_add(1, SeqCst);
        }
    }));
    reactor.notify();
    assert!(reactor.try_claim().is_none());
    assert_eq!(roused.load(SeqCst), 0);

    let _entered = reactor.enter();
    let _sockets = [pair(), pair()];
    assert!(reactor.try_claim().is_some());
    assert_eq!(roused.load(SeqCst), 1);
}

#[test]
fn only_one_turns() {
    each_kind(|reactor| {
        let turn = reactor.try_claim();
        assert!(turn.is_some());
        assert!(reactor.try_claim().is_none());
        drop(turn);
        assert!(reactor.try_claim().is_some());
    });
}

#[test]
fn without_a_reactor_it_says_what_to_do() {
    let panic = catch_unwind(|| pair().0).unwrap_err();
    let message = panic.downcast_ref::<String>().map_or("", String::as_str);
    let literal = panic.downcast_ref::<&str>().copied().unwrap_or(message);
    assert!(
        literal.starts_with("no heist runtime on this thread"),
        "{literal}"
    );
}

#[test]
fn the_former_reactor_comes_back() {
    let [outer, inner] = [(), ()].map(|()| Reactor::new(Box::new(|| ())));
    let _outer = outer.enter();
    {
        let _inner = inner.enter();
        assert!(Arc::ptr_eq(&Reactor::current(), &inner));
    }
    assert!(Arc::ptr_eq(&Reactor::current(), &outer));
}

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

/// A waker that panics, in any of its parts, and counts what is left of it.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_loses_nothing_for_the_others() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let panics = Waker::from(Arc::new(Panics));
        let (task, waker) = Task::new(reactor);
        let sockets = [pair(), pair()];
        let mut buffer = [0; 8];
        for ((ours, theirs), waker) in sockets.iter().zip([&panics, &waker]) {
            assert!(poll_read(ours, waker, &mut buffer).is_pending());
            let mut wait = Box::pin(ours.ready(Interest::READABLE));
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&panics))
                    .is_pending()
            );
            let mut theirs = theirs;
            theirs.write_all(b"data").unwrap();
            // Leaked while it waits: its memory stays, and it is woken like the others.
            std::mem::forget(wait);
        }
        while task.wakes() == 0 {
            turn(reactor, None);
        }
        for (ours, _) in &sockets {
            assert_ready(poll_read(ours, &waker, &mut buffer), 4);
        }
    });
}

/// What the code panics with.
#[track_caller]
fn panic_of(code: impl FnOnce()) -> &'static str {
    let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it should have panicked");
    panic.downcast_ref::<&str>().expect("a literal")
}

#[test]
fn a_clone_that_panics_leaves_who_waited() {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("a waker's clone"), |_| (), |_| (), |_| ());
    // SAFETY: its functions use no data.
    let panics = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        let (reader, read_waker) = Task::new(reactor);
        let (waiter, wait_waker) = Task::new(reactor);
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let mut wait = pin!(reactor.slab.slot(ours.slot).wait_for(Interest::READABLE));
        let mut poll = |waker: &Waker| wait.as_mut().poll(&mut Context::from_waker(waker));
        let mut buffer = [0; 8];
        // When nobody waits yet, and then beside the former.
        for _ in 0..2 {
            assert_eq!(panic_of(|| _ = poll(&panics)), "a waker's clone");
            let read = || _ = poll_read(&ours, &panics, &mut [0; 8]);
            assert_eq!(panic_of(read), "a waker's clone");
            assert!(poll(&wait_waker).is_pending());
            assert!(poll_read(&ours, &read_waker, &mut buffer).is_pending());
        }
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!((reader.wakes(), waiter.wakes()), (1, 1));
        assert!(poll(&panics).is_ready());
        assert_ready(poll_read(&ours, &panics, &mut buffer), 4);
    });
}

#[test]
fn a_drop_that_panics_leaves_the_slot_to_the_next() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a waker's drop");
        }
    }
    // The slot has the last of it.
    fn read_clumsily(ours: &Registered<UnixStream>) {
        let waker = Waker::from(Arc::new(Panics));
        assert!(poll_read(ours, &waker, &mut [0; 8]).is_pending());
    }
    fn wait(slot: &Slot, waker: Waker) -> Pin<Box<Wait<'_>>> {
        let mut wait = Box::pin(slot.wait_for(Interest::READABLE));
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        wait
    }
    fn wait_clumsily(slot: &Slot) -> Pin<Box<Wait<'_>>> {
        wait(slot, Waker::from(Arc::new(Panics)))
    }
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let mut buffer = [0; 8];

        // Replaced by another waker, which waits.
        let (ours, mut theirs) = pair();
        let slot = reactor.slab.slot(ours.slot);
        read_clumsily(&ours);
        let read = || _ = poll_read(&ours, &waker, &mut [0; 8]);
        assert_eq!(panic_of(read), "a waker's drop");
        let mut replaced = wait_clumsily(slot);
        let poll = || _ = replaced.as_mut().poll(cx);
        assert_eq!(panic_of(poll), "a waker's drop");
        // Dropped with its future, which leaves the list.
        let dropped = wait_clumsily(slot);
        assert_eq!(panic_of(|| drop(dropped)), "a waker's drop");
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 2);
        assert_ready(poll_read(&ours, &waker, &mut buffer), 4);

        // Woken, before others.
        read_clumsily(&ours);
        let waits = (wait_clumsily(slot), wait(slot, waker.clone()));
        theirs.write_all(b"more").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 1);
        assert_ready(poll_read(&ours, &waker, &mut buffer), 4);
        drop((waits, replaced));

        // Dropped with its socket, whose descriptor is closed, and whose slot is free.
        read_clumsily(&ours);
        let slot = ours.slot;
        assert_eq!(panic_of(|| drop(ours)), "a waker's drop");
        assert_eq!(theirs.read(&mut buffer).unwrap(), 0);
        let (next, mut theirs) = pair();
        assert_eq!(next.slot, slot);
        assert!(poll_read(&next, &waker, &mut buffer).is_pending());
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 1);
        assert_ready(poll_read(&next, &waker, &mut buffer), 4);
    });
}

#[test]
fn a_leaked_wait_does_not_outlive_the_registration() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = pair();
        let (task, waker) = Task::new(reactor);
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let mut wait = Box::pin(ours.ready(Interest::READABLE));
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        std::mem::forget(wait);
        assert_eq!(Arc::strong_count(&task), 3);
        drop(ours);
        assert_eq!(Arc::strong_count(&task), 2);

        let (ours, mut theirs) = pair();
        theirs.write_all(b"data").unwrap();
        assert!(poll_read(&ours, Waker::noop(), &mut [0; 8]).is_ready());
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);
    });
}

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
        let file = std::fs::File::open("Cargo.toml").unwrap();
        let error = Registered::new(OwnedFd::from(file), Kind::Stream).unwrap_err();
        assert_eq!(
            error.raw_os_error(),
            Some(rustix::io::Errno::PERM.raw_os_error())
        );
        let (ours, _theirs) = pair();
        assert_eq!(ours.slot, 0);
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
                // SAFETY: it only asks.
                let turner = unsafe { libc::pthread_self() };
                let is_done = &is_done;
                scope.spawn(move || {
                    // As often as need be: the first may come before the wait.
                    while !is_done.load(SeqCst) {
                        // SAFETY: the thread waits for this one at the end of the scope.
                        assert_eq!(unsafe { libc::pthread_kill(turner, libc::SIGUSR2) }, 0);
                        thread::yield_now();
                    }
                });
                assert_eq!(turn(reactor, None), 0);
                is_done.store(true, SeqCst);
            });
        });
    }
}
