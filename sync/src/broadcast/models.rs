//! The models of `broadcast`.
