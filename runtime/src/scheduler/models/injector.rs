//! The injector: those who push, those who take, the close.

use super::*;

/// Two push and one pops: what was pushed is in sight, whatever the taker did to the mask meanwhile.
#[test]
fn injector_push_and_pop() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let pushers: Vec<_> = (0..2)
            .map(|_| {
                let injector = injector.clone();
                thread::spawn(move || {
                    let (task, _, handle) = marked();
                    assert!(injector.push(task, 0).is_ok());
                    handle
                })
            })
            .collect();
        let (queue, _stealer) = Local::new();
        let mut got = visit(&injector, &queue);
        let handles: Vec<_> = pushers
            .into_iter()
            .map(|pusher| pusher.join().expect("a pusher panicked"))
            .collect();
        while !injector.is_empty() {
            got += visit(&injector, &queue);
        }
        assert_eq!(got, 2, "each task comes out once");
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// A push against the close: the task comes back from one of the two.
#[test]
fn injector_close() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let (task, _, handle) = marked();
        let pusher = {
            let injector = injector.clone();
            thread::spawn(move || count(injector.push(task, 0).err()))
        };
        let given_back = injector.close().into_iter().map(|task| count(Some(task)));
        let closed: usize = given_back.sum();
        let refused = pusher.join().expect("the pusher panicked");
        assert_eq!(closed + refused, 1);
        assert!(handle.is_finished());
        let (task, ..) = marked();
        assert!(injector.push(task, 0).is_err());
    });
}

/// Two take while more is pushed than a visit brings: what one taker has drained and not handed on stays in sight, whatever the other does to the mask.
#[test]
fn injector_takers() {
    const MORE: usize = BATCH + 1;
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let push = |injector: &Injector| {
            let (task, _, handle) = marked();
            assert!(injector.push(task, 0).is_ok());
            handle
        };
        let mut handles = vec![push(&injector)];
        let takers: Vec<_> = (0..2)
            .map(|_| {
                let injector = injector.clone();
                thread::spawn(move || visit(&injector, &Local::new().0))
            })
            .collect();
        handles.extend((0..MORE).map(|_| push(&injector)));
        let mut got: usize = takers
            .into_iter()
            .map(|taker| taker.join().expect("a taker panicked"))
            .sum();
        let (queue, _stealer) = Local::new();
        while !injector.is_empty() {
            got += visit(&injector, &queue);
        }
        assert_eq!(got, 1 + MORE, "each task comes out once");
        assert!(handles.iter().all(JoinHandle::is_finished));
    });
}

/// A visit to the injector against a thief at the queue that it fills: the batch fits, whatever the thief takes and however full the queue was.
#[test]
fn injector_batch_against_thief() {
    model(|| {
        for queued in [0, CAPACITY - 1, CAPACITY] {
            let injector = Injector::new(1);
            let (queue, stealer) = Local::new();
            let mut handles = Vec::new();
            let mut make = || {
                let (task, _, handle) = marked();
                handles.push(handle);
                task
            };
            (0..queued).for_each(|_| assert!(queue.push(make()).is_ok()));
            (0..BATCH).for_each(|_| assert!(injector.push(make(), 0).is_ok()));
            let thief = thread::spawn(move || {
                let (mine, _stealer) = Local::new();
                let stolen = match stealer.steal(&mine) {
                    Steal::Task(task) => Some(task),
                    Steal::Empty | Steal::Retry => None,
                };
                count(stolen)
                    + std::iter::from_fn(|| mine.pop())
                        .map(|task| count(Some(task)))
                        .sum::<usize>()
            });
            let mut got = visit(&injector, &queue);
            got += thief.join().expect("the thief panicked");
            while !injector.is_empty() {
                got += visit(&injector, &queue);
            }
            assert_eq!(got, queued + BATCH, "each task comes out once");
            assert!(handles.iter().all(JoinHandle::is_finished));
        }
    });
}

/// Two push, and one is slow to show it: who goes to sleep after the other has announced its task sees that there is something, or is seen asleep, or has
/// the task. Likewise if it has just taken what was there before, so that the others find the bit set that it is about to clear.
#[test]
fn injector_shows_what_was_announced() {
    for before in [0, 1] {
        model(move || {
            let injector = Arc::new(Injector::new(1));
            let asleep = Arc::new(AtomicBool::new(false));
            let mut handles = Vec::new();
            for _ in 0..before {
                let (task, _, handle) = marked();
                assert!(injector.push(task, 0).is_ok());
                handles.push(handle);
            }
            let (slow, _, slow_handle) = marked();
            let (task, _, handle) = marked();
            handles.push(slow_handle);
            let slow = {
                let injector = injector.clone();
                thread::spawn(move || assert!(injector.push(slow, 0).is_ok()))
            };
            let announcer = {
                let (injector, asleep) = (injector.clone(), asleep.clone());
                thread::spawn(move || {
                    assert!(injector.push(task, 0).is_ok());
                    fence(SeqCst);
                    asleep.load(Relaxed)
                })
            };
            let (queue, _stealer) = Local::new();
            let _ = visit(&injector, &queue);
            asleep.store(true, Relaxed);
            fence(SeqCst);
            let in_sight = !injector.is_empty();
            let seen_asleep = announcer.join().expect("the announcer panicked");
            assert!(
                in_sight || seen_asleep || handle.is_finished(),
                "an announced task was overlooked"
            );
            slow.join().expect("the slow one panicked");
            while !injector.is_empty() {
                let _ = visit(&injector, &queue);
            }
            handles.push(handle);
            assert!(handles.iter().all(JoinHandle::is_finished));
        });
    }
}
