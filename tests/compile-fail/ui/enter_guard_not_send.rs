//! A guard is its thread's: a task that held one while it waits could not be moved to another worker.

use heist::runtime::Handle;
use heist::task::yield_now;

fn main() {
    heist::spawn(async {
        let handle = Handle::current();
        let _guard = handle.enter();
        yield_now().await;
    });
}
