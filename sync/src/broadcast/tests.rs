//! What `broadcast` does.
