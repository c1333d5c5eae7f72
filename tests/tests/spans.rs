//! In which spans what a task says is said: its own, and those of the user's that it is in, its clean-ups included.
//!
//! `.ci/console` runs it, since feature `tracing` is on there.
#![cfg(console_without_tokio_unstable)]

use heist::task::{on_cancel, yield_now};
use heist_tests::Shape;
use std::future::pending;
use std::sync::{Arc, Mutex};
use tracing::{Event, Instrument, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// The spans of each event of this file, the outermost first.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<Vec<&'static str>>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == module_path!() {
            let scope = context.event_scope(event).expect("it is in a task");
            let spans = scope.from_root().map(|span| span.name());
            self.0.lock().unwrap().push(spans.collect());
        }
    }
}

/// Registered in a span of the user's, a clean-up is polled once that is left, and is in it still.
#[test]
fn a_clean_up_is_in_the_spans_that_it_was_registered_in() {
    let said = Said::default();
    let subscriber = tracing_subscriber::registry().with(said.clone());
    tracing::subscriber::with_default(subscriber, || {
        Shape::CurrentThread.block_on(async {
            let task = heist::spawn(async {
                let _outer = on_cancel(async { info!("cleaning up") });
                let inner = async {
                    let _inner = on_cancel(async {
                        info!("beginning");
                        yield_now().await;
                        info!("done");
                    });
                    pending::<()>().await;
                };
                inner.instrument(info_span!("inner")).await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
    });
    let (task, inner) = (
        ["runtime.spawn"].as_slice(),
        ["runtime.spawn", "inner"].as_slice(),
    );
    assert_eq!(*said.0.lock().unwrap(), [inner, inner, task]);
}
