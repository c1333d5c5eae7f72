//! The watch: who keeps it, and who takes it over.

use super::*;

/// A watcher that stops ticking against a worker that gets up: either the watcher sees it awake, and ticks on, or it is unparked.
#[test]
fn watch_is_kept() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        idle.fall_asleep(1, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(1));
                idle.relieve_watch(1)
            })
        };
        let quiet = idle.stop_ticking();
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            !quiet || unparked == Some(Keeper::Worker(0)),
            "somebody runs, and nobody watches"
        );
        assert_eq!(idle.watcher(), Some(0));
    });
}

/// A watcher that ticks no more and another worker get up at once: whoever goes to sleep next can take the watch.
#[test]
fn watch_outlives_two_risers() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        idle.fall_asleep(1, false);
        assert!(idle.take_watch(0));
        assert!(idle.stop_ticking());
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(1));
                let _ = idle.relieve_watch(1);
            })
        };
        assert!(idle.get_up(0));
        let _ = idle.relieve_watch(0);
        riser.join().expect("the riser panicked");
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0), "nobody can keep watch any more");
    });
}

/// A change that the watcher looks at before it sleeps (the shared timers' deadline) against a worker that takes the watch.
#[test]
fn watcher_is_roused() {
    model(|| {
        let idle = Arc::new(Idle::new(1, false));
        let deadline = Arc::new(AtomicUsize::new(0));
        idle.fall_asleep(0, false);
        let changer = {
            let (idle, deadline) = (idle.clone(), deadline.clone());
            thread::spawn(move || {
                deadline.store(1, Relaxed);
                idle.watcher_to_rouse()
            })
        };
        assert!(idle.take_watch(0));
        let seen = deadline.load(Relaxed) == 1;
        let roused = changer.join().expect("the changer panicked");
        assert!(
            seen || roused == Some(0),
            "the watcher sleeps on an old deadline"
        );
    });
}

/// The watcher gets up while another goes to sleep: that one takes over the watch, or is unparked to do so.
#[test]
fn watch_is_handed_on() {
    model(|| {
        let idle = Arc::new(Idle::new(2, false));
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        idle.fall_asleep(1, false);
        let taken = idle.take_watch(1);
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            taken || unparked == Some(Keeper::Worker(1)),
            "one sleeps, and nobody watches"
        );
    });
}

/// The sentinel has had nothing to do and goes, while the only worker gets up and hands the watch to it: it stays, or another is called.
#[test]
fn watch_is_handed_to_the_sentinel() {
    model(|| {
        let idle = Arc::new(Idle::new(1, true));
        assert!(idle.arrive());
        idle.fall_asleep(0, false);
        assert!(idle.get_up(0));
        assert_eq!(idle.relieve_watch(0), Some(Keeper::Sentinel));
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        let went = idle.end_watch();
        let called = riser.join().expect("the riser panicked");
        assert!(
            !went || called == Some(Keeper::Sentinel),
            "the worker runs, and nobody watches"
        );
        assert!(idle.is_sentinels());
    });
}

/// The watcher gets up, so that the sentinel may have the watch, while another goes to sleep: that one takes it over, or is unparked to do so.
#[test]
fn watch_is_taken_from_the_sentinel() {
    model(|| {
        let idle = Arc::new(Idle::new(2, true));
        assert!(!idle.arrive());
        assert!(idle.arrive());
        idle.fall_asleep(0, false);
        assert!(idle.take_watch(0));
        let riser = {
            let idle = idle.clone();
            thread::spawn(move || {
                assert!(idle.get_up(0));
                idle.relieve_watch(0)
            })
        };
        idle.fall_asleep(1, false);
        let taken = idle.take_watch(1);
        let unparked = riser.join().expect("the riser panicked");
        assert!(
            taken || unparked == Some(Keeper::Worker(1)),
            "one sleeps, and does not watch"
        );
    });
}
