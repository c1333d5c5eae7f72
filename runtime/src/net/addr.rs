//! From what a user calls an address to socket addresses.
//!
//! Whatever implements [`ToSocketAddrs`] comes in from `bind`, `connect` and [`lookup_host`]; socket addresses go out. Literal addresses are
//! there at once; names go to the resolver of the operating system, which blocks, on the blocking pool.
#![forbid(unsafe_code)]

use heist_sync::coop;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::vec;

/// What can be resolved to socket addresses: [`SocketAddr`] itself, a pair of host and port, a string `"host:port"`, or a slice of
/// addresses to try in turn.
///
/// The host is an IP address, or a name that the operating system's resolver knows. It is implemented for the same types as in
/// tokio, and nobody else can implement it.
///
/// # Examples
///
/// ```
/// use heist::net::{TcpListener, ToSocketAddrs};
/// use std::net::SocketAddr;
///
/// async fn listen(address: impl ToSocketAddrs) -> std::io::Result<TcpListener> {
///     TcpListener::bind(address).await
/// }
///
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     listen("127.0.0.1:0").await?;
///     listen(("127.0.0.1", 0)).await?;
///     listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
///     Ok(())
/// })
/// # }
/// ```
pub trait ToSocketAddrs: sealed::ToSocketAddrs {}

impl<T: sealed::ToSocketAddrs + ?Sized> ToSocketAddrs for T {}

/// Resolves a host to its addresses, as asyncio's `loop.getaddrinfo`.
///
/// # Errors
///
/// If the host cannot be resolved, or the address cannot be read (`InvalidInput`).
///
/// # Panics
///
/// Outside a runtime, if the host is a name.
///
/// # Cancel safety
///
/// Dropped, it has had no effect; a look-up that has begun ends on its thread, unheard.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// heist::run(async {
///     let mut addresses = heist::net::lookup_host("localhost:80").await?;
///     assert!(addresses.all(|address| address.ip().is_loopback()));
///     Ok(())
/// })
/// # }
/// ```
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    resolve(host).await
}

/// What an address names: addresses, or a host to look up.
#[derive(Debug)]
pub enum Named {
    /// One address.
    One(SocketAddr),
    /// Several addresses, to be tried in turn.
    Many(Vec<SocketAddr>),
    /// A name, which the resolver must be asked for, and a port.
    Host(String, u16),
    /// Nothing that can be read as an address.
    Nothing(&'static str),
}

/// The addresses that `host` names. Looking a name up is the only thing in it that waits.
pub(super) async fn resolve(host: impl ToSocketAddrs) -> io::Result<Addresses> {
    let named = host.named();
    // It may hold a reference to anything: it doesn't live across the await.
    drop(host);
    match named {
        Named::One(address) => Ok(Addresses::One(Some(address))),
        Named::Many(addresses) => Ok(Addresses::Many(addresses.into_iter())),
        Named::Nothing(reason) => Err(io::Error::new(io::ErrorKind::InvalidInput, reason)),
        Named::Host(name, port) => {
            let look_up = move || std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port));
            // Cancelled only if the runtime shuts down meanwhile.
            crate::spawn_blocking(look_up).await?.map(Addresses::Many)
        }
    }
}

/// Socket addresses, to be tried in turn.
#[derive(Debug)]
pub(super) enum Addresses {
    One(Option<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(address) => address.take(),
            Self::Many(addresses) => addresses.next(),
        }
    }
}

/// Tries `op` with each address that `host` names, until one succeeds; else gives the last error.
///
/// (Not an `AsyncFnMut`: the futures of one that borrows aren't known to be `Send`.)
pub(super) async fn try_each<T, F>(
    host: impl ToSocketAddrs,
    mut op: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut last = None;
    for address in resolve(host).await? {
        match op(address).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = Some(error),
        }
        // It may have failed at once: who tries for ever gives way now and then.
        coop::consume_budget().await;
    }
    Err(last.unwrap_or_else(nowhere))
}

/// The first address that `host` names.
pub(super) async fn first(host: impl ToSocketAddrs) -> io::Result<SocketAddr> {
    resolve(host).await?.next().ok_or_else(nowhere)
}

fn nowhere() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try")
}

mod sealed {
    use super::Named;

    /// What is behind the public trait, which has no method to call or to implement.
    pub trait ToSocketAddrs {
        fn named(&self) -> Named;
    }
}

impl<T: sealed::ToSocketAddrs + ?Sized> sealed::ToSocketAddrs for &T {
    fn named(&self) -> Named {
        (**self).named()
    }
}

impl sealed::ToSocketAddrs for SocketAddr {
    fn named(&self) -> Named {
        Named::One(*self)
    }
}

impl sealed::ToSocketAddrs for SocketAddrV4 {
    fn named(&self) -> Named {
        Named::One((*self).into())
    }
}

impl sealed::ToSocketAddrs for SocketAddrV6 {
    fn named(&self) -> Named {
        Named::One((*self).into())
    }
}

impl sealed::ToSocketAddrs for (IpAddr, u16) {
    fn named(&self) -> Named {
        Named::One((*self).into())
    }
}

impl sealed::ToSocketAddrs for (Ipv4Addr, u16) {
    fn named(&self) -> Named {
        Named::One((*self).into())
    }
}

impl sealed::ToSocketAddrs for (Ipv6Addr, u16) {
    fn named(&self) -> Named {
        Named::One((*self).into())
    }
}

impl sealed::ToSocketAddrs for [SocketAddr] {
    fn named(&self) -> Named {
        Named::Many(self.to_vec())
    }
}

impl sealed::ToSocketAddrs for Vec<SocketAddr> {
    fn named(&self) -> Named {
        Named::Many(self.clone())
    }
}

impl sealed::ToSocketAddrs for (&str, u16) {
    fn named(&self) -> Named {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(ip) => Named::One(SocketAddr::new(ip, port)),
            Err(_) => Named::Host(host.to_owned(), port),
        }
    }
}

impl sealed::ToSocketAddrs for (String, u16) {
    fn named(&self) -> Named {
        (self.0.as_str(), self.1).named()
    }
}

impl sealed::ToSocketAddrs for str {
    fn named(&self) -> Named {
        if let Ok(address) = self.parse() {
            return Named::One(address);
        }
        let Some((host, port)) = self.rsplit_once(':') else {
            return Named::Nothing("the address has no port: it is written `host:port`");
        };
        match port.parse() {
            Ok(port) => (host, port).named(),
            Err(_) => Named::Nothing("the port is not a number from 0 to 65535"),
        }
    }
}

impl sealed::ToSocketAddrs for String {
    fn named(&self) -> Named {
        self.as_str().named()
    }
}

#[cfg(all(test, not(heist_loom)))]
mod tests {
    use super::*;
    use sealed::ToSocketAddrs as _;
    use std::future;

    #[track_caller]
    fn assert_one(host: impl ToSocketAddrs, expected: &str) {
        match host.named() {
            Named::One(address) => assert_eq!(address, expected.parse().unwrap()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_literal_needs_no_resolver() {
        assert_one("127.0.0.1:80", "127.0.0.1:80");
        assert_one("[::1]:80", "[::1]:80");
        assert_one(String::from("1.2.3.4:5"), "1.2.3.4:5");
        assert_one(("::1", 80), "[::1]:80");
        assert_one((String::from("10.0.0.1"), 80), "10.0.0.1:80");
        assert_one((Ipv4Addr::LOCALHOST, 1), "127.0.0.1:1");
        assert_one((Ipv6Addr::LOCALHOST, 1), "[::1]:1");
        assert_one((IpAddr::V4(Ipv4Addr::LOCALHOST), 1), "127.0.0.1:1");
        assert_one(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), "127.0.0.1:1");
    }

    #[test]
    fn a_name_is_for_the_resolver() {
        for named in ["localhost:80".named(), ("localhost", 80).named()] {
            assert!(matches!(named, Named::Host(name, 80) if name == "localhost"));
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        assert!(matches!("localhost".named(), Named::Nothing(why) if why.contains("no port")));
        assert!(
            matches!("localhost:http".named(), Named::Nothing(why) if why.contains("not a number"))
        );
        assert!(matches!("localhost:65536".named(), Named::Nothing(_)));
    }

    #[test]
    fn several_addresses_are_tried_in_turn() {
        let addresses: Vec<SocketAddr> =
            vec![([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into()];
        let mut tried = Vec::new();
        let outcome = futures_lite::future::block_on(try_each(addresses.as_slice(), |address| {
            tried.push(address);
            future::ready(if address.port() == 2 {
                Ok(address)
            } else {
                Err(io::ErrorKind::AddrInUse.into())
            })
        }));
        assert_eq!(outcome.unwrap().port(), 2);
        assert_eq!(tried, addresses);
    }

    #[test]
    fn no_address_is_an_error() {
        let nothing: &[SocketAddr] = &[];
        let outcome = futures_lite::future::block_on(try_each(nothing, async |_| Ok(())));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
