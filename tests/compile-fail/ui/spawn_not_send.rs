//! A task may be polled by any worker, so what it holds while it waits must be `Send`. The error names it, and the await.

use heist::task::yield_now;
use std::rc::Rc;

fn main() {
    heist::spawn(async {
        let local = Rc::new(1);
        yield_now().await;
        println!("{local}");
    });
}
