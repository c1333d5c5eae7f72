//! Models of the scheduler's parts: the next-slot, the injector, the sleep protocol, the watch, the standbys, the summons, the leases.

mod injector;
mod sleep;
mod standby;
mod watch;

use super::closing::Closing;
use super::idle::{Idle, Keeper};
use super::injector::{BATCH, Injector};
use super::lease::Leases;
use super::parker::{Parker, Unpark};
use super::queue::{CAPACITY, Local, Steal, Stealer};
use super::remotes::Remotes;
use super::reserve::Reserved;
use super::root::Look;
use super::shown::{Shown, Shows};
use super::slot::NextSlot;
use super::summons::Summons;
use crate::loom::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use crate::loom::cell::UnsafeCell;
use crate::loom::{Arc, hint, model, model_within, thread};
use crate::task::{self, Header, Id, IdBlock, Identity, JoinHandle, Schedule, Spawn, Task};
use crate::time::Coarse;
use crate::time::{Clock, Timers, sleep_until};
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// A task that is never woken.
struct Nowhere;

impl Schedule for Nowhere {
    unsafe fn schedule(_: NonNull<Self>, _: Task) {}
    fn release(&self, _: &Header) {}
}

/// A task to be moved about, its id, and its handle, which must outlive the test of who got it.
fn marked() -> (Task, Id, JoinHandle<()>) {
    thread_local!(static IDS: IdBlock = const { IdBlock::new() });
    let id = IDS.with(IdBlock::take);
    let (task, handle) = task::new(
        std::future::ready(()),
        Nowhere,
        id,
        Spawn::at(Location::caller()),
        Coarse::now(),
    );
    (task, id, handle)
}

/// Runs a task, and says that it was this thread which got it.
fn count(task: Option<Task>) -> usize {
    task.map_or(0, |task| {
        assert!(task.run().is_none());
        1
    })
}

/// Runs all that one visit to the injector brings.
fn visit(injector: &Injector, queue: &Local) -> usize {
    let first = injector.pop(0, usize::MAX, queue);
    count(first)
        + std::iter::from_fn(|| queue.pop())
            .map(|task| count(Some(task)))
            .sum::<usize>()
}

/// The owner puts in and takes out, while a thief takes. The tasks are made after the thief: only the slot can make them visible to it.
#[test]
fn slot_against_thief() {
    model(|| {
        let slot = Arc::new(NextSlot::new());
        let thief = {
            let slot = slot.clone();
            thread::spawn(move || count(slot.take()))
        };
        let (first, _, first_handle) = marked();
        let (second, _, second_handle) = marked();
        let mut got = count(slot.put(first));
        got += count(slot.put(second));
        got += count(slot.take());
        got += thief.join().expect("the thief panicked");
        assert_eq!(got, 2, "each task comes out once");
        assert!(first_handle.is_finished() && second_handle.is_finished());
    });
}

/// Who watches a worker while it goes from one poll to the next takes neither's place for the other's.
#[test]
fn shown_poll_is_one_of_them() {
    #[track_caller]
    fn here(name: Option<&str>) -> (Task, JoinHandle<()>) {
        thread_local!(static IDS: IdBlock = const { IdBlock::new() });
        let place = Location::caller();
        task::new(
            std::future::ready(()),
            Nowhere,
            IDS.with(IdBlock::take),
            Spawn { place, name },
            Coarse::now(),
        )
    }
    type Known = (Id, &'static Location<'static>, Option<String>);
    fn known(task: &Identity) -> Known {
        let name = task.name.as_ref().map(|name| name.to_string());
        (task.id, task.spawned_at, name)
    }
    model(|| {
        let (first, _first) = here(None);
        let (second, _second) = here(Some("second"));
        let places = [&first, &second].map(|task| known(&task.header().identity()));
        let shown = Arc::new(Shown::new());
        let shows = Shows::new();
        shown.poll(&shows, &first);
        let watcher = {
            let shown = shown.clone();
            thread::spawn(move || {
                let polled = shown.polled(shown.tick());
                assert!(
                    polled.is_none_or(|polled| places.contains(&known(&polled))),
                    "one's poll with the other's place or name"
                );
            })
        };
        shown.poll(&shows, &second);
        shown.poll(&shows, &first);
        shown.poll(&shows, &second);
        watcher.join().expect("the watcher panicked");
        assert_eq!(count(Some(first)) + count(Some(second)), 2);
    });
}

/// Of two calls the first publishes something: who answers the second has it seen, or is asked again.
#[test]
fn summons_publish() {
    model(|| {
        let summons = Arc::new(Summons::new());
        let published = Arc::new(AtomicBool::new(false));
        let publisher = {
            let (summons, published) = (summons.clone(), published.clone());
            thread::spawn(move || {
                published.store(true, Relaxed);
                summons.call();
            })
        };
        let other = {
            let summons = summons.clone();
            thread::spawn(move || summons.call())
        };
        let mut seen = summons.answer() && published.load(Relaxed);
        publisher.join().expect("the publisher panicked");
        other.join().expect("the other caller panicked");
        // What a join makes visible is no help to the worker: only an answer makes it look.
        seen |= summons.answer() && published.load(Relaxed);
        assert!(seen, "what the first caller published was missed");
    });
}

/// The runtime shuts down while the worker answers another's summons: it finds it closed, or is summoned still.
#[test]
fn close_against_look() {
    model(|| {
        let shared = Arc::new((Summons::new(), Closing::new()));
        let closer = {
            let shared = shared.clone();
            thread::spawn(move || {
                let (summons, closing) = &*shared;
                closing.close();
                summons.call();
            })
        };
        let (summons, closing) = &*shared;
        let look = Look::new(summons, closing, || true);
        closer.join().expect("who closes panicked");
        let goes_on = look == Look::Closed || summons.is_standing();
        assert!(goes_on, "it would sleep for ever");
    });
}

/// What leases are taken of: loom checks that each use of it comes before its destructor, and that there is one.
struct Leased {
    leases: Leases,
    used: UnsafeCell<()>,
}

// SAFETY: the cell is written by the destructor alone.
unsafe impl Sync for Leased {}

impl Drop for Leased {
    fn drop(&mut self) {
        self.used.with_mut(|_| ());
    }
}

/// A lease that outlived its taker, another that is taken and returned, and the last of the `Arc`s, all going at once.
#[test]
fn leases_against_the_last_arc() {
    fn take(leased: &Arc<Leased>) -> Pointer {
        if leased.leases.take(1) {
            std::mem::forget(leased.clone());
        }
        Pointer(Arc::as_ptr(leased))
    }

    /// Uses it, and returns the lease.
    fn give_back(Pointer(leased): Pointer) {
        // SAFETY: by the lease.
        let last = unsafe {
            (*leased).used.with(|_| ());
            (*leased).leases.give_back(1)
        };
        if last {
            // SAFETY: the strong count that `take` forgot.
            drop(unsafe { Arc::from_raw(leased) });
        }
    }

    struct Pointer(*const Leased);
    // SAFETY: it counts for a `Leased`, which may go to any thread.
    unsafe impl Send for Pointer {}

    model(|| {
        let leased = Arc::new(Leased {
            leases: Leases::new(),
            used: UnsafeCell::new(()),
        });
        let lease = take(&leased);
        let task = thread::spawn(move || give_back(lease));
        let worker = {
            let leased = leased.clone();
            thread::spawn(move || {
                let lease = take(&leased);
                drop(leased);
                give_back(lease);
            })
        };
        drop(leased);
        task.join().expect("the task panicked");
        worker.join().expect("the worker panicked");
    });
}
