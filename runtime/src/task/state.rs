//! The state word of a task: the only file that does a compare-and-swap on it.
//!
//! Comes in: a request of the runner (a worker, a pool thread), of a waker, of the [`JoinHandle`](super::JoinHandle) or of the shutdown. Goes out: a
//! `#[must_use]` answer that says what the caller owns now and must do.
//!
//! ```text
//!             (2) wake, (6) abort                       (3) start_poll
//!    IDLE ───────────────────────────► SCHEDULED ──────────────────────────► RUNNING
//!     ▲                                 ▲   │                                │  │  │
//!     │                                 │   │        (4) finish_poll:        │  │  │
//!     │                                 └───┼── woken while it was polled ───┘  │  │
//!     └─────────────────────────────────────┼── Pending ────────────────────────┘  │
//!                                           │                       (5) complete   │
//!     (1) new = SCHEDULED                   │ (7) take: shutdown           │       │
//!                                           ▼                              ▼       │
//!                                     RUNNING + SCHEDULED ────────────► COMPLETE ◄─┘
//! ```
//!
//! (8) `begin_cleaning`: a task whose future is gone, and which is left with clean-ups, goes on like one that has yielded: the same diagram again, with `CLEANING` set, in
//! which (6) changes nothing. It completes (5) when none is left.
//!
//! | bit | meaning | never together with |
//! | --- | --- | --- |
//! | `SCHEDULED` | a queue entry exists; or, beside `RUNNING`, the runner shall make one when the poll returns (unless the shutdown took a queued task: then its entry still exists, and is void) | |
//! | `RUNNING` | one thread, the runner, has the future to itself | `COMPLETE` |
//! | `YIELDED` | beside `RUNNING`: the last poll yielded, and its runner is now whoever holds the queue entry, since every queue publishes to the one who takes from it what the one who put had done. So a task that yields again and again passes from poll to poll without a read-modify-write | before completion: a missing `RUNNING` |
//! | `COMPLETE` | the future is gone; the outcome is stored, or was; set once, never cleared | `RUNNING` |
//! | `CANCELLED` | the future is to be dropped at its next suspension; never cleared | |
//! | `CLEANING` | the future is gone, and the outcome stored; clean-ups are left, which `CANCELLED` doesn't interrupt; set by the runner, never cleared | |
//! | `CLOSED` | the shutdown has come for the task: what is left of it is to be dropped at its next suspension, clean-ups too; never cleared | a missing `CANCELLED` |
//! | `JOIN_INTEREST` | the `JoinHandle` lives | |
//! | `JOIN_WAKER` | the join waker is in its cell and is the runner's to take on completion | before completion: a missing `JOIN_INTEREST` |
//!
//! The rest of the word counts references. **One of them is the task's own**: it is never counted up or down while the task goes from queue to
//! runner and back to idle, and it is dropped once, after completion, by whoever owned the task then: the runner, or, for
//! a task that the shutdown took out of its queue's hands, the void queue entry when it is popped.

#![forbid(unsafe_code)]

use super::TaskState;
use crate::loom::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

const SCHEDULED: usize = 1 << 0;
const RUNNING: usize = 1 << 1;
const COMPLETE: usize = 1 << 2;
const CANCELLED: usize = 1 << 3;
const JOIN_INTEREST: usize = 1 << 4;
const JOIN_WAKER: usize = 1 << 5;
const YIELDED: usize = 1 << 6;
const CLEANING: usize = 1 << 7;
const CLOSED: usize = 1 << 8;
const REF_ONE: usize = 1 << 9;

/// Whether the runner is to drop what there is. An abort that comes when only clean-ups are left is void; the shutdown's end never is.
const fn is_cancelled(now: usize) -> bool {
    now & CANCELLED != 0 && now & (CLEANING | CLOSED) != CLEANING
}

/// What a popped queue entry is good for.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartPoll {
    /// The caller is the runner: poll the future.
    Poll,
    /// The caller is the runner: drop the future, then complete.
    Cancel,
    /// The shutdown took the task: the caller drops the task's own reference, which this entry held.
    Void,
}

/// What the runner does after a poll that returned `Pending`.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FinishPoll {
    /// Nothing: the next wake schedules the task.
    Idle,
    /// It was woken meanwhile: make a queue entry.
    Reschedule,
    /// Still the runner: drop the future, then complete.
    Cancel,
}

/// What a waker does after its transition.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// Nothing.
    Done,
    /// Make a queue entry: the task is the caller's to submit.
    Submit,
    /// It gave up the last reference: free the cell.
    Free,
}

/// What completion found.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completed {
    /// No handle: the outcome is the runner's, to be dropped (and reported, if it is a failure).
    Detached,
    /// The handle will come for the outcome by itself.
    Joined,
    /// The join waker is the runner's to take and wake.
    JoinedWithWaker,
}

/// What the handle found when it gave up its interest.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detach {
    /// The task lives on; the waker's cell is the handle's (to clear); its reference is still to be dropped.
    Alive,
    /// The task was complete: the outcome, if it was not taken, is the handle's to drop; likewise its reference.
    Complete,
}

/// The state word. Every operation on it is one of the methods below; each is at most one locked operation when nobody interferes.
pub(super) struct State(AtomicUsize);

impl State {
    /// (1) A new task: scheduled, with its own reference and that of its handle.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | JOIN_INTEREST | (2 * REF_ONE)))
    }

    /// (2) Wakes and keeps the waker's reference.
    ///
    /// A task that is already scheduled gets a read-modify-write too: its Release is what lets the coming poll, whose `start_poll` acquires, see
    /// all that was written before this wake.
    pub(super) fn wake_by_ref(&self) -> Wake {
        let before = self.0.fetch_or(SCHEDULED, AcqRel);
        if before & (SCHEDULED | RUNNING | COMPLETE) == 0 {
            Wake::Submit
        } else {
            Wake::Done
        }
    }

    /// (2) Wakes and gives up the waker's reference in the same step.
    pub(super) fn wake_by_value(&self) -> Wake {
        let before = self.update(|now| (now | SCHEDULED) - REF_ONE);
        if before & (SCHEDULED | RUNNING | COMPLETE) == 0 {
            Wake::Submit
        } else if before & COMPLETE != 0 && before < 2 * REF_ONE {
            Wake::Free
        } else {
            Wake::Done
        }
    }

    /// (3) A queue entry was popped. Acquires what the wakes released.
    pub(super) fn start_poll(&self) -> StartPoll {
        // It yielded, and nothing happened since. What comes just now stays in the word for the end of the poll.
        if self.0.load(Acquire) & (YIELDED | SCHEDULED | CANCELLED | COMPLETE) == YIELDED {
            return StartPoll::Poll;
        }
        let is_void = |now| now & COMPLETE != 0 || now & (RUNNING | YIELDED) == RUNNING;
        let before = self.update(|now| {
            if is_void(now) {
                now
            } else {
                (now & !SCHEDULED) | RUNNING
            }
        });
        if is_void(before) {
            StartPoll::Void
        } else if is_cancelled(before) {
            StartPoll::Cancel
        } else {
            StartPoll::Poll
        }
    }

    /// (4) The poll returned `Pending`. Releases the future to the next runner.
    pub(super) fn finish_poll(&self) -> FinishPoll {
        let before = self.update(|now| {
            if is_cancelled(now) {
                now
            } else {
                now & !(RUNNING | YIELDED)
            }
        });
        debug_assert!(before & RUNNING != 0, "only the runner finishes a poll");
        if is_cancelled(before) {
            FinishPoll::Cancel
        } else if before & SCHEDULED != 0 {
            FinishPoll::Reschedule
        } else {
            FinishPoll::Idle
        }
    }

    /// (4) The same, and the task has yielded: it is rescheduled, or cancelled. A wake that came meanwhile is answered by that.
    pub(super) fn finish_yield(&self) -> FinishPoll {
        // Relaxed: nothing is released here, nor acquired.
        let mut before = self.0.load(Relaxed);
        if before & (YIELDED | SCHEDULED | CANCELLED) != YIELDED {
            before = self.update(|now| {
                if is_cancelled(now) {
                    now
                } else {
                    (now | YIELDED) & !SCHEDULED
                }
            });
        }
        debug_assert!(before & RUNNING != 0, "only the runner finishes a poll");
        if is_cancelled(before) {
            FinishPoll::Cancel
        } else {
            FinishPoll::Reschedule
        }
    }

    /// (5) The runner has dropped the future and stored the outcome.
    pub(super) fn complete(&self) -> Completed {
        let before = self.0.fetch_xor(RUNNING | COMPLETE, AcqRel);
        debug_assert!(
            before & RUNNING != 0 && before & COMPLETE == 0,
            "completed twice"
        );
        if before & JOIN_INTEREST == 0 {
            Completed::Detached
        } else if before & JOIN_WAKER == 0 {
            Completed::Joined
        } else {
            Completed::JoinedWithWaker
        }
    }

    /// (8) The runner has dropped the future and stored the outcome, and clean-ups are left: it makes a queue entry, as if the task had yielded. A wake that came
    /// meanwhile is answered by that.
    pub(super) fn begin_cleaning(&self) {
        let before = self.update(|now| (now | CLEANING | YIELDED) & !SCHEDULED);
        debug_assert!(before & RUNNING != 0, "only the runner begins that");
    }

    /// Whether nothing but clean-ups is left of the task.
    pub(super) fn is_cleaning(&self) -> bool {
        // Relaxed: it is only told.
        self.0.load(Relaxed) & (CLEANING | COMPLETE) == CLEANING
    }

    /// (6) Asks for the future to be dropped at its next suspension; idempotent. `Submit` if that takes a queue entry.
    pub(super) fn abort(&self) -> Wake {
        let before = self.update(|now| {
            if now & (COMPLETE | CANCELLED | CLEANING) != 0 {
                now
            } else if now & RUNNING != 0 {
                now | CANCELLED
            } else {
                now | CANCELLED | SCHEDULED
            }
        });
        if before & (SCHEDULED | RUNNING | COMPLETE | CANCELLED | CLEANING) == 0 {
            Wake::Submit
        } else {
            Wake::Done
        }
    }

    /// (7) The shutdown cancels. `Some`: the caller, who holds a reference, is the runner: it drops the future and completes, and then drops the task's
    /// own reference if `queued` is false; if it is true the task's queue entry, now void, does that.
    pub(super) fn take(&self) -> Option<Taken> {
        let before = self.update(|now| {
            if now & COMPLETE != 0 {
                now
            } else {
                now | CANCELLED | CLOSED | RUNNING
            }
        });
        (before & (RUNNING | COMPLETE) == 0).then_some(Taken {
            queued: before & SCHEDULED != 0,
        })
    }

    /// One more reference. Relaxed, as in `Arc`: whoever clones has one already.
    pub(super) fn ref_inc(&self) {
        let before = self.0.fetch_add(REF_ONE, Relaxed);
        // As in `Arc`: half of the range is left for threads that race past this line.
        if before > isize::MAX as usize {
            std::process::abort();
        }
    }

    /// One reference less; true if it was the last, and the cell is the caller's to free.
    #[must_use]
    pub(super) fn ref_dec(&self) -> bool {
        // Release what this reference wrote; Acquire, for the one that frees, what all others did.
        let before = self.0.fetch_sub(REF_ONE, AcqRel);
        debug_assert!(before >= REF_ONE, "a reference was dropped twice");
        before < 2 * REF_ONE
    }

    /// True if the caller, a runner that has unlinked the task from its list and holds the task's own reference, is the only one who knows it: no handle, no waker, no other
    /// reference. It may then free the cell without completing it.
    pub(super) fn is_sole_owner(&self) -> bool {
        let beside = CANCELLED | SCHEDULED | YIELDED | CLEANING | CLOSED;
        self.0.load(Acquire) & !beside == RUNNING | REF_ONE
    }

    /// Whether the future is gone. Acquires the outcome.
    pub(super) fn is_complete(&self) -> bool {
        self.0.load(Acquire) & COMPLETE != 0
    }

    /// What the word says of a task that has not completed, to whoever is just curious. Whether one that has yielded is in its next poll already, it doesn't say.
    pub(super) fn snapshot(&self) -> TaskState {
        let now = self.0.load(Relaxed);
        if now & YIELDED != 0 || now & (SCHEDULED | RUNNING) == SCHEDULED {
            TaskState::Queued
        } else if now & RUNNING != 0 {
            TaskState::Running
        } else {
            TaskState::Waiting
        }
    }

    /// The handle publishes the waker that it has put in the cell. False: the task is complete, and the cell is the handle's.
    #[must_use]
    pub(super) fn set_join_waker(&self) -> bool {
        self.update_unless_complete(|now| now | JOIN_WAKER)
    }

    /// The handle takes the waker's cell back, to change it. False: the task is complete, and the cell is the runner's if the
    /// bit was set.
    #[must_use]
    pub(super) fn unset_join_waker(&self) -> bool {
        self.update_unless_complete(|now| now & !JOIN_WAKER)
    }

    /// Whether the waker's cell holds a waker that the handle has published.
    pub(super) fn has_join_waker(&self) -> bool {
        self.0.load(Acquire) & JOIN_WAKER != 0
    }

    /// The common end of a handle that leaves nothing behind. True: interest and reference are gone in one step. False: the task is complete, or the handle's
    /// waker is in the cell.
    ///
    /// It is never the last reference, since the task's own is given up after completion only; and completion then leaves the waker's cell alone.
    #[must_use]
    pub(super) fn detach_fast(&self) -> bool {
        let mut now = self.0.load(Relaxed);
        while now & (COMPLETE | JOIN_WAKER) == 0 {
            let detached = (now & !JOIN_INTEREST) - REF_ONE;
            match self
                .0
                .compare_exchange_weak(now, detached, Release, Relaxed)
            {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// The handle gives up its interest, not yet its reference.
    pub(super) fn detach(&self) -> Detach {
        let before = self.update(|now| {
            if now & COMPLETE != 0 {
                now & !JOIN_INTEREST
            } else {
                now & !(JOIN_INTEREST | JOIN_WAKER)
            }
        });
        if before & COMPLETE != 0 {
            Detach::Complete
        } else {
            Detach::Alive
        }
    }

    /// A compare-and-swap loop. AcqRel throughout: a transition both takes over what its predecessor wrote and hands on its own. The
    /// value before is returned.
    fn update(&self, f: impl Fn(usize) -> usize) -> usize {
        let mut now = self.0.load(Relaxed);
        loop {
            match self.0.compare_exchange_weak(now, f(now), AcqRel, Acquire) {
                Ok(before) => return before,
                Err(other) => now = other,
            }
        }
    }

    fn update_unless_complete(&self, f: impl Fn(usize) -> usize) -> bool {
        self.update(|now| if now & COMPLETE != 0 { now } else { f(now) }) & COMPLETE == 0
    }
}

/// A task that the shutdown took: see [`State::take`].
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its queue entry exists and will drop the task's own reference.
    pub(super) queued: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let now = self.0.load(Relaxed);
        let mut set = f.debug_set();
        for (bit, name) in [
            (SCHEDULED, "SCHEDULED"),
            (RUNNING, "RUNNING"),
            (COMPLETE, "COMPLETE"),
            (CANCELLED, "CANCELLED"),
            (JOIN_INTEREST, "JOIN_INTEREST"),
            (JOIN_WAKER, "JOIN_WAKER"),
            (YIELDED, "YIELDED"),
            (CLEANING, "CLEANING"),
            (CLOSED, "CLOSED"),
        ] {
            if now & bit != 0 {
                set.entry(&format_args!("{name}"));
            }
        }
        set.entry(&format_args!("refs {}", now / REF_ONE)).finish()
    }
}
