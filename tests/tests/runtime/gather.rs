//! Several futures in one task, by `gather` and `try_gather`.

use heist::sync::oneshot;
use heist::task::{self, coop};
use heist_tests::Shape;
use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Few and many.
const COUNTS: [usize; 5] = [1, 2, 3, 30, 200];

/// One is busy as long as the others have something to do, and spends the budget of the whole task at each of its turns.
pub(crate) fn none_starves_the_others(shape: Shape) {
    async fn part(is_busy: bool, left: &AtomicUsize) -> Result<(), ()> {
        if is_busy {
            while left.load(SeqCst) > 0 {
                coop::consume_budget().await;
            }
        } else {
            for _ in 0..3 {
                coop::consume_budget().await;
                task::yield_now().await;
            }
            left.fetch_sub(1, SeqCst);
        }
        Ok(())
    }

    shape.block_on(async {
        for count in COUNTS {
            for busy in [0, count / 2, count - 1] {
                let left = AtomicUsize::new(count - 1);
                let parts = || (0..count).map(|number| part(number == busy, &left));
                heist::gather(parts()).await;
                left.store(count - 1, SeqCst);
                heist::try_gather(parts()).await.unwrap();
                // As a part of another.
                left.store(count - 1, SeqCst);
                let nested = heist::gather([heist::gather(parts())]);
                heist::join!(nested, task::yield_now());
            }
        }
    });
}

/// All of them spend it.
pub(crate) fn all_are_busy(shape: Shape) {
    const COUNT: usize = 50;
    shape.block_on(async {
        let turns: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
        let is_over = AtomicBool::new(false);
        let part = |number: usize| {
            let (turns, is_over) = (&turns, &is_over);
            async move {
                while !is_over.load(SeqCst) {
                    for _ in 0..1_000 {
                        coop::consume_budget().await;
                    }
                    if turns[number].fetch_add(1, SeqCst) == 20 {
                        is_over.store(true, SeqCst);
                    }
                }
            }
        };
        heist::gather((0..COUNT).map(part)).await;
        let turns: Vec<_> = turns.iter().map(|turns| turns.load(SeqCst)).collect();
        assert!(turns.iter().all(|&turns| turns >= 19), "{turns:?}");
    });
}

/// Parts that wait for tasks, for other threads, and for nothing; and one poll of the whole for many wakes.
pub(crate) fn parts_that_are_woken_from_everywhere(shape: Shape) {
    const COUNT: usize = 100;
    let runtime = shape.running();
    for _ in 0..10 {
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..COUNT).map(|_| oneshot::channel::<usize>()).unzip();
        let part = |(number, mut received): (usize, oneshot::Receiver<usize>)| async move {
            for _ in 0..number % 4 {
                task::yield_now().await;
            }
            let nested = heist::spawn(async move { (&mut received).await.unwrap() });
            nested.await.unwrap()
        };
        let whole = runtime.spawn(heist::gather(receivers.into_iter().enumerate().map(part)));
        thread::scope(|scope| {
            let mut senders = senders.into_iter().enumerate();
            for _ in 0..4 {
                let share: Vec<_> = senders.by_ref().take(COUNT / 4).collect();
                scope.spawn(move || {
                    for (number, sender) in share.into_iter().rev() {
                        sender.send(number).unwrap();
                    }
                });
            }
        });
        let outputs = runtime.block_on(whole).unwrap();
        assert!(outputs.into_iter().eq(0..COUNT));
    }
}

/// `join!` and `try_join!` begin at another future each time, unless they are told not to.
pub(crate) fn biased_they_keep_their_order(shape: Shape) {
    async fn part(name: char, log: &Mutex<String>) -> Result<char, ()> {
        for _ in 0..3 {
            log.lock().unwrap().push(name);
            task::yield_now().await;
        }
        Ok(name)
    }

    shape.block_on(async {
        let log = Mutex::default();
        let said = || mem::take(&mut *log.lock().unwrap());
        let part = |name| part(name, &log);
        let all = heist::join!(part('a'), part('b'), part('c'));
        assert_eq!(all, (Ok('a'), Ok('b'), Ok('c')));
        assert_eq!(said(), "abcbcacab");
        let all = heist::join!(biased; part('a'), part('b'), part('c'),);
        assert_eq!(all, (Ok('a'), Ok('b'), Ok('c')));
        assert_eq!(said(), "abcabcabc");
        heist::try_join!(part('a'), part('b'), part('c')).unwrap();
        assert_eq!(said(), "abcbcacab");
        let all = heist::try_join!(biased; part('a'), part('b'), part('c'));
        assert_eq!(all, Ok(('a', 'b', 'c')));
        assert_eq!(said(), "abcabcabc");

        let failed = heist::try_join!(biased; part('a'), async { Err::<(), _>(()) }, part('c'));
        assert_eq!((failed, said()), (Err(()), "a".into()));
        heist::join!(biased;);
        assert_eq!(heist::try_join!(biased;), Ok::<(), ()>(()));
        // One of that name is a future like others.
        let biased = part('a');
        assert_eq!(heist::join!(biased), (Ok('a'),));
    });
}
