//! Gates in real time, on a machine that has others to serve, too.
//!
//! In come attempts, each of which says how late something was; out comes a verdict. A machine that is busy makes an attempt late, and never one early. So beside
//! each attempt a control measures how late the machine makes threads that nobody blocks, and what the machine has spoilt doesn't count. Called by `gates.rs`,
//! whose tests have their process, and so most of the machine, to themselves: one that is busy itself would spoil what the control doesn't show.

use crate::{Stopwatch, block_thread};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// How many attempts that count settle it, and how many are made at most.
const ENOUGH: usize = 8;
const MOST: usize = 40;
/// With fewer than this that count, the machine allows no verdict: one attempt in time is all that is asked.
const FEW: usize = 3;
/// Of those that count, one in so many may miss the line, or more are made.
const SPOILT: usize = 5;
/// And in the end, one in so many: a control doesn't see all that befalls the others' threads.
const SPOILT_IN_THE_END: usize = 2;

/// Makes attempts, and asserts that they are late by less than `line`: four in five of those that the machine has not spoilt, or where that isn't seen soon
/// every other one.
///
/// # Panics
///
/// If they are later.
#[track_caller]
pub fn judge(line: Duration, mut attempt: impl FnMut() -> Duration) {
    let mut attempts = Vec::new();
    loop {
        let control = Control::start();
        let late = attempt();
        let control = control.stop();
        attempts.push(Attempt { late, control });
        match verdict(line, &attempts) {
            Some(true) => return println!("within {line:?}: {attempts:?}"),
            Some(false) => panic!("not within {line:?}: {attempts:?}"),
            None => {}
        }
    }
}

/// How late an attempt was, and how late the machine made the control meanwhile.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    late: Duration,
    control: Duration,
}

/// Whether the attempts pass. `None`: more are needed.
fn verdict(line: Duration, attempts: &[Attempt]) -> Option<bool> {
    let counted = attempts
        .iter()
        .filter(|attempt| attempt.control <= line / 4);
    let count = counted.clone().count();
    let misses = counted.filter(|attempt| attempt.late >= line).count();
    if count >= ENOUGH && misses * SPOILT <= count {
        return Some(true);
    }
    if attempts.len() < MOST {
        return None;
    }
    if count < FEW {
        return Some(attempts.iter().any(|attempt| attempt.late < line));
    }
    Some(misses * SPOILT_IN_THE_END <= count)
}

/// Threads that nobody blocks, as many as there are processors: each takes naps of 1 ms.
struct Control {
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<Duration>>,
}

impl Control {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count).map(|_| {
            let stop = stop.clone();
            thread::spawn(move || {
                const NAP: Duration = Duration::from_millis(1);
                let mut latest = Duration::ZERO;
                while !stop.load(Relaxed) {
                    let nap = Stopwatch::start();
                    block_thread(NAP);
                    latest = latest.max(nap.elapsed().saturating_sub(NAP));
                }
                latest
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }

    /// By how much the latest nap was too long.
    fn stop(self) -> Duration {
        self.stop.store(true, Relaxed);
        let naps = self.threads.into_iter().map(thread::JoinHandle::join);
        naps.map(|nap| nap.expect("it only naps"))
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Duration = Duration::from_millis(8);

    const fn attempt(late: u64, control: u64) -> Attempt {
        Attempt {
            late: Duration::from_millis(late),
            control: Duration::from_millis(control),
        }
    }

    const HIT: Attempt = attempt(1, 1);
    const MISS: Attempt = attempt(9, 1);
    const SPOILT_HIT: Attempt = attempt(1, 3);
    const SPOILT_MISS: Attempt = attempt(9, 3);

    #[track_caller]
    fn assert_verdict(attempts: &[(Attempt, usize)], expected: Option<bool>) {
        let attempts: Vec<_> = attempts
            .iter()
            .flat_map(|&(attempt, times)| std::iter::repeat_n(attempt, times))
            .collect();
        assert_eq!(verdict(LINE, &attempts), expected);
    }

    #[test]
    fn enough_that_count_settle_it() {
        assert_verdict(&[(HIT, 7)], None);
        assert_verdict(&[(HIT, 8)], Some(true));
        assert_verdict(&[(HIT, 7), (MISS, 1)], Some(true));
        assert_verdict(&[(HIT, 6), (MISS, 2)], None);
        assert_verdict(&[(HIT, 8), (MISS, 2)], Some(true));
    }

    #[test]
    fn a_lucky_attempt_is_not_enough() {
        assert_verdict(&[(MISS, 39)], None);
        assert_verdict(&[(MISS, 40)], Some(false));
        assert_verdict(&[(MISS, 21), (HIT, 19)], Some(false));
        assert_verdict(&[(MISS, 20), (HIT, 20)], Some(true));
        assert_verdict(&[(SPOILT_HIT, 36), (MISS, 3), (HIT, 1)], Some(false));
    }

    #[test]
    fn what_the_machine_has_spoilt_does_not_count() {
        assert_verdict(&[(SPOILT_MISS, 39)], None);
        assert_verdict(&[(SPOILT_MISS, 31), (HIT, 8)], Some(true));
        assert_verdict(&[(SPOILT_MISS, 37), (HIT, 3)], Some(true));
        assert_verdict(&[(SPOILT_MISS, 38), (HIT, 1), (MISS, 1)], Some(true));
        assert_verdict(&[(SPOILT_MISS, 39), (SPOILT_HIT, 1)], Some(true));
        assert_verdict(&[(SPOILT_MISS, 40)], Some(false));
    }
}
