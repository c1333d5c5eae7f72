//! What a task gives is taken by another thread.

use std::rc::Rc;

fn main() {
    heist::spawn(async { Rc::new(1) });
    heist::spawn_blocking(|| Rc::new(1));
}
