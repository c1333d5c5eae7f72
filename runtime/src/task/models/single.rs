//! What wants steps of its own.

use super::*;

/// A wake that finds the task scheduled already must publish what was written before it to the poll that comes (tokio's pull request 7622): the second
/// waker does no more than a read-modify-write, and the poll must see its value.
#[test]
fn wake_of_a_scheduled_task() {
    model(|| {
        let bench = Bench::new(0);
        let handle = spawn(&bench);
        bench.run_one();
        let first = bench.take_waker();
        let second = {
            let (bench, waker) = (bench.clone(), bench.take_waker());
            thread::spawn(move || {
                bench.publish();
                waker.wake_by_ref();
            })
        };
        // Publishes nothing; if it comes first the other finds the task scheduled.
        first.wake();
        bench.run_one();
        second.join().expect("the waker panicked");
        bench.run_all();
        assert_eq!(
            bench.futures_dropped.load(SeqCst),
            1,
            "what was published was missed"
        );
        drop(handle);
        bench.drop_wakers();
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
    });
}

/// Who awaits the handle is woken, whenever it came.
#[test]
fn joiner_is_woken() {
    model(|| {
        let bench = Bench::new(1);
        let mut handle = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let mut waiting = poll_handle(&mut handle);
        if waiting.is_some() {
            waiting = poll_handle(&mut handle);
        }
        worker.join().expect("the worker panicked");
        if let Some(joiner) = waiting {
            assert_eq!(joiner.woken.load(SeqCst), 1, "the joiner was left asleep");
            assert!(poll_handle(&mut handle).is_none());
        }
        drop(handle);
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
        assert_eq!(bench.outputs_dropped.load(SeqCst), 1);
    });
}

/// Spawn against completion on another thread against the close of the lists: nothing is left in them, and each task ends.
#[test]
fn spawn_against_completion_against_close() {
    model_within(2, || {
        let bench = Bench::new(1);
        let first = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let closer = {
            let bench = bench.clone();
            thread::spawn(move || bench.tasks.close())
        };
        let second = spawn(&bench);
        worker.join().expect("the worker panicked");
        closer.join().expect("the closer panicked");
        assert_eq!(bench.tasks.len(), 0);
        assert_eq!(bench.futures_dropped.load(SeqCst), 2);
        bench.run_all();
        for mut handle in [first, second] {
            assert!(poll_handle(&mut handle).is_none());
        }
        assert_eq!(bench.cells_freed.load(SeqCst), 2);
    });
}

/// The lists close while the queue still has the task's entry, and nobody else knows the task: the entry, void now, gives up the task's own reference, and the
/// cell must outlast the closer's.
#[test]
fn close_against_void_entry() {
    model(|| {
        let bench = Bench::new(0);
        drop(spawn(&bench));
        let popper = {
            let bench = bench.clone();
            thread::spawn(move || drop(bench.pop()))
        };
        bench.tasks.close();
        popper.join().expect("the popper panicked");
        drop(bench.pop());
        assert_eq!(bench.futures_dropped.load(SeqCst), 1);
        assert_eq!(bench.cells_freed.load(SeqCst), 1);
    });
}

/// All tasks are asked to end while one is polled and one is spawned: both end, be it that the one comes too late and is refused, and who waits for the last is woken.
#[test]
fn leaving_against_spawn_against_poll() {
    model_within(2, || {
        let bench = Bench::new(0);
        let first = spawn(&bench);
        let worker = {
            let bench = bench.clone();
            thread::spawn(move || bench.run_one())
        };
        let leaving = {
            let bench = bench.clone();
            thread::spawn(move || {
                let joiner = Arc::new(Joiner::default());
                bench.tasks.wake_when_empty(joiner.clone().into());
                bench.tasks.cancel_all();
                (!bench.tasks.is_empty()).then_some(joiner)
            })
        };
        let second = spawn(&bench);
        worker.join().expect("the worker panicked");
        let waiting = leaving.join().expect("who leaves panicked");
        bench.run_all();
        assert!(bench.tasks.is_empty(), "a task was not asked to end");
        assert_eq!(bench.futures_dropped.load(SeqCst), 2);
        if let Some(joiner) = waiting {
            assert_eq!(joiner.woken.load(SeqCst), 1, "who waits was left asleep");
        }
        drop((first, second));
        bench.drop_wakers();
        assert_eq!(bench.cells_freed.load(SeqCst), 2);
    });
}
