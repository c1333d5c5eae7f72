//! The options of a UDP socket: a system call each, and nothing of them is kept here.
#![forbid(unsafe_code)]

use super::UdpSocket;
use socket2::SockRef;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

impl UdpSocket {
    /// Whether it may send to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert!(!socket.broadcast()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        self.std().broadcast()
    }

    /// Sets whether it may send to broadcast addresses (`SO_BROADCAST`), which it may not by default.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.set_broadcast(true)?;
    ///     assert!(socket.broadcast()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.std().set_broadcast(on)
    }

    /// Whether what it sends to IPv4 groups comes back to this host (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert!(socket.multicast_loop_v4()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.std().multicast_loop_v4()
    }

    /// Sets whether what it sends to IPv4 groups comes back to this host (`IP_MULTICAST_LOOP`), which it does by default.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.set_multicast_loop_v4(false)?;
    ///     assert!(!socket.multicast_loop_v4()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.std().set_multicast_loop_v4(on)
    }

    /// The time to live of the packets that it sends to IPv4 groups, in hops (`IP_MULTICAST_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert_eq!(socket.multicast_ttl_v4()?, 1);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.std().multicast_ttl_v4()
    }

    /// Sets the time to live of the packets that it sends to IPv4 groups, in hops (`IP_MULTICAST_TTL`): 1 by default, which leaves no network.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.set_multicast_ttl_v4(7)?;
    ///     assert_eq!(socket.multicast_ttl_v4()?, 7);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_multicast_ttl_v4(&self, hops: u32) -> io::Result<()> {
        self.std().set_multicast_ttl_v4(hops)
    }

    /// Whether what it sends to IPv6 groups comes back to this host (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
    ///         // No IPv6 here.
    ///         return Ok(());
    ///     };
    ///     assert!(socket.multicast_loop_v6()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.std().multicast_loop_v6()
    }

    /// Sets whether what it sends to IPv6 groups comes back to this host (`IPV6_MULTICAST_LOOP`), which it does by default.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
    ///         // No IPv6 here.
    ///         return Ok(());
    ///     };
    ///     socket.set_multicast_loop_v6(false)?;
    ///     assert!(!socket.multicast_loop_v6()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.std().set_multicast_loop_v6(on)
    }

    /// The time to live of the packets that it sends, in hops (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert!(socket.ttl()? > 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.std().ttl()
    }

    /// Sets the time to live of the packets that it sends, in hops (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.set_ttl(7)?;
    ///     assert_eq!(socket.ttl()?, 7);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.std().set_ttl(hops)
    }

    /// The type of service of the IPv4 packets that it sends (`IP_TOS`): the byte with the DSCP and the ECN bits.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert_eq!(socket.tos_v4()?, 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn tos_v4(&self) -> io::Result<u32> {
        SockRef::from(self).tos_v4()
    }

    /// Sets the type of service of the IPv4 packets that it sends (`IP_TOS`): the byte with the DSCP and the ECN bits.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     // Expedited forwarding.
    ///     socket.set_tos_v4(46 << 2)?;
    ///     assert_eq!(socket.tos_v4()?, 184);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        SockRef::from(self).set_tos_v4(tos)
    }

    /// The traffic class of the IPv6 packets that it sends (`IPV6_TCLASS`): what the type of service is for IPv4.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
    ///         // No IPv6 here.
    ///         return Ok(());
    ///     };
    ///     assert_eq!(socket.tclass_v6()?, 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn tclass_v6(&self) -> io::Result<u32> {
        SockRef::from(self).tclass_v6()
    }

    /// Sets the traffic class of the IPv6 packets that it sends (`IPV6_TCLASS`): what the type of service is for IPv4.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
    ///         // No IPv6 here.
    ///         return Ok(());
    ///     };
    ///     socket.set_tclass_v6(46 << 2)?;
    ///     assert_eq!(socket.tclass_v6()?, 184);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn set_tclass_v6(&self, class: u32) -> io::Result<()> {
        SockRef::from(self).set_tclass_v6(class)
    }

    /// The name of the network device that it is bound to (`SO_BINDTODEVICE`), without a zero byte at its end; `None` if it is bound to none.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert_eq!(socket.device()?, None);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        SockRef::from(self).device()
    }

    /// Binds it to a network device by its name (`SO_BINDTODEVICE`): it sends and receives through that device alone. `None` undoes it.
    ///
    /// On some kernels that is for the administrator only.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     socket.bind_device(None)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    pub fn bind_device(&self, device: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(self).bind_device(device)
    }

    /// Makes the host a member of an IPv4 group, on the network device of this address; `0.0.0.0` lets the system choose the device (`IP_ADD_MEMBERSHIP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::net::Ipv4Addr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let group = Ipv4Addr::new(239, 1, 2, 3);
    ///     // On the device of this address: there may be no route to the group elsewhere.
    ///     socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.std().join_multicast_v4(&group, &interface)
    }

    /// Makes the host a member of an IPv6 group, on the network device of this index; 0 lets the system choose the device (`IPV6_ADD_MEMBERSHIP`).
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use heist::net::UdpSocket;
    /// use std::net::Ipv6Addr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("[::]:0").await?;
    ///     let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    ///     socket.join_multicast_v6(&group, 0)?;
    ///     socket.leave_multicast_v6(&group, 0)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.std().join_multicast_v6(group, interface)
    }

    /// Undoes [`UdpSocket::join_multicast_v4`] with the same arguments (`IP_DROP_MEMBERSHIP`). Closing the socket does, too.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    /// use std::net::Ipv4Addr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let group = Ipv4Addr::new(239, 1, 2, 3);
    ///     // On the device of this address: there may be no route to the group elsewhere.
    ///     socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    ///     socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.std().leave_multicast_v4(&group, &interface)
    }

    /// Undoes [`UdpSocket::join_multicast_v6`] with the same arguments (`IPV6_DROP_MEMBERSHIP`). Closing the socket does, too.
    ///
    /// # Errors
    ///
    /// Those of the system.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use heist::net::UdpSocket;
    /// use std::net::Ipv6Addr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("[::]:0").await?;
    ///     let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
    ///     socket.join_multicast_v6(&group, 0)?;
    ///     socket.leave_multicast_v6(&group, 0)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.std().leave_multicast_v6(group, interface)
    }

    /// Takes the error that the socket has had since the last call (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of the system, if it cannot be asked.
    ///
    /// # Examples
    ///
    /// ```
    /// use heist::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// heist::run(async {
    ///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
    ///     assert!(socket.take_error()?.is_none());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.std().take_error()
    }
}
