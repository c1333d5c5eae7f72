//! What cancels a [`CancellationToken`] when it is dropped.
#![forbid(unsafe_code)]

use super::CancellationToken;

/// Cancels its token when it is dropped: made by [`CancellationToken::drop_guard`].
///
/// # Examples
///
/// ```
/// use heist_sync::{CancellationToken, DropGuard};
///
/// struct Server {
///     _shutdown: DropGuard,
/// }
///
/// let token = CancellationToken::new();
/// let server = Server { _shutdown: token.clone().drop_guard() };
/// drop(server);
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it cancels the token"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token: Some(token) }
    }

    /// The token that it will cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let guard = CancellationToken::new().drop_guard();
    /// let child = guard.token().child_token();
    /// drop(guard);
    /// assert!(child.is_cancelled());
    /// ```
    pub fn token(&self) -> &CancellationToken {
        self.token.as_ref().expect("it has it until it is dropped")
    }

    /// Gives the token back, without cancelling it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new().drop_guard().disarm();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("it has it until it is dropped")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}

/// Cancels the token that it borrows when it is dropped: made by [`CancellationToken::drop_guard_ref`].
///
/// # Examples
///
/// ```
/// use heist_sync::{CancellationToken, DropGuardRef};
///
/// let token = CancellationToken::new();
/// let guard: DropGuardRef<'_> = token.drop_guard_ref();
/// assert!(!token.is_cancelled());
/// drop(guard);
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it cancels the token"]
pub struct DropGuardRef<'a> {
    token: Option<&'a CancellationToken>,
}

impl<'a> DropGuardRef<'a> {
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        Self { token: Some(token) }
    }

    /// The token that it will cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// assert_eq!(token.drop_guard_ref().token(), &token);
    /// ```
    pub fn token(&self) -> &'a CancellationToken {
        self.token.expect("it has it until it is dropped")
    }

    /// Gives the token back, without cancelling it.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist_sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let same: &CancellationToken = token.drop_guard_ref().disarm();
    /// assert!(!same.is_cancelled());
    /// ```
    pub fn disarm(mut self) -> &'a CancellationToken {
        self.token.take().expect("it has it until it is dropped")
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            token.cancel();
        }
    }
}
