//! ICMP sockets, what they need, and how much they hold.
//!
//! The sockets are opened and closed again: what the kernel grants is the only proof. What it refuses is then
//! explained by what may be read: capabilities, the bounding set, `no_new_privs`, the mount of the program.

use std::path::Path;

use caps::{CapSet, Capability};
use nix::sys::statvfs::{FsFlags, statvfs};
use rustix::net::sockopt;
use socket2::{Domain, Protocol, Socket, Type};

use crate::app::doctor::{Finding, Level, Said, Topic, as_root, quoted, reason};

/// What one reply takes of a receive buffer: the kernel's default of 212,992 octets held 192 of a burst.
const REPLY: usize = 1_110;

/// What a monitor asks of the kernel, see `probe::ping`.
const WANTED: usize = 32 << 20;

/// Who may open a datagram ICMP socket: two group ids.
const RANGE: &str = "/proc/sys/net/ipv4/ping_group_range";

/// Looks at both ICMP sockets and the capability between them.
#[must_use]
pub fn icmp(program: &Path) -> Vec<Finding> {
    let open = |kind| Socket::new(Domain::IPV4, kind, Some(Protocol::ICMPV4)).map(drop);
    let (raw, datagram) = (open(Type::RAW), open(Type::DGRAM));
    let range = std::fs::read_to_string(RANGE).unwrap_or_default();
    let range = range.split_whitespace().collect::<Vec<_>>().join(" ");
    let capability = capability(program, raw.is_ok());
    let found_raw = match &raw {
        Ok(()) => Finding::new(Topic::RawIcmp, Level::Ok, Said::RawOpen),
        Err(error) => {
            let level = if datagram.is_ok() {
                Level::Warning
            } else {
                Level::Failing
            };
            let why = reason(error);
            Finding {
                mend: capability.mend.clone(),
                ..Finding::new(Topic::RawIcmp, level, Said::RawRefused { why })
            }
        }
    };
    let found_datagram = match (&datagram, &raw) {
        (Ok(()), _) => Finding::new(Topic::DatagramIcmp, Level::Ok, Said::DatagramOpen),
        (Err(_), Ok(())) => Finding::new(
            Topic::DatagramIcmp,
            Level::Ok,
            Said::DatagramSpare { range },
        ),
        (Err(error), Err(_)) => {
            let group = nix::unistd::getegid();
            let why = reason(error);
            let set = as_root(&format!(
                "sysctl -w net.ipv4.ping_group_range=\"{group} {group}\""
            ));
            let said = Said::DatagramRefused { range, why };
            let found = Finding::new(Topic::DatagramIcmp, Level::Failing, said);
            let found = found.mended_by(set);
            if is_barred() {
                found
                    .mended_by("docker run --sysctl net.ipv4.ping_group_range=\"0 2147483647\" ...")
            } else {
                found
            }
        }
    };
    vec![found_raw, found_datagram, capability]
}

/// Looks at `CAP_NET_RAW` and at what keeps it from this program; `opens` says whether raw sockets do.
fn capability(program: &Path, opens: bool) -> Finding {
    let finding = |level, said| Finding::new(Topic::Capability, level, said);
    if has(CapSet::Effective) {
        return if opens {
            finding(Level::Ok, Said::CapabilityHeld)
        } else {
            // It counts in the user namespace that owns the network, and this is another (user_namespaces(7)).
            finding(Level::Warning, Said::CapabilityForeign)
                .mended_by("exit   # this user namespace, and start it from outside")
        };
    }
    let setcap = as_root(&format!(
        "setcap cap_net_raw+ep {}",
        quoted(&program.display().to_string())
    ));
    if is_barred() {
        // A file capability outside of the bounding set keeps the program from being run at all.
        return finding(Level::Warning, Said::CapabilityBarred)
            .mended_by("docker run --cap-add NET_RAW ...");
    }
    if no_new_privileges() {
        return finding(Level::Warning, Said::CapabilityUseless)
            .mended_by("systemctl edit spanwatch   # [Service] AmbientCapabilities=CAP_NET_RAW");
    }
    let folder = program.parent().unwrap_or(program);
    let is_nosuid = statvfs(folder).is_ok_and(|mount| mount.flags().contains(FsFlags::ST_NOSUID));
    if is_nosuid {
        let mount = folder.display().to_string();
        return finding(Level::Warning, Said::CapabilityNosuid { mount }).mended_by(as_root(
            &format!(
                "install {} /usr/local/bin/ && {}",
                quoted(&program.display().to_string()),
                as_root("setcap cap_net_raw+ep /usr/local/bin/spanwatch"),
            ),
        ));
    }
    finding(Level::Warning, Said::CapabilityMissing).mended_by(setcap)
}

fn has(set: CapSet) -> bool {
    caps::has_cap(None, set, Capability::CAP_NET_RAW).unwrap_or(false)
}

/// Returns whether nothing that runs here can ever have the capability.
fn is_barred() -> bool {
    !caps::has_cap(None, CapSet::Bounding, Capability::CAP_NET_RAW).unwrap_or(true)
}

/// Returns whether capabilities of files are ignored (`prctl(2)`, `PR_SET_NO_NEW_PRIVS`).
fn no_new_privileges() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .filter_map(|line| line.strip_prefix("NoNewPrivs:"))
            .any(|value| value.trim() == "1")
    })
}

/// Looks at how many replies may wait, against how many targets are asked.
#[must_use]
pub fn buffers(targets: usize) -> Finding {
    let granted = Socket::new(Domain::IPV4, Type::DGRAM, None).and_then(|socket| {
        // Past rmem_max only CAP_NET_ADMIN may go.
        sockopt::set_socket_recv_buffer_size_force(&socket, WANTED)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, WANTED))?;
        Ok(sockopt::socket_recv_buffer_size(&socket)?)
    });
    let finding = |level, said| Finding::new(Topic::Buffers, level, said);
    let octets = match granted {
        Ok(octets) => octets,
        Err(error) => {
            let why = reason(&error);
            return finding(Level::Unknown, Said::BufferUnknown { why });
        }
    };
    let replies = octets / REPLY;
    if replies >= targets {
        return finding(Level::Ok, Said::BufferHolds { replies, octets });
    }
    let said = Said::BufferSmall {
        replies,
        octets,
        targets,
    };
    finding(Level::Warning, said).mended_by(as_root(&format!(
        "sysctl -w net.core.rmem_max={}",
        (targets * REPLY).next_power_of_two().max(WANTED / 8)
    )))
}
