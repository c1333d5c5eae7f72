//! One closure over many inputs: order, back-pressure, failures, cancellation.

use futures_lite::StreamExt;
use futures_lite::future::{block_on, poll_once};
use heist_blocking_pool::{JoinError, Pool};
use std::cell::Cell;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

#[test]
fn results_come_in_the_order_of_the_inputs() {
    let pool = Pool::builder().max_threads(4).build();
    let expected: Vec<u32> = (0..1_000).map(|n| n * n).collect();

    let streamed: Vec<u32> = block_on(pool.map(0..1_000, |n| n * n).try_collect()).unwrap();
    assert_eq!(streamed, expected);
    let iterated: Result<Vec<u32>, _> = pool.map(0..1_000, |n| n * n).into_iter().collect();
    assert_eq!(iterated.unwrap(), expected);
}

#[test]
fn no_inputs_give_no_results() {
    let pool = Pool::new();
    assert!(block_on(pool.map([], |n: u8| n).next()).is_none());
    assert!(pool.map([], |n: u8| n).into_iter().next().is_none());
    assert_eq!(pool.metrics().num_threads(), 0);
}

/// The first input's job ends when the second's has begun, and so on: with one thread for each none waits in vain.
#[test]
fn as_many_run_at_once_as_there_are_threads() {
    let pool = Pool::builder().max_threads(3).build();
    let all_there = Arc::new(Barrier::new(3));
    let leaders = pool
        .map(0..300, move |_| all_there.wait().is_leader())
        .into_iter()
        .filter(|leader| *leader.as_ref().unwrap())
        .count();
    assert_eq!(leaders, 100);
    assert_eq!(pool.metrics().num_threads(), 3);
}

#[test]
fn inputs_are_taken_as_results_are() {
    let pool = Pool::builder().max_threads(2).build();
    let taken = Cell::new(0);
    let inputs = (0..100).inspect(|_| taken.set(taken.get() + 1));
    let mut results = pool.map(inputs, |n| n);
    assert_eq!(taken.get(), 0, "a stream does nothing until it is polled");
    for n in 0..90 {
        assert_eq!(block_on(results.next()).unwrap().unwrap(), n);
        assert_eq!(
            taken.get(),
            n + 4,
            "twice the threads, and one for each result"
        );
    }
}

#[test]
fn the_sizes_add_up() {
    let pool = Pool::builder().max_threads(2).build();
    let mut results = pool.map(0..10, |n| n).into_iter();
    for left in (0..10).rev() {
        results.next().unwrap().unwrap();
        assert_eq!(results.size_hint(), (left, Some(left)));
    }
    assert!(results.next().is_none());
    assert_eq!(results.size_hint(), (0, Some(0)));
}

#[test]
fn a_panic_is_the_result_of_its_input() {
    let pool = Pool::builder().max_threads(2).build();
    let results: Vec<Result<u32, JoinError>> = pool
        .map(0..5, |n| {
            assert!(n != 2, "two");
            n
        })
        .into_iter()
        .collect();
    for (n, result) in results.into_iter().enumerate() {
        match result {
            Ok(value) => assert_eq!(value as usize, n),
            Err(error) => {
                assert_eq!(n, 2);
                assert_eq!(error.to_string(), "the job panicked: two");
            }
        }
    }
}

#[test]
fn dropped_it_cancels_what_has_not_begun() {
    let pool = Pool::builder().max_threads(1).build();
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let released = Mutex::new(released);
    let runs = Arc::new(AtomicUsize::new(0));
    let mut results = pool
        .map(0..100, {
            let runs = runs.clone();
            move |_| {
                runs.fetch_add(1, Ordering::SeqCst);
                begin.send(()).unwrap();
                released.lock().unwrap().recv()
            }
        })
        .buffer(50);
    assert!(block_on(poll_once(results.next())).is_none());
    begun.recv().unwrap();
    drop(results);
    drop(release);
    pool.shutdown(None);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// With a queue that is smaller than the map's buffer, nothing is refused.
#[test]
fn a_full_queue_is_waited_for() {
    let pool = Pool::builder().max_threads(1).queue_limit(1).build();
    let results: Result<Vec<u32>, _> = pool.map(0..1_000, |n| n).buffer(10).into_iter().collect();
    assert!(results.unwrap().into_iter().eq(0..1_000));
}

/// What the queue had no room for is offered again with each result that is taken, not only when none of the map's jobs is left.
#[test]
fn a_full_queue_is_tried_again() {
    let pool = Pool::builder().max_threads(2).queue_limit(1).build();
    let (release, released) = mpsc::channel();
    let (third, thirds) = mpsc::channel();
    let released = Mutex::new(released);
    let mut results = pool
        .map(0..4, move |n| {
            match n {
                // It is released by the last one.
                1 => released.lock().unwrap().recv().unwrap(),
                2 => third.send(()).unwrap(),
                3 => release.send(()).unwrap(),
                _ => {}
            }
            n
        })
        .buffer(4)
        .into_iter();
    assert_eq!(results.next().unwrap().unwrap(), 0);
    // The queue has room from now on.
    thirds.recv().unwrap();
    for n in 1..4 {
        assert_eq!(results.next().unwrap().unwrap(), n);
    }
    assert!(results.next().is_none());
}

/// An iterator that has ended may go on, or wait for somebody at a terminal.
#[test]
fn inputs_are_asked_until_they_have_ended() {
    let pool = Pool::builder().max_threads(1).build();
    let mut asked = 0;
    let inputs = iter::from_fn(|| {
        asked += 1;
        (asked != 4).then_some(asked)
    });
    let results: Result<Vec<_>, _> = pool.map(inputs, |n| n).into_iter().collect();
    assert_eq!(results.unwrap(), [1, 2, 3]);
    assert_eq!(asked, 4);
}

/// If it is others whose jobs fill the pool, then no job of the map's own would end and make room: its input's result says so.
#[test]
fn a_queue_full_of_others_jobs_is_an_error() {
    let pool = Pool::builder().max_threads(1).queue_limit(0).build();
    let (release, released) = mpsc::channel::<()>();
    let other = pool.spawn(move || released.recv());
    let error = pool
        .map([1], |n| n)
        .into_iter()
        .next()
        .unwrap()
        .unwrap_err();
    assert!(error.is_cancelled());
    assert!(error.to_string().contains("queue is full"), "{error}");
    drop(release);
    assert!(other.join().is_ok());
}

#[test]
fn a_pool_that_is_shut_down_gives_an_error_for_each_input() {
    let pool = Pool::new();
    pool.shutdown(None);
    let results: Vec<_> = pool.map(0..3, |n| n).into_iter().collect();
    assert_eq!(results.len(), 3);
    assert!(
        results
            .iter()
            .all(|result| result.as_ref().is_err_and(JoinError::is_cancelled))
    );
}

#[test]
#[should_panic(expected = "give `buffer` 1 or more")]
fn no_buffer() {
    drop(Pool::new().map([1], |n: u8| n).buffer(0));
}
