//! What the system has in memory, read without waiting for a disk, and so by a worker.
//!
//! In: a buffer. Out: the bytes, or that a job has to read them. Linux says which (`RWF_NOWAIT`), for most of its file systems; elsewhere a job reads all.

#![forbid(unsafe_code)]

pub(super) use imp::Now;

#[cfg(all(target_os = "linux", not(heist_portable_reactor)))]
mod imp {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    use std::fs::File;
    use std::io::IoSliceMut;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    /// How much is read at once: as long as copying it takes, the worker's other tasks wait.
    const AT_ONCE: usize = 64 << 10;

    /// Stands for the cursor. (The kernel takes that for itself meanwhile: it waits for whoever reads by a clone of the descriptor.)
    const CURSOR: u64 = u64::MAX;

    /// The last offset that a file can have.
    const LAST: u64 = i64::MAX as u64;

    /// Whether that is worth a try. It is a mere hint: hence Relaxed.
    #[derive(Debug)]
    pub(in super::super) struct Now(AtomicBool);

    impl Default for Now {
        fn default() -> Self {
            Self(AtomicBool::new(true))
        }
    }

    impl Now {
        /// Reads from the offset, or at the cursor. None: it would have to wait; or it fails, of which the job will tell.
        pub(in super::super) fn read(
            &self,
            file: &File,
            buffer: &mut [u8],
            offset: Option<u64>,
        ) -> Option<usize> {
            if !self.0.load(Relaxed) || offset.is_some_and(|offset| offset > LAST) {
                return None;
            }
            let length = buffer.len().min(AT_ONCE);
            let buffers = &mut [IoSliceMut::new(&mut buffer[..length])];
            match preadv2(
                file,
                buffers,
                offset.unwrap_or(CURSOR),
                ReadWriteFlags::NOWAIT,
            ) {
                Ok(read) => Some(read),
                Err(Errno::AGAIN | Errno::INTR) => None,
                Err(_) => {
                    self.0.store(false, Relaxed);
                    None
                }
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", not(heist_portable_reactor))))]
mod imp {
    use std::fs::File;

    #[derive(Debug, Default)]
    pub(in super::super) struct Now(());

    impl Now {
        pub(in super::super) fn read(
            &self,
            _: &File,
            _: &mut [u8],
            _: Option<u64>,
        ) -> Option<usize> {
            None
        }
    }
}
