use super::*;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
struct W;
impl Wake for W {
    fn wake(self: Arc<Self>) {}
}
fn bench(name: &str, n: u32, mut f: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..15 {
        let s = Instant::now();
        for _ in 0..n {
            f()
        }
        best = best.min(s.elapsed().as_nanos() as f64 / n as f64);
    }
    println!("{name}: {best:.1} ns");
}
#[test]
#[ignore]
fn perf() {
    let timers = Timers::new(4, Clock::default(), Box::new(|| ()));
    let _e = timers.enter(Some(0));
    let noop = Waker::noop();
    let arc: Waker = Arc::new(W).into();
    bench("now", 100_000, || {
        std::hint::black_box(Instant::now());
    });
    bench("current+drop", 100_000, || {
        std::hint::black_box(timers::current());
    });
    bench("waker clone+drop", 100_000, || {
        std::hint::black_box(arc.clone());
    });
    bench("update noop", 100_000, || {
        timers.wheel(0).update(|s| {
            std::hint::black_box(s);
        });
    });
    let m = crate::loom::Mutex::new(0u64);
    bench("lock", 100_000, || {
        *m.lock() += 1;
    });
    bench("sleep new", 100_000, || {
        std::hint::black_box(sleep(Duration::from_secs(10)));
    });
    {
        let wheel = timers::current().unwrap();
        let at = Instant::now() + Duration::from_secs(10);
        let mut e = pin!(super::entry::Entry::new());
        bench("arm+disarm", 100_000, || {
            e.as_mut().arm(wheel.clone(), at, noop.clone());
            e.as_mut().disarm();
        });
    }
    for (n, w) in [("noop", noop), ("arc", &arc)] {
        let mut cx = Context::from_waker(w);
        bench(&format!("create+poll+drop {n}"), 100_000, || {
            let mut s = pin!(sleep(Duration::from_secs(10)));
            assert!(s.as_mut().poll(&mut cx).is_pending());
        });
        bench(&format!("create+poll*2+drop {n}"), 100_000, || {
            let mut s = pin!(sleep(Duration::from_secs(10)));
            assert!(s.as_mut().poll(&mut cx).is_pending());
            assert!(s.as_mut().poll(&mut cx).is_pending());
        });
    }
    let mut cx = Context::from_waker(&arc);
    let mut s = pin!(sleep(Duration::from_secs(10)));
    assert!(s.as_mut().poll(&mut cx).is_pending());
    bench("reset (with now)", 100_000, || {
        s.as_mut().reset(Instant::now() + Duration::from_secs(10))
    });
    if std::env::var("LOOP").is_ok() {
        for _ in 0..30_000_000 {
            let mut s = pin!(sleep(Duration::from_secs(10)));
            assert!(s.as_mut().poll(&mut cx).is_pending());
        }
    }
    let mut all: Vec<_> = (0..100_000u64)
        .map(|i| Box::pin(sleep(Duration::from_nanos(10_000_000_000 + i * 7919))))
        .collect();
    let t = Instant::now();
    for s in &mut all {
        assert!(s.as_mut().poll(&mut cx).is_pending());
    }
    println!(
        "arm 100k: {:.1} ns each",
        t.elapsed().as_nanos() as f64 / 1e5
    );
    bench("create+poll+drop over 100k", 100_000, || {
        let mut s = pin!(sleep(Duration::from_secs(10)));
        assert!(s.as_mut().poll(&mut cx).is_pending());
    });
    let t = Instant::now();
    let n = timers.wheel(0).turn(t + Duration::from_secs(20));
    println!(
        "fire {n}: {:.1} ns each",
        t.elapsed().as_nanos() as f64 / n as f64
    );
    // fire in small steps
    let mut all: Vec<_> = (0..100_000u64)
        .map(|i| Box::pin(sleep(Duration::from_nanos(100_000_000 + i * 100))))
        .collect();
    for s in &mut all {
        assert!(s.as_mut().poll(&mut cx).is_pending());
    }
    let now = Instant::now();
    let t = Instant::now();
    let mut n = 0;
    let mut k = 0;
    for i in 0..12_000 {
        n += timers.wheel(0).turn(now + Duration::from_micros(10 * i));
        k += 1;
    }
    println!(
        "fire {n} in {k} turns: {:.1} ns each",
        t.elapsed().as_nanos() as f64 / n as f64
    );
    println!(
        "sleep {} timeout<()> {} wheel {}",
        size_of::<Sleep>(),
        size_of::<Timeout<std::future::Ready<()>>>(),
        size_of::<Wheel>()
    );
}
