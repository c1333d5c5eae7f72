//! Standbys that come and go.

use super::*;

/// A standby goes home, while another worker steals from it and the runtime shuts down: each task comes out once.
#[test]
fn standby_leaves() {
    model_within(2, || {
        let injector = Arc::new(Injector::new(1));
        let (queue, stealer) = Local::new();
        let (first, _, first_handle) = marked();
        let (second, _, second_handle) = marked();
        assert!(queue.push(first).is_ok() && queue.push(second).is_ok());
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
        let closer = {
            let injector = injector.clone();
            thread::spawn(move || {
                let given_back = injector.close().into_iter();
                given_back.map(|task| count(Some(task))).sum::<usize>()
            })
        };
        let mut got = 0;
        while let Some(task) = queue.pop() {
            got += count(injector.push(task, 0).err());
        }
        got += thief.join().expect("the thief panicked");
        got += closer.join().expect("the closer panicked");
        assert_eq!(got, 2, "each task comes out once");
        assert!(first_handle.is_finished() && second_handle.is_finished());
    });
}

/// A standby goes home while another worker steals from it, one of its timers is cancelled elsewhere and the runtime shuts down: the task comes out once, and the
/// timers that are left are woken, each once.
#[test]
fn standby_leaves_its_timers() {
    model(|| {
        let injector = Arc::new(Injector::new(1));
        let (queue, stealer) = Local::new();
        let (task, _, handle) = marked();
        assert!(queue.push(task).is_ok());

        let timers = Arc::new(Timers::new(0, Clock::default(), Box::new(|| ())));
        let wakes: [_; 3] = std::array::from_fn(|_| std::sync::Arc::<Wakes>::default());
        // Far off, and more than a batch.
        let deadline = Clock::default().now() + Duration::from_secs(3_600);
        let [cancelled, second, third] = [0, 1, 2].map(|number: usize| {
            let _entered = timers.enter(None);
            let waker = Waker::from(wakes[number].clone());
            let mut sleep = Box::pin(sleep_until(deadline));
            let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            sleep
        });

        let thief = thread::spawn(move || match stealer.steal(&Local::new().0) {
            Steal::Task(task) => count(Some(task)),
            Steal::Empty | Steal::Retry => 0,
        });
        let closer = {
            let (injector, timers) = (injector.clone(), timers.clone());
            thread::spawn(move || {
                let given_back = injector.close().into_iter();
                let given_back: usize = given_back.map(|task| count(Some(task))).sum();
                timers.shutdown();
                given_back
            })
        };
        let canceller = thread::spawn(move || drop(cancelled));
        let mut got = 0;
        while let Some(task) = queue.pop() {
            got += count(injector.push(task, 0).err());
        }
        got += thief.join().expect("the thief panicked");
        got += closer.join().expect("the closer panicked");
        canceller.join().expect("the canceller panicked");
        assert_eq!(got, 1, "the task comes out once");
        assert!(handle.is_finished());

        assert_eq!(timers.shared().next_deadline(), None);
        drop((second, third));
        let woken = wakes.map(|wakes| {
            let wakes = std::sync::Arc::into_inner(wakes).expect("a waker has leaked");
            wakes.0.into_inner()
        });
        assert!(woken[0] <= 1);
        assert_eq!(woken[1..], [1, 1]);
    });
}

/// Counts its wakes. On `std`'s atomics, so that it orders nothing for the model.
#[derive(Default)]
struct Wakes(std::sync::atomic::AtomicUsize);

impl Wake for Wakes {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// The runtime shuts down while a standby starts: it sees that, or is summoned.
#[test]
fn standby_against_close() {
    model(|| {
        let (_queues, remotes) = Remotes::new(1, 1);
        let remotes = Arc::new(remotes);
        let closing = Arc::new(Closing::new());
        let standby = {
            let (remotes, closing) = (remotes.clone(), closing.clone());
            thread::spawn(move || {
                assert!(remotes.make_standby().is_some());
                closing.is_closed_to_newcomer()
            })
        };
        closing.close();
        let summoned = remotes.len() > 1;
        let saw = standby.join().expect("the standby panicked");
        assert!(saw || summoned, "it would sleep for ever");
    });
}
