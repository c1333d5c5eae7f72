//! What `watch` does.
