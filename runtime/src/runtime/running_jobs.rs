//! Which blocking jobs run, and since when: a place for each thread of the pool, which alone writes to it, twice a job, under a lock that nobody else takes but who asks.
//!
//! Comes in: a job that begins, on its thread. Goes out: a [`TaskInfo`] of each that runs, to `Handle::tasks` and to the report of a shutdown.

#![forbid(unsafe_code)]

use crate::task::{Identity, Task, TaskInfo, TaskKind, TaskState};
use crate::time::Coarse;
use parking_lot::Mutex;
use std::cell::OnceCell;
use std::sync::{Arc, Weak};

/// See the module.
#[derive(Default)]
pub(super) struct RunningJobs(Mutex<Vec<Weak<Place>>>);

/// What one thread is about.
#[derive(Default)]
struct Place(Mutex<Option<Running>>);

struct Running {
    identity: Identity,
    born: Coarse,
    since: Coarse,
}

thread_local! {
    /// A thread of a pool belongs to that one for its life.
    static PLACE: OnceCell<Arc<Place>> = const { OnceCell::new() };
}

/// As long as it lives, the job runs on this thread.
pub(super) struct Begun(());

impl RunningJobs {
    /// This thread begins a job.
    pub(super) fn begin(&self, job: &Task) -> Begun {
        let running = Running {
            identity: job.header().identity(),
            born: job.header().born(),
            since: Coarse::now(),
        };
        PLACE.with(|place| {
            let place = place.get_or_init(|| self.add_thread());
            *place.0.lock() = Some(running);
        });
        Begun(())
    }

    #[cold]
    fn add_thread(&self) -> Arc<Place> {
        let place = Arc::default();
        let mut places = self.0.lock();
        places.retain(|place| place.strong_count() > 0);
        places.push(Arc::downgrade(&place));
        place
    }

    /// All that run.
    pub(super) fn list(&self) -> Vec<TaskInfo> {
        let places = self.0.lock();
        let info = |place: Arc<Place>| {
            let running = place.0.lock();
            running.as_ref().map(|running| TaskInfo {
                identity: running.identity.clone(),
                kind: TaskKind::Blocking,
                state: TaskState::Running,
                age: running.born.elapsed(),
                running_for: Some(running.since.elapsed()),
            })
        };
        places
            .iter()
            .filter_map(Weak::upgrade)
            .filter_map(info)
            .collect()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let ended = PLACE.with(|place| place.get().and_then(|place| place.0.lock().take()));
        drop(ended);
    }
}
