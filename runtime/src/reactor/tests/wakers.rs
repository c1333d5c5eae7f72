//! Wakers that panic, waits that are leaked.

use super::*;

/// A waker that panics, in any of its parts, and counts what is left of it.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_loses_nothing_for_the_others() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let panics = Waker::from(Arc::new(Panics));
        let (task, waker) = Task::new(reactor);
        let sockets = [pair(), pair()];
        let mut buffer = [0; 8];
        for ((ours, theirs), waker) in sockets.iter().zip([&panics, &waker]) {
            assert!(poll_read(ours, waker, &mut buffer).is_pending());
            let mut wait = Box::pin(ours.ready(Interest::READABLE));
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&panics))
                    .is_pending()
            );
            let mut theirs = theirs;
            theirs.write_all(b"data").unwrap();
            // Leaked while it waits: its memory stays, and it is woken like the others.
            std::mem::forget(wait);
        }
        while task.wakes() == 0 {
            turn(reactor, None);
        }
        for (ours, _) in &sockets {
            assert_ready(poll_read(ours, &waker, &mut buffer), 4);
        }
    });
}

/// What the code panics with.
#[track_caller]
fn panic_of(code: impl FnOnce()) -> &'static str {
    let panic = catch_unwind(AssertUnwindSafe(code)).expect_err("it should have panicked");
    panic.downcast_ref::<&str>().expect("a literal")
}

#[test]
fn a_clone_that_panics_leaves_who_waited() {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("a waker's clone"), |_| (), |_| (), |_| ());
    // SAFETY: its functions use no data.
    let panics = unsafe { Waker::new(std::ptr::null(), &VTABLE) };
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, mut theirs) = pair();
        let (reader, read_waker) = Task::new(reactor);
        let (waiter, wait_waker) = Task::new(reactor);
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let mut wait = pin!(reactor.slab.slot(ours.slot).wait_for(Interest::READABLE));
        let mut poll = |waker: &Waker| wait.as_mut().poll(&mut Context::from_waker(waker));
        let mut buffer = [0; 8];
        // When nobody waits yet, and then beside the former.
        for _ in 0..2 {
            assert_eq!(panic_of(|| _ = poll(&panics)), "a waker's clone");
            let read = || _ = poll_read(&ours, &panics, &mut [0; 8]);
            assert_eq!(panic_of(read), "a waker's clone");
            assert!(poll(&wait_waker).is_pending());
            assert!(poll_read(&ours, &read_waker, &mut buffer).is_pending());
        }
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!((reader.wakes(), waiter.wakes()), (1, 1));
        assert!(poll(&panics).is_ready());
        assert_ready(poll_read(&ours, &panics, &mut buffer), 4);
    });
}

#[test]
fn a_drop_that_panics_leaves_the_slot_to_the_next() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a waker's drop");
        }
    }
    // The slot has the last of it.
    fn read_clumsily(ours: &Registered<UnixStream>) {
        let waker = Waker::from(Arc::new(Panics));
        assert!(poll_read(ours, &waker, &mut [0; 8]).is_pending());
    }
    fn wait(slot: &Slot, waker: Waker) -> Pin<Box<Wait<'_>>> {
        let mut wait = Box::pin(slot.wait_for(Interest::READABLE));
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        wait
    }
    fn wait_clumsily(slot: &Slot) -> Pin<Box<Wait<'_>>> {
        wait(slot, Waker::from(Arc::new(Panics)))
    }
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (task, waker) = Task::new(reactor);
        let cx = &mut Context::from_waker(&waker);
        let mut buffer = [0; 8];

        // Replaced by another waker, which waits.
        let (ours, mut theirs) = pair();
        let slot = reactor.slab.slot(ours.slot);
        read_clumsily(&ours);
        let read = || _ = poll_read(&ours, &waker, &mut [0; 8]);
        assert_eq!(panic_of(read), "a waker's drop");
        let mut replaced = wait_clumsily(slot);
        let poll = || _ = replaced.as_mut().poll(cx);
        assert_eq!(panic_of(poll), "a waker's drop");
        // Dropped with its future, which leaves the list.
        let dropped = wait_clumsily(slot);
        assert_eq!(panic_of(|| drop(dropped)), "a waker's drop");
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 2);
        assert_ready(poll_read(&ours, &waker, &mut buffer), 4);

        // Woken, before others.
        read_clumsily(&ours);
        let waits = (wait_clumsily(slot), wait(slot, waker.clone()));
        theirs.write_all(b"more").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 1);
        assert_ready(poll_read(&ours, &waker, &mut buffer), 4);
        drop((waits, replaced));

        // Dropped with its socket, whose descriptor is closed, and whose slot is free.
        read_clumsily(&ours);
        let slot = ours.slot;
        assert_eq!(panic_of(|| drop(ours)), "a waker's drop");
        assert_eq!(theirs.read(&mut buffer).unwrap(), 0);
        let (next, mut theirs) = pair();
        assert_eq!(next.slot, slot);
        assert!(poll_read(&next, &waker, &mut buffer).is_pending());
        theirs.write_all(b"data").unwrap();
        turn(reactor, None);
        assert_eq!(task.wakes(), 1);
        assert_ready(poll_read(&next, &waker, &mut buffer), 4);
    });
}

#[test]
fn a_leaked_wait_does_not_outlive_the_registration() {
    each_kind(|reactor| {
        let _entered = reactor.enter();
        let (ours, _theirs) = pair();
        let (task, waker) = Task::new(reactor);
        ours.try_io(Interest::READABLE, |mut stream| stream.read(&mut [0]))
            .unwrap_err();
        let mut wait = Box::pin(ours.ready(Interest::READABLE));
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        std::mem::forget(wait);
        assert_eq!(Arc::strong_count(&task), 3);
        drop(ours);
        assert_eq!(Arc::strong_count(&task), 2);

        let (ours, mut theirs) = pair();
        theirs.write_all(b"data").unwrap();
        assert!(poll_read(&ours, Waker::noop(), &mut [0; 8]).is_ready());
        turn(reactor, NOW);
        assert_eq!(task.wakes(), 0);
    });
}
