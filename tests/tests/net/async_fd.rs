//! Descriptors of users: pipes, counters, timers.

use crate::support::{once_waiting, until};
use futures_lite::future::{block_on, poll_once};
use heist::io::Interest;
use heist::io::unix::AsyncFd;
use heist_tests::{Shape, Tally, receive};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{ioctl_fionbio, read, write};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc};

const TASKS: usize = 16;

/// A counter of which each read takes one.
fn semaphore() -> AsyncFd<OwnedFd> {
    let flags = EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC | EventfdFlags::SEMAPHORE;
    AsyncFd::with_interest(eventfd(0, flags).unwrap(), Interest::READABLE).unwrap()
}

fn add(semaphore: &AsyncFd<OwnedFd>, count: u64) {
    write(semaphore, &count.to_ne_bytes()).unwrap();
}

/// Takes one, as soon as there is one.
async fn take(semaphore: &AsyncFd<OwnedFd>) -> io::Result<()> {
    loop {
        let mut guard = semaphore.readable().await?;
        if let Ok(taken) = guard.try_io(|fd| Ok(read(fd.get_ref(), &mut [0; 8])?)) {
            return taken.map(drop);
        }
    }
}

/// Two ends of a pipe, registered for what they can do.
fn pipe() -> (AsyncFd<PipeReader>, AsyncFd<PipeWriter>) {
    let (reader, writer) = io::pipe().unwrap();
    ioctl_fionbio(&reader, true).unwrap();
    ioctl_fionbio(&writer, true).unwrap();
    (
        AsyncFd::with_interest(reader, Interest::READABLE).unwrap(),
        AsyncFd::with_interest(writer, Interest::WRITABLE).unwrap(),
    )
}

/// Many times what a pipe holds, by guards on the one side and without on the other.
pub(crate) fn megabytes_through_a_pipe(shape: Shape) {
    const LENGTH: usize = 1 << 20;
    let data: Vec<u8> = (0..LENGTH).map(|place| (place % 251) as u8).collect();
    shape.block_on(async {
        let (reader, mut writer) = pipe();
        let expected = data.clone();
        let reading = heist::spawn(async move {
            let mut received = Vec::new();
            let mut buffer = vec![0; 5_000];
            loop {
                let mut guard = reader.readable().await.unwrap();
                match guard.try_io(|fd| fd.get_ref().read(&mut buffer)) {
                    Ok(Ok(0)) => break,
                    Ok(count) => received.extend_from_slice(&buffer[..count.unwrap()]),
                    Err(_would_block) => {}
                }
            }
            assert!(received == expected);
        });
        let mut rest = &data[..];
        while !rest.is_empty() {
            let written = writer.async_io_mut(Interest::WRITABLE, |writer| writer.write(rest));
            rest = &rest[written.await.unwrap()..];
        }
        drop(writer);
        reading.await.unwrap();
    });
}

pub(crate) fn each_of_many_takes_one(shape: Shape) {
    shape.block_on(async {
        let semaphore = Arc::new(semaphore());
        for round in 0..50 {
            let waiting = Tally::new();
            let wait = |_| {
                let (semaphore, waiting) = (semaphore.clone(), waiting.clone());
                heist::spawn(async move { once_waiting(take(&semaphore), || waiting.hit()).await })
            };
            let tasks: Vec<_> = (0..TASKS).map(wait).collect();
            until(|| waiting.count() == TASKS).await;
            // At once, or one by one.
            if round % 2 == 0 {
                add(&semaphore, TASKS as u64);
            } else {
                (0..TASKS).for_each(|_| add(&semaphore, 1));
            }
            for task in tasks {
                task.await.unwrap().unwrap();
            }
            assert!(poll_once(take(&semaphore)).await.is_none());
        }
    });
}

/// Who is aborted as it is woken leaves what there is to the others.
pub(crate) fn who_leaves_takes_nothing_along(shape: Shape) {
    shape.block_on(async {
        for _ in 0..50 {
            let semaphore = Arc::new(semaphore());
            let waiting = Tally::new();
            let taken = Tally::new();
            let wait = |_| {
                let (semaphore, waiting) = (semaphore.clone(), waiting.clone());
                let taken = taken.clone();
                heist::spawn(async move {
                    loop {
                        once_waiting(take(&semaphore), || waiting.hit())
                            .await
                            .unwrap();
                        taken.hit();
                    }
                })
            };
            let tasks: Vec<_> = (0..TASKS).map(wait).collect();
            until(|| waiting.count() >= TASKS).await;
            add(&semaphore, 10);
            tasks[1..].iter().for_each(heist::JoinHandle::abort);
            until(|| taken.count() == 10).await;
        }
    });
}

/// A guard that was held on to says nothing of what has come meanwhile.
pub(crate) fn a_guard_that_comes_too_late(shape: Shape) {
    shape.block_on(async {
        let semaphore = Arc::new(semaphore());
        for _ in 0..100 {
            add(&semaphore, 1);
            let mut guard = semaphore.readable().await.unwrap();
            take(&semaphore).await.unwrap();
            assert!(poll_once(take(&semaphore)).await.is_none());
            let waiting = Tally::new();
            let other = heist::spawn({
                let (semaphore, waiting) = (semaphore.clone(), waiting.clone());
                async move { once_waiting(take(&semaphore), || waiting.hit()).await }
            });
            until(|| waiting.count() == 1).await;
            add(&semaphore, 1);
            guard.clear_ready();
            other.await.unwrap().unwrap();
        }
    });
}

pub(crate) fn a_timer_of_the_kernel(shape: Shape) {
    shape.block_on(async {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).unwrap();
        let timer = AsyncFd::with_interest(timer, Interest::READABLE).unwrap();
        for _ in 0..10 {
            assert!(poll_once(timer.readable()).await.is_none());
            let soon = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec {
                    tv_sec: 0,
                    tv_nsec: 100_000,
                },
            };
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &soon).unwrap();
            let mut guard = timer.readable().await.unwrap();
            let mut expirations = [0; 8];
            assert_eq!(read(guard.get_inner(), &mut expirations).unwrap(), 8);
            assert_eq!(u64::from_ne_bytes(expirations), 1);
            // It has taken all that there was.
            guard.clear_ready();
        }
    });
}

/// One of a runtime, waited for in others, outlives it.
pub(crate) fn with_and_without_its_runtime(shape: Shape) {
    let home = shape.running();
    let elsewhere = Shape::Workers(2).running();
    let semaphore = Arc::new(home.block_on(async { semaphore() }));
    let (waits, waiting) = mpsc::channel();
    let wait = || {
        let (semaphore, waits) = (semaphore.clone(), waits.clone());
        let task = elsewhere
            .spawn(async move { once_waiting(take(&semaphore), || waits.send(()).unwrap()).await });
        receive(&waiting);
        task
    };
    for _ in 0..20 {
        let task = wait();
        add(&semaphore, 1);
        block_on(task).unwrap().unwrap();
    }
    let task = wait();
    let (runtime, driver) = home.take();
    drop((runtime, driver));
    for error in [
        block_on(task).unwrap().unwrap_err(),
        block_on(take(&semaphore)).unwrap_err(),
        semaphore
            .try_io(Interest::READABLE, |_| Ok(()))
            .unwrap_err(),
    ] {
        assert!(error.to_string().contains("has been shut down"), "{error}");
    }
    let semaphore = Arc::into_inner(semaphore).unwrap().into_inner();
    elsewhere.block_on(async {
        let semaphore = AsyncFd::with_interest(semaphore, Interest::READABLE).unwrap();
        add(&semaphore, 1);
        take(&semaphore).await.unwrap();
    });
}
