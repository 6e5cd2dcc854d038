//! Three network namespaces and two virtual cables: near, where COMMAND lives; wire; and far, with every device.
//!
//! `enter` must run before any second thread exists: with one, `unshare(CLONE_NEWUSER)` is refused. Every step
//! is taken alone, so that the one that is refused can be named. A netlink socket belongs to the namespace of
//! the thread that opened it, whatever the thread does afterwards.

mod cable;

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;

use caps::{CapSet, Capability};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};
use rtnetlink::Handle;
use socket2::{Domain, Socket, Type};

use crate::lab::addressing::{Addressing, Ends};
use crate::lab::agent_socket::{AgentSocket, PORT};
use crate::lab::doors::{Door, Doors};
use crate::lab::namespace::cable::{End, cable, frames, furnish_far, furnish_near, raise};
use crate::lab::zone::Zone;

/// Connections to a service that may wait.
const WAITING: i32 = 128;

/// Why the lab cannot have a network of its own here: the step, the reason, and what would allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lab cannot {step}: {why}.")]
pub struct Refused {
    /// What was tried.
    pub step: &'static str,
    /// What the kernel said.
    pub why: String,
    /// Which setting to look at, and how to allow it.
    pub advice: String,
}

/// How many namespaces the kernel allows where this process began: a user namespace of its own says nothing of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    users: Option<u64>,
    networks: Option<u64>,
}

impl Limits {
    /// Reads them; must be done before any namespace is made.
    fn read() -> Self {
        let limit = |name: &str| setting(&format!("user.{name}"))?.parse().ok();
        Self {
            users: limit("max_user_namespaces"),
            networks: limit("max_net_namespaces"),
        }
    }
}

/// What the fabric works with.
#[derive(Debug)]
pub(super) struct Cables {
    /// Frames to and from COMMAND.
    pub(super) near: Socket,
    /// Frames to and from the devices.
    pub(super) far: Socket,
    /// The agents and the servers of names, a socket for each family and port.
    pub(super) agents: Vec<AgentSocket>,
    /// Ports of services.
    pub(super) services: Vec<(TcpListener, Door)>,
}

/// Moves this process into namespaces of its own; it is then in the near one.
///
/// With the rights to it only the network is left; otherwise a user namespace comes first, in which the user
/// stays itself, so that files keep their owner. Returns what limited it.
pub(super) fn enter() -> Result<Limits, Refused> {
    let limits = Limits::read();
    let refused = |step, errno| refused(step, errno, limits);
    let has = |capability| caps::has_cap(None, CapSet::Effective, capability).unwrap_or(false);
    if has(Capability::CAP_SYS_ADMIN)
        && has(Capability::CAP_NET_ADMIN)
        && unshare(CloneFlags::CLONE_NEWNET).is_ok()
    {
        return Ok(limits);
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| refused("make a user namespace", errno))?;
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{user} {user} 1")),
        ("/proc/self/gid_map", format!("{group} {group} 1")),
    ] {
        fs::write(file, text).map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
            refused("map its user into a user namespace", errno)
        })?;
    }
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|errno| refused("make a network namespace", errno))?;
    Ok(limits)
}

/// Makes the lab's namespaces and cables, and nothing else, to see whether the kernel allows it.
///
/// Must be called while the process has one thread, which is in a namespace without any network afterwards.
pub fn trial() -> Result<(), Refused> {
    let limits = enter()?;
    let near = namespace().map_err(|error| failed("open its own namespace", &error, limits))?;
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed("start its wire", &error, limits))?;
        let plan = Addressing {
            v4: Ends {
                near: Ipv4Addr::new(198, 18, 0, 2),
                far: Ipv4Addr::new(198, 18, 0, 1),
            },
            v6: None,
            own: Vec::new(),
            prefixes: Vec::new(),
        };
        runtime
            .block_on(build(
                &near,
                &plan,
                &Doors::default(),
                &Zone::default(),
                limits,
            ))
            .map(drop)
    });
    let ended = thread.join();
    ended.unwrap_or_else(|_| {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        Err(failed("start its wire", &gone, limits))
    })
}

/// Builds wire and far from a thread of its own, which ends in the wire; `near` is the first namespace.
///
/// Needs a current-thread runtime, on which the netlink connections go on running.
pub(super) async fn build(
    near: &File,
    addressing: &Addressing,
    doors: &Doors,
    zone: &Zone,
    limits: Limits,
) -> Result<Cables, Refused> {
    let failed = |step, error: &io::Error| failed(step, error, limits);
    let netlink_refused = |step, error: &rtnetlink::Error| netlink_refused(step, error, limits);
    let step = "open a netlink socket";
    let enter = |errno| refused("make a network namespace", errno, limits);
    setns(near, CloneFlags::CLONE_NEWNET).map_err(enter)?;
    let near_link = connect().map_err(|error| failed(step, &error))?;
    // A socket stays in the namespace that it was opened in; its address comes later.
    let near_doors = doors
        .near
        .iter()
        .filter(|(at, _)| at.is_ipv4() || addressing.v6.is_some())
        .map(|(at, door)| Ok((stream(*at)?, *at, *door)))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| failed("open the ports of services", &error))?;
    let near_names = zone
        .near()
        .iter()
        .filter(|at| at.is_ipv4() || addressing.v6.is_some())
        .map(|at| AgentSocket::open(*at))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| failed("open the ports of services", &error))?;
    calm();
    tune("ipv4/ping_group_range", &format!("{0} {0}", getegid()));

    unshare(CloneFlags::CLONE_NEWNET).map_err(enter)?;
    let far = namespace().map_err(|error| failed("open its own namespace", &error))?;
    let far_link = connect().map_err(|error| failed(step, &error))?;
    // Rate limits belong to the model; the kernel behind all devices has none.
    calm();
    tune("ipv4/icmp_ratelimit", "0");
    tune("ipv4/icmp_msgs_per_sec", "1000000");
    tune("ipv4/icmp_msgs_burst", "1000000");
    tune("ipv6/icmp/ratelimit", "0");
    let mut anywhere = vec![IpAddr::from(Ipv4Addr::UNSPECIFIED)];
    anywhere.extend(addressing.v6.map(|_| IpAddr::from(Ipv6Addr::UNSPECIFIED)));
    let mut agents = Vec::new();
    for any in &anywhere {
        let hear = |port| AgentSocket::open(SocketAddr::new(*any, port))?.listen();
        agents.push(hear(PORT).map_err(|error| failed("open port 161", &error))?);
        // Whoever declares names at the port of the agents has agents.
        for port in zone.ports().into_iter().filter(|port| *port != PORT) {
            let socket = hear(port);
            agents.push(socket.map_err(|error| failed("open the ports of services", &error))?);
        }
    }
    let mut services = Vec::new();
    let mut serve = |listener: TcpListener, door: Door| {
        listener.set_nonblocking(true)?;
        services.push((listener, door));
        Ok(())
    };
    for (port, door) in &doors.far {
        for any in &anywhere {
            let at = SocketAddr::new(*any, *port);
            stream(at)
                .and_then(|socket| serve(listening(socket, at)?, *door))
                .map_err(|error| failed("open the ports of services", &error))?;
        }
    }

    unshare(CloneFlags::CLONE_NEWNET).map_err(enter)?;
    // Without it the kernel would send its own router solicitations over the wire.
    for scope in ["all", "default"] {
        let file = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
        let _ = fs::write(file, "1");
    }
    let wire_link = connect().map_err(|error| failed(step, &error))?;
    let lay = "lay a virtual cable";
    let result: Result<(), rtnetlink::Error> = async {
        cable(&wire_link, End::WIRE_NEAR, End::NEAR, near).await?;
        cable(&wire_link, End::WIRE_FAR, End::FAR, &far).await?;
        Ok(())
    }
    .await;
    result.map_err(|error| netlink_refused(lay, &error))?;
    let result: Result<(), rtnetlink::Error> = async {
        raise(&wire_link, End::WIRE_NEAR.index).await?;
        raise(&wire_link, End::WIRE_FAR.index).await?;
        furnish_near(&near_link, addressing).await?;
        furnish_far(&far_link, addressing).await
    }
    .await;
    result.map_err(|error| netlink_refused("set addresses and routes", &error))?;
    for (socket, at, door) in near_doors {
        // Somebody may have the port already; a lab without one service is a lab.
        let _ = listening(socket, at).and_then(|listener| serve(listener, door));
    }
    agents.extend(near_names.into_iter().flat_map(AgentSocket::listen));
    let open = |end| frames(end).map_err(|error| failed("open a packet socket", &error));
    Ok(Cables {
        near: open(End::WIRE_NEAR)?,
        far: open(End::WIRE_FAR)?,
        agents,
        services,
    })
}

/// Returns this thread's network namespace.
pub(super) fn namespace() -> io::Result<File> {
    File::open("/proc/thread-self/ns/net")
}

/// Opens a netlink socket in this thread's namespace and lets it run.
fn connect() -> io::Result<Handle> {
    let (connection, handle, _) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    Ok(handle)
}

/// Returns whether this kernel speaks IPv6 at all.
pub(super) fn has_v6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

/// Makes a socket for connections to a place; one of IPv6 leaves those of IPv4 to the other.
fn stream(at: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// Lets a socket listen at its place.
fn listening(socket: Socket, at: SocketAddr) -> io::Result<TcpListener> {
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(WAITING)?;
    Ok(socket.into())
}

/// Sets what is good to have but not needed; the kernel may not know it.
fn tune(setting: &str, value: &str) {
    let _ = fs::write(format!("/proc/sys/net/{setting}"), value);
}

/// Lets this thread's namespace take what comes, and say nothing of its own accord: no question about its addresses,
/// none for a router (RFC 4861), and no address that nobody gave it (RFC 4862).
fn calm() {
    for scope in ["all", "default"] {
        tune(&format!("ipv4/conf/{scope}/rp_filter"), "0");
        for (setting, value) in [
            ("disable_ipv6", "0"),
            ("accept_dad", "0"),
            ("accept_ra", "0"),
            ("router_solicitations", "0"),
            ("addr_gen_mode", "1"),
        ] {
            tune(&format!("ipv6/conf/{scope}/{setting}"), value);
        }
    }
}

fn failed(step: &'static str, error: &io::Error, limits: Limits) -> Refused {
    let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
    refused(step, errno, limits)
}

fn netlink_refused(step: &'static str, error: &rtnetlink::Error, limits: Limits) -> Refused {
    match error {
        rtnetlink::Error::NetlinkError(message) => {
            refused(step, Errno::from_raw(message.raw_code().abs()), limits)
        }
        other => Refused {
            step,
            why: other.to_string(),
            advice: String::new(),
        },
    }
}

/// Returns a setting of the kernel, where there is one of that name.
fn setting(name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/sys/{}", name.replace('.', "/"))).ok()?;
    Some(text.trim().to_owned())
}

/// Says what a refusal means on the systems where it was seen.
fn refused(step: &'static str, errno: Errno, limits: Limits) -> Refused {
    let is = |name: &str, value: &str| setting(name).as_deref() == Some(value);
    let is_filtered = fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .any(|line| line.replace('\t', " ") == "Seccomp: 2")
    });
    let advice = if errno == Errno::ENOSPC {
        let limits = [
            ("user.max_user_namespaces", limits.users),
            ("user.max_net_namespaces", limits.networks),
        ];
        let counts = limits.map(|(name, limit)| {
            let limit = limit.map_or("?".to_owned(), |limit| limit.to_string());
            format!("{name} = {limit}")
        });
        let raise = |(name, _)| format!("`sysctl -w {name}=1000`");
        let zeros: Vec<String> = limits
            .into_iter()
            .filter(|(_, limit)| *limit == Some(0))
            .map(raise)
            .collect();
        format!(
            "The number of namespaces is limited: {}. Raise it, as root: {}.",
            counts.join(", "),
            if zeros.is_empty() {
                limits.map(raise).join(" and ")
            } else {
                zeros.join(" and ")
            }
        )
    } else if is("kernel.apparmor_restrict_unprivileged_userns", "1") {
        "AppArmor keeps user namespaces from ordinary users \
         (kernel.apparmor_restrict_unprivileged_userns = 1). Give the program a profile with `userns,`, or \
         run the lab with sudo."
            .to_owned()
    } else if is("kernel.unprivileged_userns_clone", "0") {
        "User namespaces are kept from ordinary users (kernel.unprivileged_userns_clone = 0). Allow them, \
         as root, with `sysctl -w kernel.unprivileged_userns_clone=1`, or run the lab with sudo."
            .to_owned()
    } else if is_filtered {
        "A container's seccomp filter refuses it (Seccomp: 2 in /proc/self/status). Start the container \
         with `--cap-add SYS_ADMIN --cap-add NET_ADMIN` or `--security-opt seccomp=unconfined`."
            .to_owned()
    } else if errno == Errno::EINVAL {
        "The process has more than one thread, or the kernel was built without namespaces \
         (CONFIG_USER_NS, CONFIG_NET_NS)."
            .to_owned()
    } else {
        "The program may run in a chroot or in a container without the right to namespaces; run the lab \
         outside of it, or with sudo."
            .to_owned()
    };
    Refused {
        step,
        why: format!("{} ({errno:?})", errno.desc()),
        advice,
    }
}
