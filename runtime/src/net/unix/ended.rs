//! Whether a datagram socket has been told to receive no more, which Linux doesn't say to who doesn't let it block: it says `EAGAIN`, as of an empty queue.

#![forbid(unsafe_code)]

use crate::loom::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::io;

/// See the module.
#[derive(Debug)]
pub(super) struct Ended(AtomicBool);

impl Ended {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Before the kernel is told, which wakes who waits. Release, with the load's Acquire: who is woken by that sees it.
    pub(super) fn set(&self) {
        self.0.store(true, Release);
    }

    /// What `receive` comes to: if it would block when receiving has ended, `end`.
    pub(super) fn or_end<R>(
        &self,
        end: impl FnOnce() -> R,
        receive: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        // Asked first: what came before the end is received before it.
        let has_ended = self.0.load(Acquire);
        match receive() {
            Err(error) if has_ended && error.kind() == io::ErrorKind::WouldBlock => Ok(end()),
            result => result,
        }
    }
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{Arc, Mutex, model, thread};
    use std::collections::VecDeque;

    /// A datagram comes, then the end: who receives again and again gets both, in this order.
    #[test]
    fn datagram_end_against_receive() {
        model(|| {
            let socket = Arc::new((Mutex::new(VecDeque::new()), Ended::new()));
            let peer = thread::spawn({
                let socket = Arc::clone(&socket);
                move || {
                    socket.0.lock().push_back("datagram");
                    socket.1.set();
                }
            });
            let (queue, ended) = &*socket;
            let receive = || {
                let next = queue.lock().pop_front();
                next.ok_or_else(|| io::ErrorKind::WouldBlock.into())
            };
            let mut received = Vec::new();
            received.extend(ended.or_end(|| "end", receive));
            peer.join().expect("it sends");
            while received.last() != Some(&"end") {
                received.extend(ended.or_end(|| "end", receive));
            }
            assert_eq!(received, ["datagram", "end"]);
        });
    }
}
