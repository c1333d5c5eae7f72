//! The injector: tasks from threads that are not workers, and what doesn't fit a worker's queue.
//!
//! Comes in: a task, at a shard that the thread sticks to, so that many outside threads seldom meet. Goes out: a batch, to the queue of a worker. Each
//! shard is a stack that anyone pushes on by one compare-and-swap (Treiber, "Systems Programming: Coping with Parallelism", 1986) and a taker empties by one swap, which rules out
//! ABA; what it took, reversed, is a queue of its own under a lock that only takers know. First in, first out within a shard; no allocation: the link is
//! in the task. A bitmask tells which shards hold work, so an empty injector costs one load.

use super::queue::{CAPACITY, Local};
use crate::loom::Mutex;
use crate::loom::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use crate::task::{Header, Task};
use crossbeam_utils::CachePadded;
use std::iter;
use std::ops::Range;
use std::ptr::{self, NonNull};

/// The most tasks that one visit brings, as long as there are few. Less in models, so that they see some left behind.
pub(super) const BATCH: usize = if cfg!(heist_loom) { 2 } else { 32 };
/// Of a shard so full that others find enough as well a visit brings more: this part of it, and no more than so many times as much.
const SHARE: usize = 8;
const MOST_BATCHES: usize = 4;
/// A bit of the mask each.
pub(super) const MAX_SHARDS: usize = usize::BITS as usize;

/// See the module.
pub(super) struct Injector {
    shards: Box<[CachePadded<Shard>]>,
    /// Bit n: shard n may hold work.
    occupied: CachePadded<AtomicUsize>,
}

struct Shard {
    /// The stack; [`CLOSED`] at the end.
    inbox: AtomicPtr<Header>,
    /// What a taker took from the stack and has not handed on.
    drained: Mutex<Drained>,
    /// How much that is, for others to compare.
    waiting: AtomicUsize,
}

/// A list, oldest first.
struct Drained {
    first: *mut Header,
    len: usize,
    /// How many have been handed on.
    popped: u64,
}

// SAFETY: the list is of queue entries, which may go to any thread.
unsafe impl Send for Drained {}

/// No header has this address.
const CLOSED: *mut Header = ptr::without_provenance_mut(1);

impl Injector {
    /// With so many shards, each of which needs a bit: 1 to [`MAX_SHARDS`].
    pub(super) fn new(shards: usize) -> Self {
        assert!((1..=MAX_SHARDS).contains(&shards));
        let shard = || Shard {
            inbox: AtomicPtr::new(ptr::null_mut()),
            drained: Mutex::new(Drained {
                first: ptr::null_mut(),
                len: 0,
                popped: 0,
            }),
            waiting: AtomicUsize::new(0),
        };
        Self {
            shards: (0..shards).map(|_| CachePadded::new(shard())).collect(),
            occupied: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    /// Adds a task to a shard. Gives it back if the injector is closed.
    ///
    /// One locked operation, two if the shard was empty.
    pub(super) fn push(&self, task: Task, shard: usize) -> Result<(), Task> {
        let inbox = &self.shards[shard].inbox;
        let header = task.into_raw();
        let mut head = inbox.load(Relaxed);
        loop {
            if head == CLOSED {
                // SAFETY: from `into_raw`, above.
                return Err(unsafe { Task::from_raw(header) });
            }
            // SAFETY: the entry is ours until the exchange succeeds, its link too.
            unsafe { header.as_ref() }.queue_next.store(head, Relaxed);
            // Release: whoever takes the stack sees the task and its link. What was pushed before stays in the release sequence. Acquire: see below.
            match inbox.compare_exchange_weak(head, header.as_ptr(), AcqRel, Relaxed) {
                Ok(_) => break,
                Err(other) => head = other,
            }
        }
        // Who pushes on an empty stack sets the bit, after the push: a taker that cleared it before either sees the task when it looks
        // again (its clearing acquires our setting) or has its clearing undone. Who finds the bit missing sets it as well: the
        // thread whose duty it is may have been preempted. It doesn't overlook that, since a taker, after clearing, looks by a
        // read-modify-write: that comes before our exchange, which then acquires the clearing, or after it, and sees the task.
        if head.is_null() || !self.holds(shard) {
            self.occupied.fetch_or(1 << shard, Release);
        }
        Ok(())
    }

    /// Whether nothing is there: after a sequentially consistent fence, nothing that was announced before it.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.occupied.load(Relaxed) == 0
    }

    /// Whether a shard may hold work. For the one thread that pushes there, if there is but one: whether it does, or a taker has just taken the last.
    #[inline]
    pub(super) fn holds(&self, shard: usize) -> bool {
        self.occupied.load(Relaxed) & (1 << shard) != 0
    }

    /// The same for several shards, as a mask.
    #[inline]
    pub(super) fn holds_any(&self, shards: usize) -> bool {
        self.occupied.load(Relaxed) & shards != 0
    }

    /// The fullest of the first `shards`, if it holds far more than one of them, `own`. What was pushed since it was last taken from isn't counted.
    pub(super) fn far_fuller(&self, own: usize, shards: usize) -> Option<usize> {
        let waiting = |shard: usize| self.shards[shard].waiting.load(Relaxed);
        let fullest = (0..shards).max_by_key(|&shard| waiting(shard))?;
        (waiting(fullest) > 2 * (waiting(own) + CAPACITY)).then_some(fullest)
    }

    /// How many tasks wait. A walk over those that nobody has looked at yet, which keeps takers from their shard as long.
    pub(super) fn depth(&self) -> usize {
        let depth = |shard: &CachePadded<Shard>| {
            let drained = shard.drained.lock();
            drained.len + drained.len_of(&shard.inbox)
        };
        self.shards.iter().map(depth).sum()
    }

    /// How many tasks have ever been pushed to these shards. A walk, likewise.
    pub(super) fn pushed(&self, shards: Range<usize>) -> u64 {
        let pushed = |shard: &CachePadded<Shard>| {
            let drained = shard.drained.lock();
            drained.popped + (drained.len + drained.len_of(&shard.inbox)) as u64
        };
        self.shards[shards].iter().map(pushed).sum()
    }

    /// How many shards there are.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Takes a batch: the oldest task of a shard, and some that follow it into the worker's queue. The shards are looked at in their order, from `start`
    /// on, if their bit is in `among`.
    pub(super) fn pop(&self, start: usize, among: usize, into: &Local) -> Option<Task> {
        let occupied = self.occupied.load(Acquire) & among;
        let mut left = occupied.rotate_right(start as u32);
        while left != 0 {
            let shard = (start + left.trailing_zeros() as usize) % MAX_SHARDS;
            if let Some(task) = self.pop_from(shard, into) {
                return Some(task);
            }
            left &= left - 1;
        }
        None
    }

    fn pop_from(&self, index: usize, into: &Local) -> Option<Task> {
        let shard = &self.shards[index];
        // Another taker is at it: leave it the shard.
        let mut drained = shard.drained.try_lock()?;
        if drained.first.is_null() {
            drained.refill(&shard.inbox);
        }
        let first = drained.pop();
        if first.is_some() {
            // Only thieves touch the other end of the queue, and they make more room.
            let batch = (drained.len / SHARE).clamp(BATCH, MOST_BATCHES * BATCH);
            for _ in 1..batch.min(into.room()) {
                let Some(task) = drained.pop() else { break };
                into.push(task)
                    .unwrap_or_else(|_| unreachable!("only the owner fills its queue"));
            }
        }
        shard.waiting.store(drained.len, Relaxed);
        // If more is there already the bit stays, and with it the mask's cache line where it is. (A closed shard's bit hides nothing.)
        if drained.first.is_null() && shard.inbox.load(Relaxed).is_null() {
            // Acquire and Release: see `push`.
            self.occupied.fetch_and(!(1 << index), AcqRel);
            let look =
                shard
                    .inbox
                    .compare_exchange(ptr::null_mut(), ptr::null_mut(), AcqRel, Relaxed);
            if look.is_err_and(|head| head != CLOSED) {
                self.occupied.fetch_or(1 << index, Release);
            }
        }
        first
    }

    /// Refuses what comes from now on, and gives back what is there.
    pub(super) fn close(&self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for shard in &self.shards {
            let mut drained = shard.drained.lock();
            tasks.extend(iter::from_fn(|| drained.pop()));
            drained.take_from(&shard.inbox, CLOSED);
            tasks.extend(iter::from_fn(|| drained.pop()));
        }
        self.occupied.store(0, Relaxed);
        tasks
    }
}

impl Drained {
    /// Moves the stack here, unless it is closed.
    fn refill(&mut self, inbox: &AtomicPtr<Header>) {
        let head = inbox.load(Relaxed);
        if !head.is_null() && head != CLOSED {
            // Only the holder of this lock empties the stack, so it is neither empty nor closed now.
            self.take_from(inbox, ptr::null_mut());
        }
    }

    /// Moves the stack here, leaving `new` in its place.
    fn take_from(&mut self, inbox: &AtomicPtr<Header>, new: *mut Header) {
        debug_assert!(self.first.is_null(), "what was drained is handed on first");
        // Acquire: what the pushes released.
        let mut head = inbox.swap(new, AcqRel);
        while let Some(header) = NonNull::new(head).filter(|_| head != CLOSED) {
            // SAFETY: the swap made these entries, and their links, ours.
            let next = unsafe { header.as_ref() }.queue_next.load(Relaxed);
            // SAFETY: likewise.
            unsafe { header.as_ref() }
                .queue_next
                .store(self.first, Relaxed);
            self.first = head;
            self.len += 1;
            head = next;
        }
    }

    /// How many are in the stack: under this lock, without which nobody empties it.
    fn len_of(&self, inbox: &AtomicPtr<Header>) -> usize {
        let next = |&header: &NonNull<Header>| {
            // SAFETY: who is in the stack is a queue entry, and so lives; it stays there as long as the lock is held.
            let next = unsafe { header.as_ref() }.queue_next.load(Relaxed);
            NonNull::new(next)
        };
        // Acquire: what the pushes released. (`CLOSED` stands alone.)
        let head = NonNull::new(inbox.load(Acquire)).filter(|head| head.as_ptr() != CLOSED);
        iter::successors(head, next).count()
    }

    fn pop(&mut self) -> Option<Task> {
        let header = NonNull::new(self.first)?;
        self.len -= 1;
        self.popped += 1;
        // SAFETY: what is in the list is ours.
        self.first = unsafe { header.as_ref() }.queue_next.load(Relaxed);
        // SAFETY: from `into_raw` in `push`; each comes out once.
        Some(unsafe { Task::from_raw(header) })
    }
}

impl Drop for Injector {
    fn drop(&mut self) {
        drop(self.close());
    }
}
