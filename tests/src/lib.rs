//! What the tests of heist as a whole share. The tests themselves are in `tests/tests/`.
//!
//! * [`Shape`]: the shapes of runtime that the suite is run for.
//! * [`guarded`], [`receive`]: a test that hangs fails, with its name.
//! * [`Tally`], [`OnDrop`], [`Countdown`]: what happened, and how often.
//! * [`in_child`]: a test's body in a process of its own, for what it says on standard error and for what concerns the whole process.
//! * [`panic_of`], [`panic_message`]: how something panics, and where.
//! * [`Probe`], [`every_poll`]: futures that are dropped after each of their polls.
//! * [`open_descriptors`]: how many there are.
//! * [`until`], [`once_waiting`]: waiting inside tasks.
//! * [`send_to_this_process`], of signals.
//! * [`Strace`]: which system calls a process makes.
//! * [`block_thread`], [`Stopwatch`], [`judge`]: all that knows of real time.

#![deny(unsafe_code)]

mod child;
mod clock;
mod descriptors;
mod gate;
mod guard;
mod panics;
mod probe;
mod shape;
#[expect(unsafe_code, reason = "libc's `raise`")]
mod signals;
mod strace;
mod tally;
mod waiting;

pub use child::{Ended, in_child, is_slow_poll};
pub use clock::{Stopwatch, block_thread};
pub use descriptors::open_descriptors;
pub use gate::judge;
pub use guard::{PATIENCE, guarded, receive, wait_until};
pub use panics::{Panicked, panic_message, panic_of};
pub use probe::{Probe, Token, alone, every_poll};
pub use shape::{Occupied, Running, Shape};
pub use signals::send_to_this_process;
pub use strace::{Call, Strace};
pub use tally::{Countdown, OnDrop, Tally};
pub use waiting::{once_waiting, until};

/// What is shown to those who come from asyncio compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/coming-from-asyncio.md")]
struct ComingFromAsyncio;

/// So does what is said of work that computes.
#[cfg(doctest)]
#[doc = include_str!("../../docs/cpu-bound.md")]
struct CpuBound;
