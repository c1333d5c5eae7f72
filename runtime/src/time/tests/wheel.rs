//! The wheel, against a sorted map, and with wakers that panic or come back to it.

use super::*;

/// Arms, resets, cancels and turns at random, over times of all magnitudes, and compares with a sorted map.
fn against_a_model(seed: u64) {
    let mut random = Random(seed);
    // How far the time jumps.
    let stride = random.below(60);
    let origin = Instant::now();
    let wheel = Wheel::new_worker(&Wheel::new_shared(
        origin,
        Clock::default(),
        Box::new(|| ()),
    ));
    let at = |ticks| origin + Duration::from_nanos(ticks);
    let woken = Arc::new(Mutex::new(Vec::new()));

    let mut entries: Vec<Pin<Box<Entry>>> = (0..100).map(|_| Box::pin(Entry::new())).collect();
    let mut deadlines = vec![None; entries.len()];
    let mut model = BTreeMap::new();
    let mut now = 0;
    let (mut cancelled, mut vain) = (0, 0);
    for _ in 0..5_000 {
        let i = random.below(entries.len());
        match random.below(8) {
            0..=3 => {
                // Now and then in the past.
                let deadline = match random.below(8) {
                    0 => u64::saturating_sub(now, random.span(stride)),
                    _ => u64::saturating_add(now, random.span(64)),
                };
                let state = if let Some(former) = deadlines[i].replace(deadline) {
                    model.remove(&(former, i));
                    cancelled += 1;
                    entries[i].as_mut().reset(at(deadline), |_| None)
                } else {
                    let woken = Arc::clone(&woken);
                    let waker = on_wake(move || woken.lock().unwrap().push(i));
                    entries[i].as_mut().disarm();
                    let here = Arc::clone(&wheel);
                    entries[i].as_mut().arm(Some(here), at(deadline), waker)
                };
                assert_eq!(state, State::Armed);
                model.insert((deadline, i), ());
            }
            4 => {
                if let Some(former) = deadlines[i].take() {
                    model.remove(&(former, i));
                    cancelled += 1;
                }
                if random.below(2) == 0 {
                    entries[i] = Box::pin(Entry::new());
                } else {
                    entries[i].as_mut().disarm();
                }
            }
            turn => {
                let earliest = model.keys().next().map_or(NEVER, |&(deadline, _)| deadline);
                let promised = wheel.next_deadline().map_or(NEVER, |at| wheel.ticks(at));
                assert!(promised <= earliest, "it would be late");
                let former = now;
                now = match turn {
                    5 => now.saturating_add(random.span(stride)),
                    _ if promised == NEVER => now,
                    6 => now.max(promised.saturating_sub(1)),
                    _ => now.max(promised),
                };
                now = now.min(NEVER - 1);

                let later = model.split_off(&(now + 1, 0));
                let due = std::mem::replace(&mut model, later);
                assert_eq!(wheel.turn(at(now)), due.len());
                vain += usize::from(due.is_empty() && promised == now);

                let mut woken = std::mem::take(&mut *woken.lock().unwrap());
                let mut latest = 0;
                for &i in &woken {
                    assert_eq!(entries[i].state(), State::Fired);
                    let deadline = deadlines[i]
                        .take()
                        .expect("it fired twice, or never was armed");
                    // One that was past when it was armed comes first.
                    let deadline = former.max(deadline);
                    assert!(latest < deadline.saturating_add(1 << 18), "out of order");
                    latest = latest.max(deadline);
                }
                woken.sort_unstable();
                let mut expected: Vec<_> = due.into_keys().map(|(_, i)| i).collect();
                expected.sort_unstable();
                assert_eq!(woken, expected);
            }
        }
    }
    assert!(
        vain <= cancelled,
        "only a cancelled timer may cost a turn in vain"
    );
    // At the end of time all fire but those that never do.
    let due = model.keys().filter(|&&(deadline, _)| deadline < NEVER);
    assert_eq!(wheel.turn(at(NEVER)), due.count());
    assert_eq!(wheel.next_deadline(), None);
    let armed = entries.iter().filter(|entry| entry.state() == State::Armed);
    let never = model.keys().filter(|&&(deadline, _)| deadline == NEVER);
    assert_eq!(armed.count(), never.count());
}

#[test]
fn the_wheel_agrees_with_a_sorted_map() {
    for seed in 1..=40_u64 {
        against_a_model(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    }
}

#[test]
fn nothing_fires_early_and_all_that_is_due_fires_in_one_turn() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let wheel = timers.wheel(0);
    let (wakes, waker) = Wakes::new();
    let start = Instant::now() + HOUR;
    let sleeps: Vec<_> = (0..1_000)
        .map(|i| arm(sleep_until(start + i * Duration::from_micros(100)), &waker))
        .collect();
    for sleeps in sleeps.chunks(100) {
        let (first, last) = (&sleeps[0], &sleeps[99]);
        assert_eq!(wheel.next_deadline(), Some(first.deadline()));
        assert_eq!(wheel.turn(first.deadline() - Duration::from_nanos(1)), 0);
        assert_eq!(wheel.turn(first.deadline()), 1);
        assert_eq!(wheel.turn(last.deadline()), 99);
        assert!(sleeps.iter().all(|sleep| sleep.is_elapsed()));
    }
    assert_eq!(wakes.count(), 1_000);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn a_million_armed_and_cancelled_leave_nothing() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    let mut random = Random(7);
    let start = Instant::now() + HOUR;
    for _ in 0..10 {
        let sleeps: Vec<_> = (0..100_000)
            .map(|_| {
                let ahead = Duration::from_nanos(random.next() >> 8);
                arm(sleep_until(start + ahead), &waker)
            })
            .collect();
        assert!(timers.wheel(0).next_deadline() >= Some(start));
        assert_eq!(Arc::strong_count(&wakes), 2 + sleeps.len());
        drop(sleeps);
        assert_eq!(timers.wheel(0).next_deadline(), None);
        assert_eq!(Arc::strong_count(&wakes), 2);
    }
    assert_eq!(timers.wheel(0).turn(start + 1_000_000 * HOUR), 0);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_waker_that_panics_is_not_the_loss_of_the_others() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let (wakes, waker) = Wakes::new();
    // What it panics with panics too, when it is dropped.
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a payload's drop, on purpose");
        }
    }
    let panics = on_wake(|| std::panic::panic_any(Bomb));
    let deadline = Instant::now() + HOUR;
    let sleeps: Vec<_> = (0..100)
        .map(|i| {
            arm(
                sleep_until(deadline),
                if i % 10 == 0 { &panics } else { &waker },
            )
        })
        .collect();
    assert_eq!(timers.wheel(0).turn(deadline), 100);
    assert_eq!(wakes.count(), 90);
    assert!(sleeps.iter().all(|sleep| sleep.is_elapsed()));
}

/// No lock is held while a waker is called (tokio's `drop_from_wake`).
#[test]
fn a_waker_may_drop_arm_and_turn() {
    let timers = Arc::new(timers());
    let _entered = timers.enter(Some(0));
    let deadline = Instant::now() + HOUR;
    let sleeps = Arc::new(Mutex::new(Vec::new()));
    let waker = {
        let (timers, sleeps) = (Arc::clone(&timers), Arc::clone(&sleeps));
        on_wake(move || {
            let former = std::mem::take(&mut *sleeps.lock().unwrap());
            drop(former);
            timers.wheel(0).turn(deadline);
            let next = arm(sleep_until(deadline + HOUR), Waker::noop());
            sleeps.lock().unwrap().push(next);
        })
    };
    let armed = (0..100).map(|_| arm(sleep_until(deadline), &waker));
    *sleeps.lock().unwrap() = armed.collect();
    let fired = timers.wheel(0).turn(deadline);
    // Those that were not in the first batch, the first waker has dropped.
    assert!((1..100).contains(&fired));
    assert_eq!(timers.wheel(0).next_deadline(), Some(deadline + HOUR));
    sleeps.lock().unwrap().clear();
    assert_eq!(timers.wheel(0).next_deadline(), None);
}

/// No lock is held while a waker is dropped (tokio's `drop_from_waker_drop`).
#[test]
fn a_waker_may_own_a_sleep_of_the_same_wheel() {
    let timers = timers();
    let _entered = timers.enter(Some(0));
    let owned = Mutex::new(Some(arm(sleep(HOUR), Waker::noop())));
    let waker = on_wake(move || drop(owned.lock().unwrap().take()));
    let mut sleep = arm(sleep(2 * HOUR), &waker);
    drop(waker);
    // The waker goes, replaced by another, and its sleep with it.
    assert!(poll(sleep.as_mut(), &Wakes::new().1).is_pending());
    assert_eq!(timers.wheel(0).next_deadline(), Some(sleep.deadline()));
}

/// Timers are armed, moved between two wheels and dropped by three threads, all of which turn both wheels: each that
/// is waited for wakes, and none more often than it was armed.
#[test]
fn stress() {
    let timers = timers();
    let origin = Instant::now() + HOUR;
    let at = move |ticks| origin + Duration::from_nanos(ticks);
    let time = AtomicU64::new(0);
    let turn = || {
        let now = at(time.fetch_add(50_000, SeqCst));
        timers.wheel(0).turn(now);
        timers.wheel(1).turn(now);
    };
    let work = |seed| {
        let mut random = Random(seed);
        for _ in 0..10_000 {
            let (wakes, waker) = Wakes::new();
            let ahead = |random: &mut Random| at(time.load(SeqCst) + random.next() % 2_000_000);
            let here = timers.enter(Some(random.below(2)));
            let mut sleep = arm(sleep_until(ahead(&mut random)), &waker);
            let moves = random.below(3);
            for _ in 0..moves {
                let there = timers.enter(Some(random.below(2)));
                sleep.as_mut().reset(ahead(&mut random));
                let _ = poll(sleep.as_mut(), &waker);
                drop(there);
            }
            if random.below(4) > 0 {
                while wakes.count() == 0 || !sleep.is_elapsed() {
                    turn();
                }
            }
            drop((sleep, here, waker));
            while Arc::strong_count(&wakes) > 1 {
                // Its wake is under way.
                std::thread::yield_now();
            }
            assert!(wakes.count() <= 1 + moves);
        }
    };
    std::thread::scope(|scope| {
        for seed in 1..=3 {
            let work = &work;
            scope.spawn(move || work(seed));
        }
    });
    assert_eq!(timers.wheel(0).next_deadline(), None);
    assert_eq!(timers.wheel(1).next_deadline(), None);
}
