//! The two halves that a stream is split into for good: what those of TCP and of Unix streams have in common.
//!
//! A stream comes in, shared by both; it goes out again when they are reunited. The public halves are the only callers.
#![forbid(unsafe_code)]

use rustix::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;

/// The half that writes. When it goes, the peer learns that nothing more comes.
#[derive(Debug)]
pub(super) struct WriteEnd<S: AsFd> {
    stream: Arc<S>,
    /// Whether the peer is still to be told.
    is_open: bool,
}

/// The halves of a stream: who reads shares it, who writes may end it.
pub(super) fn split<S: AsFd>(stream: S) -> (Arc<S>, WriteEnd<S>) {
    let stream = Arc::new(stream);
    let write = WriteEnd {
        stream: stream.clone(),
        is_open: true,
    };
    (stream, write)
}

/// The stream of these two halves.
///
/// # Errors
///
/// Both, if they are halves of different streams.
pub(super) fn reunite<S: AsFd>(
    read: Arc<S>,
    write: WriteEnd<S>,
) -> Result<S, (Arc<S>, WriteEnd<S>)> {
    if !Arc::ptr_eq(&read, &write.stream) {
        return Err((read, write));
    }
    write.forget();
    Ok(Arc::into_inner(read).expect("a stream has two halves"))
}

impl<S: AsFd> WriteEnd<S> {
    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Gives it up, and leaves the direction open.
    pub(super) fn forget(mut self) {
        self.is_open = false;
    }

    /// The direction was ended by its owner.
    pub(super) fn set_closed(&mut self) {
        self.is_open = false;
    }
}

impl<S: AsFd> Drop for WriteEnd<S> {
    fn drop(&mut self) {
        if self.is_open {
            // It fails only if there is nobody to be told.
            let _ = rustix::net::shutdown(&*self.stream, Shutdown::Write);
        }
    }
}
