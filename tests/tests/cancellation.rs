//! Every public future, dropped after each of its polls: nothing is lost by it, and nothing is left.
//!
//! A case makes a future and hands it to [`Probe::drop_after`], which cuts it short; the case itself asserts that nothing is lost (an item, a permit, a byte).
//! [`every_poll`] runs it for each number of polls, and asserts each time that nothing is left.

use heist::io::{AsyncReadExt, AsyncWriteExt, Interest};
use heist::net::{TcpListener, TcpStream};
use heist::runtime::Builder;
use heist::sync::{Notify, oneshot};
use heist::task::{coop, yield_now};
use heist::time::{self, Duration, Instant, sleep, sleep_until, timeout, timeout_at};
use heist::traits::hyper::Timer;
use heist::{gather, join, spawn, spawn_blocking, try_gather, try_join};
use heist_tests::{Probe, Token, every_poll, until};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::Timer as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use socket2::SockRef;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;

/// Far off: nothing waits for it.
const HOUR: Duration = Duration::from_secs(3_600);
/// Soon.
const MOMENT: Duration = Duration::from_micros(200);

/// Makes a test of each case on each shape of runtime.
macro_rules! cases {
    ($($case:ident)+) => {
        mod current_thread {
            $(
                #[test]
                fn $case() {
                    super::every_poll(&mut super::Builder::new_current_thread(), super::$case);
                }
            )+
        }

        mod two_workers {
            $(
                #[test]
                fn $case() {
                    super::every_poll(
                        super::Builder::new_multi_thread().worker_threads(2),
                        super::$case,
                    );
                }
            )+
        }
    };
}

cases! {
    join_handle join_handle_by_reference aborted_join_handle
    blocking_join_handle blocking_join_handle_by_reference
    pool_handle pool_handle_by_reference
    yielding consuming_budget unconstrained
    sleeping sleeping_until sleeping_by_reference sleeping_after_a_reset
    timeout_of_what_never_ends timeout_of_what_ends timeout_of_a_reference ticking
    hypers_timer
    oneshot_receiver oneshot_receiver_by_reference oneshot_closed
    notified notified_by_last notified_by_all notified_enabled notified_hands_on
    gathering gathering_many trying_to_gather joining trying_to_join
    accepting polling_accept connecting connecting_by_name connecting_in_vain
    reading reading_several_buffers peeking waiting_to_read waiting_to_write being_ready asynchronous_io
    writing writing_several_buffers writing_all copying looking_up binding
    serving_http
}

// Tasks.

/// A task that takes a few polls.
async fn work(token: Token) -> Token {
    for _ in 0..3 {
        yield_now().await;
    }
    sleep(MOMENT).await;
    token
}

async fn join_handle(probe: Probe) {
    let done = Arc::new(AtomicBool::new(false));
    let task = spawn({
        let (done, token) = (done.clone(), probe.token());
        async move {
            let token = work(token).await;
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(task).await {
        outcome.expect("it ends");
    }
    // A task goes on without its handle.
    until("the task was lost", || done.load(SeqCst)).await;
}

async fn join_handle_by_reference(probe: Probe) {
    let mut task = spawn(work(probe.token()));
    let outcome = match probe.drop_after(&mut task).await {
        Some(outcome) => outcome,
        None => task.await,
    };
    outcome.expect("it ends");
}

async fn aborted_join_handle(probe: Probe) {
    let task = spawn({
        let token = probe.token();
        async move {
            pending::<()>().await;
            drop(token);
        }
    });
    task.abort();
    if let Some(outcome) = probe.drop_after(task).await {
        assert!(outcome.expect_err("it never ends").is_cancelled());
    }
}

/// A blocking job that takes as long as a task beside it.
fn job(token: Token) -> impl FnOnce() -> Token + Send {
    let (finish, finished) = oneshot::channel();
    let task = spawn(async move {
        sleep(MOMENT).await;
        finish.send(()).expect("it waits");
    });
    move || {
        finished.blocking_recv().expect("it is told");
        drop(task);
        token
    }
}

async fn blocking_join_handle(probe: Probe) {
    let done = Arc::new(AtomicBool::new(false));
    let job = spawn_blocking({
        let (done, job) = (done.clone(), job(probe.token()));
        move || {
            let token = job();
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(job).await {
        outcome.expect("it ends");
    }
    until("the job was lost", || done.load(SeqCst)).await;
}

async fn blocking_join_handle_by_reference(probe: Probe) {
    let mut job = spawn_blocking(job(probe.token()));
    let outcome = match probe.drop_after(&mut job).await {
        Some(outcome) => outcome,
        None => job.await,
    };
    outcome.expect("it ends");
}

async fn pool_handle(probe: Probe) {
    let pool = heist::blocking::Pool::new();
    let done = Arc::new(AtomicBool::new(false));
    let job = pool.spawn({
        let (done, job) = (done.clone(), job(probe.token()));
        move || {
            let token = job();
            done.store(true, SeqCst);
            token
        }
    });
    if let Some(outcome) = probe.drop_after(job).await {
        outcome.expect("it ends");
    }
    until("the job was lost", || done.load(SeqCst)).await;
    // Without waiting: a task must not.
    pool.shutdown(Some(Duration::ZERO));
}

async fn pool_handle_by_reference(probe: Probe) {
    let pool = heist::blocking::Pool::new();
    let mut job = pool.spawn(job(probe.token()));
    let outcome = match probe.drop_after(&mut job).await {
        Some(outcome) => outcome,
        None => job.await,
    };
    outcome.expect("it ends");
    pool.shutdown(Some(Duration::ZERO));
}

async fn yielding(probe: Probe) {
    probe.drop_after(yield_now()).await;
}

async fn consuming_budget(probe: Probe) {
    // Several budgets' worth.
    let work = async {
        for _ in 0..500 {
            coop::consume_budget().await;
        }
    };
    probe.drop_after(work).await;
}

async fn unconstrained(probe: Probe) {
    let work = async {
        for _ in 0..500 {
            coop::consume_budget().await;
        }
        yield_now().await;
        sleep(MOMENT).await;
    };
    probe.drop_after(coop::unconstrained(work)).await;
}

// Time.

async fn sleeping(probe: Probe) {
    let begun = Instant::now();
    if probe.drop_after(sleep(MOMENT)).await.is_some() {
        assert!(begun.elapsed() >= MOMENT);
    }
    // It leaves the wheel at once, and is no longer known there.
    probe.assert_no_waker().await;
}

async fn sleeping_until(probe: Probe) {
    let deadline = Instant::now() + MOMENT;
    if probe.drop_after(sleep_until(deadline)).await.is_some() {
        assert!(Instant::now() >= deadline);
    }
    // One that has passed.
    probe.drop_after(sleep_until(deadline - MOMENT)).await;
    probe.assert_no_waker().await;
}

async fn sleeping_by_reference(probe: Probe) {
    let mut sleeper = Box::pin(sleep(MOMENT));
    if probe.drop_after(sleeper.as_mut()).await.is_none() {
        sleeper.as_mut().await;
    }
    assert!(sleeper.is_elapsed());
}

async fn sleeping_after_a_reset(probe: Probe) {
    let mut sleeper = Box::pin(sleep(HOUR));
    let work = async {
        // Armed, then moved.
        let armed = poll_fn(|context| Poll::Ready(sleeper.as_mut().poll(context).is_pending()));
        assert!(armed.await);
        sleeper.as_mut().reset(Instant::now() + MOMENT);
        sleeper.as_mut().await;
    };
    probe.drop_after(work).await;
    drop(sleeper);
    probe.assert_no_waker().await;
}

async fn timeout_of_what_never_ends(probe: Probe) {
    let token = probe.token();
    let work = async {
        pending::<()>().await;
        drop(token);
    };
    if let Some(outcome) = probe.drop_after(timeout(MOMENT, work)).await {
        outcome.expect_err("it never ends");
    }
    probe.assert_no_waker().await;
}

async fn timeout_of_what_ends(probe: Probe) {
    let deadline = Instant::now() + HOUR;
    let outcome = probe
        .drop_after(timeout_at(deadline, work(probe.token())))
        .await;
    if let Some(outcome) = outcome {
        outcome.expect("an hour is enough");
    }
    probe.assert_no_waker().await;
}

/// What is passed by reference survives its time limit.
async fn timeout_of_a_reference(probe: Probe) {
    let (sender, mut receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        sleep(MOMENT).await;
        sender.send(token).expect("it is still wanted");
    });
    let limited = timeout(MOMENT / 2, &mut receiver);
    match probe.drop_after(limited).await {
        Some(Ok(received)) => drop(received.expect("it was sent")),
        Some(Err(_)) | None => drop(receiver.await.expect("it is sent")),
    }
    peer.await.expect("it sends");
}

async fn ticking(probe: Probe) {
    let start = Instant::now() + MOMENT;
    let mut interval = time::interval_at(start, MOMENT);
    let mut due = start;
    for _ in 0..3 {
        if let Some(tick) = probe.drop_after(interval.tick()).await {
            assert_eq!(tick, due);
            due += MOMENT;
        }
    }
    assert_eq!(interval.tick().await, due, "a tick was lost");
}

/// What hyper gets, which it moves while it is armed.
async fn hypers_timer(probe: Probe) {
    let timer = Timer::new();
    let mut sleeper = timer.sleep(HOUR);
    let work = async {
        let armed = poll_fn(|context| Poll::Ready(sleeper.as_mut().poll(context).is_pending()));
        assert!(armed.await);
        timer.reset(&mut sleeper, timer.now() + MOMENT);
        sleeper.as_mut().await;
    };
    probe.drop_after(work).await;
    drop(sleeper);
    probe.assert_no_waker().await;
    probe.drop_after(timer.sleep(MOMENT)).await;
    probe.assert_no_waker().await;
}

// Synchronisation.

async fn oneshot_receiver(probe: Probe) {
    let (sender, receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).is_ok()
    });
    let received = probe.drop_after(receiver).await;
    let sent = peer.await.expect("it ends");
    // If it was cut short, the value came back or was dropped with the receiver: the tokens tell.
    if let Some(received) = received {
        assert!(received.is_ok() && sent);
    }
}

async fn oneshot_receiver_by_reference(probe: Probe) {
    let (sender, mut receiver) = oneshot::channel();
    let token = probe.token();
    let peer = spawn(async move {
        yield_now().await;
        sender.send(token).expect("it is still wanted");
    });
    let received = match probe.drop_after(&mut receiver).await {
        Some(received) => received,
        None => receiver.await,
    };
    received.expect("it was sent");
    peer.await.expect("it sends");
}

async fn oneshot_closed(probe: Probe) {
    let (mut sender, mut receiver) = oneshot::channel();
    let peer = spawn(async move {
        yield_now().await;
        receiver.close();
        yield_now().await;
        receiver.try_recv().is_ok()
    });
    let closed = probe.drop_after(sender.closed()).await.is_some();
    let sent = sender.send(probe.token()).is_ok();
    assert!(!(closed && sent));
    let received = peer.await.expect("it ends");
    assert_eq!(sent, received, "a value was lost");
}

/// Whether a permit is there, which is then taken.
fn take_permit(notify: &Notify) -> bool {
    pin!(notify.notified()).enable()
}

async fn notified(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_one();
        }
    });
    let notified = probe.drop_after(notify.notified()).await.is_some();
    probe.assert_no_waker().await;
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_by_last(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_last();
        }
    });
    let notified = probe.drop_after(notify.notified()).await.is_some();
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_by_all(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let peer = spawn({
        let notify = notify.clone();
        async move {
            yield_now().await;
            notify.notify_waiters();
        }
    });
    probe.drop_after(notify.notified()).await;
    probe.assert_no_waker().await;
    peer.await.expect("it notifies");
    // That is for those who wait, and leaves no permit.
    assert!(!take_permit(&notify));
}

async fn notified_enabled(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let mut waiter = Box::pin(notify.notified());
    assert!(!waiter.as_mut().enable());
    let peer = spawn({
        let notify = notify.clone();
        async move { notify.notify_one() }
    });
    let notified = probe.drop_after(waiter).await.is_some();
    peer.await.expect("it notifies");
    assert_eq!(take_permit(&notify), !notified);
}

async fn notified_hands_on(probe: Probe) {
    let notify = Arc::new(Notify::new());
    let mut first = Box::pin(notify.notified());
    first.as_mut().enable();
    // The next one in the line.
    let (enabled, waits) = oneshot::channel();
    let next = spawn({
        let (notify, token) = (notify.clone(), probe.token());
        async move {
            let mut notified = pin!(notify.notified());
            notified.as_mut().enable();
            enabled.send(()).expect("it waits");
            notified.await;
            drop(token);
        }
    });
    waits.await.expect("it is enabled");
    let peer = spawn({
        let notify = notify.clone();
        async move { notify.notify_one() }
    });
    let notified = probe.drop_after(first).await.is_some();
    peer.await.expect("it notifies");
    if notified {
        yield_now().await;
        assert!(!next.is_finished(), "one permit was given to two");
        notify.notify_one();
    }
    next.await.expect("the permit is handed on");
    assert!(!take_permit(&notify));
}

// Several in one.

async fn gathering(probe: Probe) {
    let parts = (0..3).map(|_| work(probe.token()));
    if let Some(outputs) = probe.drop_after(gather(parts)).await {
        assert_eq!(outputs.len(), 3);
    }
    probe.assert_no_waker().await;
}

/// So many that each has a waker of its own.
async fn gathering_many(probe: Probe) {
    let parts = (0..40).map(|number| {
        let token = probe.token();
        async move {
            if number % 10 == 0 {
                sleep(number * MOMENT / 10).await;
            }
            drop(token);
            number
        }
    });
    if let Some(outputs) = probe.drop_after(gather(parts)).await {
        assert!(outputs.into_iter().eq(0..40));
    }
}

async fn trying_to_gather(probe: Probe) {
    let parts = (0..3).map(|number| {
        let token = probe.token();
        async move {
            drop(work(token).await);
            if number == 1 { Err(number) } else { Ok(()) }
        }
    });
    if let Some(outcome) = probe.drop_after(try_gather(parts)).await {
        assert_eq!(outcome, Err(1));
    }
    probe.assert_no_waker().await;
}

async fn joining(probe: Probe) {
    let token = probe.token();
    let both = async { join!(work(token.clone()), sleep(MOMENT), yield_now()) };
    probe.drop_after(both).await;
    probe.assert_no_waker().await;
}

async fn trying_to_join(probe: Probe) {
    let token = probe.token();
    let fails = async {
        yield_now().await;
        Err::<(), _>("it fails")
    };
    let goes_on = async {
        work(token.clone()).await;
        pending::<()>().await;
        Ok(())
    };
    let both = async { try_join!(goes_on, fails) };
    if let Some(outcome) = probe.drop_after(both).await {
        assert_eq!(outcome, Err("it fails"));
    }
    probe.assert_no_waker().await;
}

// Sockets.

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("it listens");
    let address = listener.local_addr().expect("it has an address");
    (listener, address)
}

/// A connection, whose buffers are small, so that a write soon waits.
async fn connection() -> (TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    SockRef::from(&listener)
        .set_recv_buffer_size(4_096)
        .expect("it is set");
    let client = TcpStream::connect(address).await.expect("it connects");
    SockRef::from(&client)
        .set_send_buffer_size(4_096)
        .expect("it is set");
    let (server, _) = listener.accept().await.expect("it accepts");
    (client, server)
}

/// What is sent, so that a byte that is lost or doubled shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

/// All that comes until the end of the stream, with a pause now and then.
async fn read_slowly(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 8_192];
    loop {
        match stream.read(&mut buffer).await.expect("it reads") {
            0 => return all,
            read => all.extend_from_slice(&buffer[..read]),
        }
        yield_now().await;
    }
}

async fn accepting(probe: Probe) {
    let (listener, address) = listener().await;
    let peer = spawn(TcpStream::connect(address));
    let accepted = match probe.drop_after(listener.accept()).await {
        Some(accepted) => accepted,
        None => {
            probe.assert_no_waker().await;
            listener.accept().await
        }
    };
    let (_stream, from) = accepted.expect("it accepts");
    let client = peer.await.expect("it ends").expect("it connects");
    assert_eq!(from, client.local_addr().expect("it has an address"));
}

async fn polling_accept(probe: Probe) {
    let (listener, address) = listener().await;
    let peer = spawn(TcpStream::connect(address));
    let poll = poll_fn(|context| listener.poll_accept(context));
    let accepted = match probe.drop_after(poll).await {
        Some(accepted) => accepted,
        None => listener.accept().await,
    };
    let (_stream, from) = accepted.expect("it accepts");
    let client = peer.await.expect("it ends").expect("it connects");
    assert_eq!(from, client.local_addr().expect("it has an address"));
}

async fn connecting(probe: Probe) {
    let (listener, address) = listener().await;
    if let Some(stream) = probe.drop_after(TcpStream::connect(address)).await {
        let stream = stream.expect("it connects");
        let (_, from) = listener.accept().await.expect("it accepts");
        assert_eq!(from, stream.local_addr().expect("it has an address"));
    }
    probe.assert_no_waker().await;
}

async fn connecting_by_name(probe: Probe) {
    let (_listener, address) = listener().await;
    let connect = TcpStream::connect(("localhost", address.port()));
    if let Some(stream) = probe.drop_after(connect).await {
        stream.expect("it connects");
    }
}

async fn connecting_in_vain(probe: Probe) {
    let (listener, address) = listener().await;
    drop(listener);
    if let Some(stream) = probe.drop_after(TcpStream::connect(address)).await {
        let error = stream.expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    probe.assert_no_waker().await;
}

/// Sends sixteen bytes, one at a time, and ends.
async fn send_slowly(mut stream: TcpStream) {
    for byte in 0..16 {
        stream.write_all(&[byte]).await.expect("it writes");
        yield_now().await;
    }
}

async fn reading(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    let mut buffer = [0; 3];
    loop {
        let read = match probe.drop_after(server.read(&mut buffer)).await {
            Some(read) => read,
            None => server.read(&mut buffer).await,
        };
        match read.expect("it reads") {
            0 => break,
            read => all.extend_from_slice(&buffer[..read]),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn reading_several_buffers(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let (mut first, mut rest) = ([0; 1], [0; 2]);
        let mut read = async || {
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut rest)];
            server.read_vectored(&mut buffers).await
        };
        let read = match probe.drop_after(read()).await {
            Some(read) => read,
            None => read().await,
        };
        match read.expect("it reads") {
            0 => break,
            read => all.extend(first.into_iter().chain(rest).take(read)),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn peeking(probe: Probe) {
    let (client, mut server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut peeked = [0; 3];
        let ahead = probe.drop_after(server.peek(&mut peeked)).await;
        probe.assert_no_waker().await;
        let mut buffer = [0; 3];
        let read = server.read(&mut buffer).await.expect("it reads");
        if let Some(ahead) = ahead {
            let ahead = ahead.expect("it peeks");
            assert!(ahead <= read);
            assert_eq!(peeked[..ahead], buffer[..ahead]);
        }
        if read == 0 {
            break;
        }
        all.extend_from_slice(&buffer[..read]);
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn waiting_to_read(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 3];
        match server.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // There are two ways to say it.
                let wait = async || match all.len() % 2 {
                    0 => server.readable().await,
                    _ => server.ready(Interest::READABLE).await.map(drop),
                };
                let ready = probe.drop_after(wait()).await;
                probe.assert_no_waker().await;
                let ready = match ready {
                    Some(ready) => ready,
                    None => wait().await,
                };
                ready.expect("it waits");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

async fn being_ready(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let mut all = Vec::new();
    loop {
        let mut buffer = [0; 3];
        match server.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let ready = || server.ready(Interest::READABLE | Interest::PRIORITY);
                let is_ready = probe.drop_after(ready()).await;
                probe.assert_no_waker().await;
                let is_ready = match is_ready {
                    Some(is_ready) => is_ready,
                    None => ready().await,
                };
                assert!(is_ready.expect("it waits").is_readable());
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(all.into_iter().eq(0..16));
    peer.await.expect("it ends");
}

/// Many times what a connection takes in before somebody reads.
const MUCH: usize = 128 * 1_024;

async fn waiting_to_write(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        match client.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let ready = probe.drop_after(client.writable()).await;
                probe.assert_no_waker().await;
                let ready = match ready {
                    Some(ready) => ready,
                    None => client.writable().await,
                };
                ready.expect("it waits");
            }
            Err(error) => panic!("{error}"),
        }
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn asynchronous_io(probe: Probe) {
    let (client, server) = connection().await;
    let peer = spawn(send_slowly(client));
    let receive = async || {
        let mut byte = [std::mem::MaybeUninit::new(0)];
        let receive = || SockRef::from(&server).recv(&mut byte);
        let received = server.async_io(Interest::READABLE, receive).await?;
        Ok::<_, std::io::Error>(received)
    };
    let mut received = 0;
    loop {
        let one = match probe.drop_after(receive()).await {
            Some(one) => one,
            None => receive().await,
        };
        match one.expect("it receives") {
            0 => break,
            one => received += one,
        }
    }
    assert_eq!(received, 16);
    peer.await.expect("it ends");
}

async fn writing(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let written = match probe.drop_after(client.write(rest)).await {
            Some(written) => written,
            None => client.write(rest).await,
        };
        rest = &rest[written.expect("it writes")..];
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn writing_several_buffers(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let buffers: Vec<_> = rest.chunks(5_000).map(IoSlice::new).collect();
        let written = match probe.drop_after(client.write_vectored(&buffers)).await {
            Some(written) => written,
            None => client.write_vectored(&buffers).await,
        };
        rest = &rest[written.expect("it writes")..];
    }
    drop(client);
    assert!(peer.await.expect("it ends") == all);
}

async fn writing_all(probe: Probe) {
    let (mut client, server) = connection().await;
    let peer = spawn(read_slowly(server));
    let all = pattern(MUCH);
    let written = probe.drop_after(client.write_all(&all)).await;
    client.close().await.expect("it closes");
    let read = peer.await.expect("it ends");
    assert!(all.starts_with(&read), "not what was sent");
    if let Some(written) = written {
        written.expect("it writes");
        assert_eq!(read.len(), all.len());
    }
}

async fn copying(probe: Probe) {
    let (mut source, from) = connection().await;
    let (to, sink) = connection().await;
    let all = pattern(MUCH);
    let writer = spawn({
        let all = all.clone();
        async move {
            // It may be cut off.
            let _ = source.write_all(&all).await;
        }
    });
    let reader = spawn(read_slowly(sink));
    let copied = probe.drop_after(heist::io::copy(&from, &to)).await;
    drop((from, to));
    let read = reader.await.expect("it ends");
    writer.await.expect("it ends");
    assert!(all.starts_with(&read), "not what was sent");
    if let Some(copied) = copied {
        assert_eq!(copied.expect("it copies"), all.len() as u64);
        assert_eq!(read.len(), all.len());
    }
}

async fn looking_up(probe: Probe) {
    let found = probe.drop_after(heist::net::lookup_host("localhost:80"));
    if let Some(found) = found.await {
        let mut found = found.expect("it is known");
        assert!(found.all(|address| address.ip().is_loopback()));
    }
}

async fn binding(probe: Probe) {
    if let Some(listener) = probe.drop_after(TcpListener::bind("localhost:0")).await {
        listener.expect("it listens");
    }
}

async fn serving_http(probe: Probe) {
    let (listener, address) = listener().await;
    let client = spawn(async move {
        let mut stream = TcpStream::connect(address).await.expect("it connects");
        let request = b"GET / HTTP/1.1\r\nhost: heist\r\nconnection: close\r\n\r\n";
        // It may be cut off, by a reset if the server had not read it all.
        let mut answer = Vec::new();
        if stream.write_all(request).await.is_ok() {
            let _ = stream.read_to_end(&mut answer).await;
        }
        answer
    });
    let (stream, _) = listener.accept().await.expect("it accepts");
    let token = probe.token();
    let answer = service_fn(move |_: Request<Incoming>| {
        let token = token.clone();
        async move {
            drop(work(token).await);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
        }
    });
    let served = probe
        .drop_after(http1::Builder::new().serve_connection(stream, answer))
        .await;
    let answer = client.await.expect("it ends");
    if let Some(served) = served {
        served.expect("it serves");
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(answer.ends_with(b"\r\n\r\nhello"));
    }
}
