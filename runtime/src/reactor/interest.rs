//! What a task can wait for on a descriptor, and what the kernel says of it.
//!
//! Tasks come in with an [`Interest`]; a [`Ready`] goes out. The bits of a [`Ready`] are those of the readiness word
//! (`readiness.rs`). Both are public through `heist::io`.
#![forbid(unsafe_code)]

use std::fmt;
use std::ops;

/// What a task waits for on a socket or descriptor.
///
/// # Examples
///
/// ```
/// use heist::io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Something to read, or the end of what there is to read.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!(Interest::READABLE.is_readable());
    /// ```
    pub const READABLE: Self = Self(1 << 0);
    /// Room to write, or nobody there to read it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!(Interest::WRITABLE.is_writable());
    /// ```
    pub const WRITABLE: Self = Self(1 << 1);
    /// Urgent data: on a TCP socket, out-of-band bytes. (macOS and the BSDs don't tell of any.)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!(Interest::PRIORITY.is_priority());
    /// ```
    pub const PRIORITY: Self = Self(1 << 2);
    /// An error that the next operation on the descriptor returns. (macOS and the BSDs tell of it only by that it is readable and
    /// writable.)
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!(Interest::ERROR.is_error());
    /// ```
    pub const ERROR: Self = Self(1 << 3);

    /// Both this and `other`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// let both = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(both, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[must_use = "it returns the union, and changes nothing"]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This without `other`; `None` if nothing is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// let both = Interest::READABLE | Interest::WRITABLE;
    /// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
    /// assert_eq!(both.remove(both), None);
    /// ```
    #[must_use = "it returns the rest, and changes nothing"]
    pub const fn remove(self, other: Self) -> Option<Self> {
        match self.0 & !other.0 {
            0 => None,
            rest => Some(Self(rest)),
        }
    }

    /// Whether it includes [`Interest::READABLE`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::WRITABLE).is_readable());
    /// assert!(!Interest::WRITABLE.is_readable());
    /// ```
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.includes(Self::READABLE)
    }

    /// Whether it includes [`Interest::WRITABLE`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::WRITABLE).is_writable());
    /// assert!(!Interest::READABLE.is_writable());
    /// ```
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.includes(Self::WRITABLE)
    }

    /// Whether it includes [`Interest::PRIORITY`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!((Interest::PRIORITY | Interest::READABLE).is_priority());
    /// assert!(!Interest::READABLE.is_priority());
    /// ```
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.includes(Self::PRIORITY)
    }

    /// Whether it includes [`Interest::ERROR`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Interest;
    ///
    /// assert!((Interest::ERROR | Interest::READABLE).is_error());
    /// assert!(!Interest::READABLE.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.includes(Self::ERROR)
    }

    const fn includes(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Every bit of which one is enough to satisfy it.
    #[inline]
    pub(crate) const fn mask(self) -> Ready {
        let mut mask = 0;
        if self.is_readable() {
            mask |= Ready::READABLE.0 | Ready::READ_CLOSED.0;
        }
        if self.is_writable() {
            mask |= Ready::WRITABLE.0 | Ready::WRITE_CLOSED.0;
        }
        if self.is_priority() {
            mask |= Ready::PRIORITY.0 | Ready::READ_CLOSED.0;
        }
        if self.is_error() {
            mask |= Ready::ERROR.0;
        }
        Ready(mask)
    }
}

impl ops::BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl ops::BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["READABLE", "WRITABLE", "PRIORITY", "ERROR"];
        write_names(f, self.0, &names)
    }
}

/// What the kernel last said of a socket or descriptor.
///
/// It is a hint: an operation may still find nothing to do, and then waits again.
///
/// # Examples
///
/// ```
/// use heist::io::Ready;
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && ready.is_read_closed());
/// assert_eq!(ready - Ready::READ_CLOSED, Ready::READABLE);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::EMPTY.is_empty());
    /// ```
    pub const EMPTY: Self = Self(0);
    /// There is something to read.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::READABLE.is_readable());
    /// ```
    pub const READABLE: Self = Self(1 << 0);
    /// There is room to write.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::WRITABLE.is_writable());
    /// ```
    pub const WRITABLE: Self = Self(1 << 1);
    /// Nothing more will come: the peer has closed its writing half, or both.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// // A read gives the end at once.
    /// assert!(Ready::READ_CLOSED.is_readable());
    /// ```
    pub const READ_CLOSED: Self = Self(1 << 2);
    /// Nothing more can be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// // A write gives an error at once.
    /// assert!(Ready::WRITE_CLOSED.is_writable());
    /// ```
    pub const WRITE_CLOSED: Self = Self(1 << 3);
    /// There is urgent data.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::PRIORITY.is_priority());
    /// ```
    pub const PRIORITY: Self = Self(1 << 4);
    /// There has been an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::ERROR.is_error());
    /// ```
    pub const ERROR: Self = Self(1 << 5);
    /// Everything.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert_eq!(Ready::ALL - Ready::ALL, Ready::EMPTY);
    /// ```
    pub const ALL: Self = Self((1 << 6) - 1);

    /// Whether it says nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!((Ready::READABLE & Ready::WRITABLE).is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read would not have to wait: there is data, or its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::READABLE.is_readable() && Ready::READ_CLOSED.is_readable());
    /// assert!(!Ready::WRITABLE.is_readable());
    /// ```
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.intersects(Interest::READABLE.mask())
    }

    /// Whether a write would not have to wait: there is room, or an error to return.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::WRITABLE.is_writable() && Ready::WRITE_CLOSED.is_writable());
    /// assert!(!Ready::READABLE.is_writable());
    /// ```
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.intersects(Interest::WRITABLE.mask())
    }

    /// Whether it includes [`Ready::READ_CLOSED`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::READ_CLOSED.is_read_closed());
    /// assert!(!Ready::READABLE.is_read_closed());
    /// ```
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.intersects(Self::READ_CLOSED)
    }

    /// Whether it includes [`Ready::WRITE_CLOSED`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::WRITE_CLOSED.is_write_closed());
    /// assert!(!Ready::WRITABLE.is_write_closed());
    /// ```
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.intersects(Self::WRITE_CLOSED)
    }

    /// Whether it includes [`Ready::PRIORITY`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::PRIORITY.is_priority());
    /// assert!(!Ready::READABLE.is_priority());
    /// ```
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.intersects(Self::PRIORITY)
    }

    /// Whether it includes [`Ready::ERROR`].
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::io::Ready;
    ///
    /// assert!(Ready::ERROR.is_error());
    /// assert!(!Ready::READABLE.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.intersects(Self::ERROR)
    }

    #[inline]
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    #[inline]
    pub(super) const fn bits(self) -> u64 {
        self.0 as u64
    }

    /// The readiness in the lowest bits of a word.
    #[inline]
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits as u8 & Self::ALL.0)
    }
}

impl ops::BitOr for Ready {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl ops::BitOrAssign for Ready {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl ops::BitAnd for Ready {
    type Output = Self;

    #[inline]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl ops::Sub for Ready {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            "READABLE",
            "WRITABLE",
            "READ_CLOSED",
            "WRITE_CLOSED",
            "PRIORITY",
            "ERROR",
        ];
        write_names(f, self.0, &names)
    }
}

/// Writes the names of the bits that are set, `EMPTY` if none is.
fn write_names(f: &mut fmt::Formatter<'_>, bits: u8, names: &[&str]) -> fmt::Result {
    let mut separator = "";
    for (_, name) in names
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits & 1 << bit != 0)
    {
        write!(f, "{separator}{name}")?;
        separator = " | ";
    }
    if separator.is_empty() {
        f.write_str("EMPTY")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_satisfies_who_waits_for_data() {
        assert!(Ready::READ_CLOSED.is_readable());
        assert!(!Ready::READ_CLOSED.is_writable());
        assert!(Ready::WRITE_CLOSED.is_writable());
        assert!(!Ready::ERROR.is_readable());
    }

    #[test]
    fn they_print_their_names() {
        assert_eq!(
            format!("{:?}", Ready::READABLE | Ready::ERROR),
            "READABLE | ERROR"
        );
        assert_eq!(format!("{:?}", Ready::EMPTY), "EMPTY");
        assert_eq!(
            format!("{:?}", Interest::READABLE | Interest::PRIORITY),
            "READABLE | PRIORITY"
        );
    }
}
