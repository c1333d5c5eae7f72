//! The reactor on real descriptors, turned by hand in the test's own thread: on each kind of poller that this build has.

mod events;
mod lives;
mod wakers;

use super::poller::Poller;
use super::slot::{Slot, Wait};
use super::*;
use static_assertions::assert_impl_all;
use std::future::{Future, poll_fn};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};
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

/// A pair of connected sockets: one registered and watched, and its peer, which blocks.
fn pair() -> (Registered<UnixStream>, UnixStream) {
    let (ours, theirs) = fresh_pair();
    watch(&ours);
    (ours, theirs)
}

/// The same, of which the kernel knows nothing yet.
fn fresh_pair() -> (Registered<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Registered::new(ours, Kind::Stream).unwrap(), theirs)
}

fn watch(stream: &Registered<impl AsFd>) {
    let fd = stream.get_ref().as_fd();
    let watched = Reactor::current().watch(fd, stream.slot, Kind::Stream);
    watched.unwrap();
}

/// A watched pair over TCP, which has urgent data.
fn tcp_pair() -> (Registered<std::net::TcpStream>, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    let ours = Registered::new(ours, Kind::Stream).unwrap();
    watch(&ours);
    (ours, theirs)
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
fn nothing_is_opened_before_something_is_watched() {
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
    let _fresh = fresh_pair();
    assert!(reactor.try_claim().is_none());
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
