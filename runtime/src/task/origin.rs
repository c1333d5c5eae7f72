//! Where a task comes from: one word in its header, which leads to the place of the spawn, or to that and all that few tasks have.
//!
//! Comes in: what a spawn says ([`Spawn`]); the runner's wish for the [`Details`]. Goes out: place and name, to whoever reports on the task. A plain spawn costs a word and no
//! allocation.

#![deny(unsafe_code)]

use super::clean_up::CleanUps;
use crate::loom::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::loom::cell::UnsafeCell;
use std::panic::Location;
use std::sync::Arc;

/// What a spawn says of its task.
#[derive(Clone, Copy)]
pub(crate) struct Spawn<'a> {
    pub(crate) place: &'static Location<'static>,
    pub(crate) name: Option<&'a str>,
}

impl Spawn<'_> {
    /// Without a name.
    #[inline]
    pub(crate) fn at(place: &'static Location<'static>) -> Self {
        Self { place, name: None }
    }
}

/// The word. With [`TAG`] it is a `Box<Details>`, without it a `&'static Location`. It gets the tag once at most, and never loses it.
pub(super) struct Origin(AtomicPtr<()>);

const TAG: usize = 1;

/// What few tasks have. It is made at the spawn, or by the runner, once at most, and goes with the cell.
///
/// Any thread that has the cell may look at it (rule 2): what is the runner's alone belongs in a cell of its own.
pub(super) struct Details {
    place: &'static Location<'static>,
    name: Option<Arc<str>>,
    pub(super) clean_ups: RunnersOwn<CleanUps>,
}

/// What only the runner touches (rule 3).
#[derive(Default)]
pub(super) struct RunnersOwn<T>(UnsafeCell<T>);

#[expect(unsafe_code, reason = "others see it, and leave it alone")]
// SAFETY: only one thread at a time touches it, and it goes from one to the other.
unsafe impl<T: Send> Sync for RunnersOwn<T> {}

impl<T> RunnersOwn<T> {
    /// # Safety
    ///
    /// The caller is the runner, and lends it to nobody else meanwhile.
    #[expect(unsafe_code, reason = "who calls it must be the runner")]
    pub(super) unsafe fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: nobody else touches it.
        self.0.with_mut(|own| f(unsafe { &mut *own }))
    }
}

/// Both leave the tag's bit free, and any thread may look at the details.
const _: () = {
    assert!(align_of::<Location<'static>>() > TAG && align_of::<Details>() > TAG);
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Details>();
};

impl Origin {
    #[inline]
    pub(super) fn new(spawn: Spawn<'_>) -> Self {
        Self(AtomicPtr::new(match spawn.name {
            None => plain(spawn.place),
            Some(_) => detailed(spawn),
        }))
    }

    /// Where the task was spawned.
    #[inline]
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place_and_name().0
    }

    /// The same, and the task's name.
    #[inline]
    pub(super) fn place_and_name(&self) -> (&'static Location<'static>, Option<&Arc<str>>) {
        match self.get() {
            Ok(place) => (place, None),
            Err(details) => (details.place, details.name.as_ref()),
        }
    }

    /// The details, if there are any: a load, which the runner can afford at each poll.
    #[inline]
    pub(super) fn known_details(&self) -> Option<&Details> {
        self.get().err()
    }

    /// The details, which are made if there are none. That is the runner's affair; if others do it at the same time all get the same.
    pub(super) fn details(&self) -> &Details {
        let place = match self.get() {
            Ok(place) => place,
            Err(details) => return details,
        };
        let made = detailed(Spawn::at(place));
        // Release: who finds them finds them made.
        let put = self
            .0
            .compare_exchange(plain(place), made, Release, Relaxed);
        if put.is_err() {
            #[expect(unsafe_code, reason = "nobody else knows them")]
            // SAFETY: it comes from `detailed`, and was put nowhere.
            drop(unsafe { Box::from_raw(untagged(made)) });
        }
        self.known_details().expect("they are there now")
    }

    /// Drops the details, if there are any. Explicitly, by who frees the cell: a destructor would be more, and every task would pay for it.
    #[inline]
    pub(super) fn drop_details(&mut self) {
        // Relaxed: who frees the cell has acquired all that was done with it.
        let word = self.0.load(Relaxed);
        if !is_plain(word) {
            self.0 = AtomicPtr::new(plain(self.place()));
            #[expect(unsafe_code, reason = "the word was a box")]
            // SAFETY: it comes from `detailed`, and nobody looks at it any more.
            drop(unsafe { Box::from_raw(untagged(word)) });
        }
    }

    #[inline]
    #[expect(unsafe_code, reason = "the word is one pointer or the other")]
    fn get(&self) -> Result<&'static Location<'static>, &Details> {
        // Acquire: the details were made before they were put here.
        let word = self.0.load(Acquire);
        if is_plain(word) {
            // SAFETY: it comes from `plain`.
            Ok(unsafe { &*word.cast_const().cast() })
        } else {
            // SAFETY: it comes from `detailed`, and is dropped with the cell.
            Err(unsafe { &*untagged(word) })
        }
    }
}

#[inline]
fn plain(place: &'static Location<'static>) -> *mut () {
    std::ptr::from_ref(place).cast_mut().cast()
}

#[cold]
fn detailed(spawn: Spawn<'_>) -> *mut () {
    let details = Box::new(Details {
        place: spawn.place,
        name: spawn.name.map(Arc::from),
        clean_ups: RunnersOwn::default(),
    });
    Box::into_raw(details).cast::<()>().wrapping_byte_add(TAG)
}

#[inline]
fn is_plain(word: *mut ()) -> bool {
    word.addr() & TAG == 0
}

#[inline]
fn untagged(word: *mut ()) -> *mut Details {
    word.wrapping_byte_sub(TAG).cast()
}

#[cfg(test)]
mod models {
    use super::*;
    use crate::loom::{Arc, atomic::AtomicUsize, model, thread};

    fn spawn() -> Spawn<'static> {
        Spawn::at(Location::caller())
    }

    /// A reader finds the place, whatever comes first; and if it finds the details it finds what was done before they were put there. Two who make them get the same.
    #[test]
    fn details_against_reader() {
        model(|| {
            let spawn = spawn();
            let mut origin = Arc::new(Origin::new(spawn));
            let published = Arc::new(AtomicUsize::new(0));
            let make = |origin: Arc<Origin>, published: Arc<AtomicUsize>| {
                published.store(1, Relaxed);
                std::ptr::from_ref(origin.details()).addr()
            };
            let reader = {
                let (origin, published) = (origin.clone(), published.clone());
                thread::spawn(move || {
                    if origin.known_details().is_some() {
                        let seen = published.load(Relaxed);
                        assert_eq!(seen, 1, "what was done before is not seen");
                    }
                    assert_eq!(origin.place_and_name(), (spawn.place, None));
                })
            };
            let another = {
                let (origin, published) = (origin.clone(), published.clone());
                thread::spawn(move || make(origin, published))
            };
            let made = make(origin.clone(), published);
            assert_eq!(another.join().expect("it makes them"), made);
            reader.join().expect("the reader panicked");
            let origin = Arc::get_mut(&mut origin).expect("the others have ended");
            origin.drop_details();
        });
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_with_the_place() {
        let place = Location::caller();
        let mut origin = Origin::new(Spawn {
            place,
            name: Some("worker"),
        });
        assert_eq!(origin.place_and_name(), (place, Some(&Arc::from("worker"))));
        assert!(std::ptr::eq(
            origin.details(),
            origin.known_details().expect("it has a name")
        ));
        origin.drop_details();
        assert_eq!(origin.place_and_name(), (place, None));
        assert_eq!(size_of::<Origin>(), size_of::<usize>());
    }
}
