#![allow(clippy::disallowed_methods)]
pub(crate) use std::time::Instant;
pub(crate) struct Clock;
impl Clock {
    pub(crate) fn new() -> Self {
        Clock
    }
    pub(crate) fn now(&self) -> Instant {
        Instant::now()
    }
}
pub(crate) struct Timers(Clock, Wheel);
pub(crate) struct Wheel;
pub(crate) struct Entered;
impl Wheel {
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        None
    }
    pub(crate) fn turn(&self, _: Instant) -> usize {
        0
    }
}
impl Timers {
    pub(crate) fn new(_: usize, c: Clock, _: Box<dyn Fn() + Send + Sync>) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self(c, Wheel))
    }
    pub(crate) fn enter(self: &std::sync::Arc<Self>, _: Option<usize>) -> Entered {
        Entered
    }
    pub(crate) fn wheel(&self, _: usize) -> &Wheel {
        &self.1
    }
    pub(crate) fn shared(&self) -> &Wheel {
        &self.1
    }
    pub(crate) fn clock(&self) -> &Clock {
        &self.0
    }
    pub(crate) fn shutdown(&self) {}
}
