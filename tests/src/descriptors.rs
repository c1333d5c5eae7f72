//! Which descriptors are open: for what is left in the end.

use std::env;
use std::fs;

/// How many descriptors the process has open. Without what is in `/proc`: the directory that is read here, and what the runtime's relief reads of a thread that does
/// not move, for a moment and on its own thread. And under ThreadSanitizer without pipes: it opens some itself, at any time, to a program that tells it names.
pub fn open_descriptors() -> usize {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let sanitized = env::var_os("TSAN_OPTIONS").is_some();
    links
        .filter(|link| !link.starts_with("/proc"))
        .filter(|link| !(sanitized && link.to_string_lossy().starts_with("pipe:")))
        .count()
}
