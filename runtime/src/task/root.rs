//! The future in `block_on`, which is no task, with the clean-ups that it leaves.
//!
//! Comes in: the future, and its polls, from the thread in `block_on`. Goes out: its output, or its panic, when the clean-ups are over as well.

#![forbid(unsafe_code)]

use super::clean_up::{CleanUps, Turn};
use super::frame::{self, Frame};
use crate::failure::{Payload, catch, report_panic};
use pin_project_lite::pin_project;
use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

pin_project! {
    /// See the module.
    pub(crate) struct Root<F: Future> {
        // Until it is over.
        #[pin]
        future: Option<F>,
        output: Option<Result<F::Output, Payload>>,
        clean_ups: CleanUps,
    }
}

impl<F: Future> Root<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(future),
            output: None,
            clean_ups: CleanUps::default(),
        }
    }
}

impl<F: Future> Future for Root<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !self.clean_ups.is_empty() {
            self.as_mut().poll_clean_ups(cx);
        }
        let mut this = self.as_mut().project();
        if this.future.is_some() {
            let frame = Frame::within();
            frame.run(|| {
                let future = this.future.as_mut().as_pin_mut();
                // The output may be large: it goes to its place at once.
                let polled = catch(|| match future.map(|future| future.poll(cx)) {
                    Some(Poll::Ready(output)) => *this.output = Some(Ok(output)),
                    Some(Poll::Pending) | None => {}
                });
                if polled.is_ok() && this.output.is_none() {
                    return;
                }
                let dropped = catch(|| this.future.set(None));
                // The first failure is the one to tell.
                if let Err(payload) = polled.and(dropped) {
                    *this.output = Some(Err(payload));
                }
            });
            if let Some(dropped) = frame.take_dropped() {
                this.clean_ups.add(*dropped);
                self.as_mut().poll_clean_ups(cx);
            }
        }
        let this = self.project();
        if !this.clean_ups.is_empty() {
            return Poll::Pending;
        }
        match this.output.take() {
            Some(Ok(output)) => Poll::Ready(output),
            Some(Err(payload)) => panic::resume_unwind(payload.into_inner()),
            None => Poll::Pending,
        }
    }
}

impl<F: Future> Root<F> {
    #[cold]
    fn poll_clean_ups(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let this = self.project();
        let mut turn = Turn::new(frame::id(), ptr::null(), cx);
        this.clean_ups.poll(&mut turn);
        for payload in turn.panics {
            match this.output {
                Some(output @ Ok(_)) => *output = Err(payload),
                _ => report_panic(format_args!("a clean-up in `block_on`"), &payload),
            }
        }
    }
}
