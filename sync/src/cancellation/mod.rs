//! [`CancellationToken`]: tells a part of the program to stop, with all the parts it has.
//!
//! In come [`cancel`](CancellationToken::cancel) and what does it when it is dropped; out go wake-ups, to those that wait for
//! the token or one of its descendants. A token is an `Arc` of its node: the word which says whether it is cancelled,
//! where those that wait are listed ([`Changes`]), and its place in the tree (`tree.rs`), which is under one lock for
//! all of a tree.
#![forbid(unsafe_code)]

mod futures;
mod guard;
#[cfg(test)]
mod models;
#[cfg(all(test, not(heist_loom)))]
mod tests;
mod tree;

pub use futures::{WaitForCancellationFuture, WaitForCancellationFutureOwned};
pub use guard::{DropGuard, DropGuardRef};

use crate::changes::{Change, Changes, Changing, Version};
use crate::loom::Mutex;
use crate::loom::atomic::{AtomicBool, Ordering::Relaxed};
use crate::wait_list::WakeList;
use futures::RunUntilCancelled;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use tree::{Place, ROOT, Tree};

/// Tells tasks to stop: once [cancelled](Self::cancel), it stays so.
///
/// Its clones are the same token. A [child](Self::child_token) is cancelled with it, and its children with that; what is
/// cancelled below doesn't reach up. So each part of a program can be told to stop alone, or by what it is a part of.
///
/// Nothing stops by force: tasks wait for [`cancelled`](Self::cancelled) beside their work, ask
/// [`is_cancelled`](Self::is_cancelled) now and then, or have their work [dropped](Self::run_until_cancelled).
///
/// Children are cheap, and trees may be as deep and wide as there is memory: neither to cancel nor to drop one is
/// recursive. A token that is dropped while its children live is forgotten; they go on as children of its parent.
///
/// asyncio's `Task.cancel`, as a request that several tasks share and none can overlook.
///
/// # Examples
///
/// ```
/// use heist_sync::CancellationToken;
/// use std::thread;
///
/// # futures_lite::future::block_on(async {
/// let shutdown = CancellationToken::new();
/// let connection = shutdown.child_token();
/// thread::spawn(move || shutdown.cancel());
/// connection.cancelled().await;
/// # });
/// ```
#[derive(Clone)]
pub struct CancellationToken {
    node: Arc<Node>,
}

struct Node {
    /// Closed when it is cancelled, under the tree's lock, and after all its descendants.
    changes: Changes,
    /// It is about to be cancelled, and its children are already doomed: it gets no more. Under the tree's lock.
    is_doomed: AtomicBool,
    /// Once it is cancelled: the next of those whose waiters whoever has cancelled it has yet to wake.
    next_waited_for: Mutex<Option<Arc<Node>>>,
    tree: Arc<Mutex<Tree>>,
    /// Its own until it is cancelled or dropped.
    place: Place,
}

impl Drop for Node {
    fn drop(&mut self) {
        // Whoever cancels it has it in hand: from here on nobody does.
        if !self.changes.now().is_closed() {
            self.tree.lock().remove(self.place);
        }
    }
}

impl CancellationToken {
    /// A token that has no parent.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// assert!(!CancellationToken::new().is_cancelled());
    /// ```
    #[must_use = "it does nothing until somebody waits or cancels"]
    pub fn new() -> Self {
        let node = Node {
            changes: Changes::new(),
            is_doomed: AtomicBool::new(false),
            next_waited_for: Mutex::new(None),
            tree: Arc::new(Mutex::new(Tree::new())),
            place: ROOT,
        };
        Self {
            node: Arc::new(node),
        }
    }

    /// A token that is cancelled when this one is. It may be cancelled alone.
    ///
    /// Of a token that is cancelled, it is so from the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let parent = CancellationToken::new();
    /// let (one, two) = (parent.child_token(), parent.child_token());
    /// one.cancel();
    /// assert!(!parent.is_cancelled() && !two.is_cancelled());
    /// parent.cancel();
    /// assert!(two.is_cancelled() && parent.child_token().is_cancelled());
    /// ```
    #[must_use = "it makes a child, and leaves this one as it is"]
    pub fn child_token(&self) -> Self {
        let parent = &*self.node;
        let tree = Arc::clone(&parent.tree);
        let mut links = parent.tree.lock();
        let cancelled = self.is_cancelled() || parent.is_doomed.load(Relaxed);
        let node = Arc::new_cyclic(|node| Node {
            changes: Changes::new(),
            is_doomed: AtomicBool::new(false),
            next_waited_for: Mutex::new(None),
            tree,
            place: match cancelled {
                false => links.insert(parent.place, node.clone()),
                true => ROOT,
            },
        });
        if cancelled {
            // Nobody knows it yet, so nobody waits.
            let _ = node.changes.close();
        }
        Self { node }
    }

    /// Cancels this token and all its descendants, and wakes all that wait for one of them. If it is cancelled, does
    /// nothing.
    ///
    /// Descendants come first: of a token that is cancelled all descendants are. So it is when this returns, also if another
    /// thread is about to cancel the same token. Who waits is woken after that, and sees what was done before.
    ///
    /// # Panics
    ///
    /// If the waker of somebody who waits does, unless the thread panics already. All are cancelled and woken by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// token.cancel();
    /// assert!(token.is_cancelled());
    /// ```
    pub fn cancel(&self) {
        // A list through the nodes.
        let mut waited_for = None;
        while !self.is_cancelled() {
            let mut tree = self.node.tree.lock();
            if self.is_cancelled() {
                break;
            }
            // Whoever cancels in this tree: descendants of this one may be among the doomed.
            let next = tree.first_doomed();
            let next = next.unwrap_or_else(|| Arc::clone(&self.node));
            let mut is_waited_for = false;
            if tree.doom_children(next.place) {
                next.is_doomed.store(true, Relaxed);
            } else {
                tree.free(next.place);
                is_waited_for = next.changes.close().is_some();
            }
            // First: `next` may be the last reference to a node, which then needs the lock.
            drop(tree);
            if is_waited_for {
                *next.next_waited_for.lock() = waited_for.take();
                waited_for = Some(next);
            }
        }
        let mut wakers = WakeList::new();
        while let Some(node) = waited_for {
            node.changes.wake_by(&mut wakers);
            waited_for = node.next_waited_for.lock().take();
        }
        wakers.finish();
    }

    /// Whether it is cancelled. Once `true` it stays so.
    ///
    /// asyncio's `Task.cancelling`.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let same = token.clone();
    /// token.cancel();
    /// assert!(same.is_cancelled());
    /// ```
    #[inline]
    #[must_use = "it only asks"]
    pub fn is_cancelled(&self) -> bool {
        self.node.changes.now().is_closed()
    }

    /// Waits until it is cancelled.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::CancellationToken;
    ///
    /// # future::block_on(async {
    /// let token = CancellationToken::new();
    /// let work = async {
    ///     token.cancel();
    ///     future::pending::<&str>().await
    /// };
    /// let stopped = async {
    ///     token.cancelled().await;
    ///     "stopped"
    /// };
    /// assert_eq!(future::or(work, stopped).await, "stopped");
    /// # });
    /// ```
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture::new(self.wait())
    }

    /// As [`cancelled`](Self::cancelled), with a future that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// It can be dropped and called again, on a clone; nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// # futures_lite::future::block_on(async {
    /// let token = CancellationToken::new();
    /// let cancelled = token.clone().cancelled_owned();
    /// token.cancel();
    /// cancelled.await;
    /// # });
    /// ```
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned::new(Change::new(self, Version::FIRST))
    }

    /// A guard that cancels the token when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// drop(token.clone().drop_guard());
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard::new(self)
    }

    /// As [`drop_guard`](Self::drop_guard), with a guard that borrows the token.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// drop(token.drop_guard_ref());
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef::new(self)
    }

    /// Runs `future` until it is ready, or the token is cancelled: then the result is `None`.
    ///
    /// Of a token that is cancelled at the first poll, it isn't polled at all. Later it comes first: where it is ready
    /// and the token is cancelled, its output counts.
    ///
    /// # Cancel safety
    ///
    /// That of `future`, which is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::CancellationToken;
    ///
    /// # future::block_on(async {
    /// let token = CancellationToken::new();
    /// assert_eq!(token.run_until_cancelled(future::ready(1)).await, Some(1));
    /// token.cancel();
    /// assert_eq!(token.run_until_cancelled(future::ready(1)).await, None);
    /// # });
    /// ```
    pub fn run_until_cancelled<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<'_, F> {
        RunUntilCancelled::new(self.wait(), future)
    }

    /// As [`run_until_cancelled`](Self::run_until_cancelled), with a future that borrows nothing.
    ///
    /// # Cancel safety
    ///
    /// That of `future`, which is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future;
    /// use heist_sync::CancellationToken;
    ///
    /// # future::block_on(async {
    /// let token = CancellationToken::new();
    /// let work = token.clone().run_until_cancelled_owned(future::pending::<()>());
    /// let (outcome, ()) = future::zip(work, async { token.cancel() }).await;
    /// assert_eq!(outcome, None);
    /// # });
    /// ```
    pub fn run_until_cancelled_owned<F: Future>(
        self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<F> {
        RunUntilCancelled::new(Change::new(self, Version::FIRST), future)
    }

    fn wait(&self) -> Change<&Changes> {
        Change::new(&self.node.changes, Version::FIRST)
    }
}

impl Changing for CancellationToken {
    fn changes(&self) -> &Changes {
        &self.node.changes
    }
}

/// Whether both are the same token, or clones of it.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.node).hash(state);
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

// A panic leaves it as it was: no foreign code runs under its locks.
impl UnwindSafe for CancellationToken {}
impl RefUnwindSafe for CancellationToken {}
