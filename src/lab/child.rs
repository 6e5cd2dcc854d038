//! COMMAND: a child in the near namespace, with the terminal, and with just the rights that probes need.
//!
//! Between lab and COMMAND stands this same program for a moment (`become`): only the child itself can ask the
//! kernel to end it when its parent ends.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use caps::{CapSet, Capability};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid, getppid};
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a probe needs: raw sockets, and ports below 1024.
const RIGHTS: [Capability; 2] = [Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];
/// What would let it change the lab.
const POWERS: [Capability; 2] = [Capability::CAP_NET_ADMIN, Capability::CAP_SYS_ADMIN];
/// How long a child may take to end when it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Starts COMMAND from this thread's namespace. This thread must live as long as the child shall.
pub(super) fn start(
    shim: &[OsString],
    command: &[OsString],
    environment: &[(&str, OsString)],
) -> io::Result<Child> {
    grant().map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
    let parent = OsString::from(std::process::id().to_string());
    let end = OsString::from("--");
    let mut words = shim.iter().chain([&parent, &end]).chain(command);
    let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(program);
    child.args(words);
    for (name, value) in environment {
        child.env(name, value);
    }
    child.spawn()
}

/// Gives this thread, and so its children, what probes need, and nothing that could change the lab.
///
/// An ordinary user's program would lose every right at exec; the ambient set is what stays. Root's would keep
/// all of them, so those that could change the lab are taken out of what it can have.
fn grant() -> Result<(), caps::errors::CapsError> {
    if geteuid().is_root() {
        for power in POWERS {
            caps::drop(None, CapSet::Bounding, power)?;
        }
        return Ok(());
    }
    for right in RIGHTS {
        caps::raise(None, CapSet::Inheritable, right)?;
        caps::raise(None, CapSet::Ambient, right)?;
    }
    Ok(())
}

/// Becomes COMMAND, after asking the kernel to end this process when the lab ends. Returns only an error.
///
/// `parent` is the lab's process: had it ended already, nobody would be told.
#[must_use]
pub fn r#become(parent: &OsStr, command: &[OsString]) -> io::Error {
    if let Err(errno) = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL) {
        return errno.into();
    }
    let lab = parent.to_str().and_then(|text| text.parse().ok());
    if lab != Some(getppid().as_raw()) {
        return io::Error::new(io::ErrorKind::BrokenPipe, "the lab has ended");
    }
    match command.split_first() {
        Some((program, arguments)) => Command::new(program).args(arguments).exec(),
        None => io::ErrorKind::InvalidInput.into(),
    }
}

/// What the lab hears while its child runs. Made before the child, so that nothing is missed.
#[derive(Debug)]
pub(super) struct Ears {
    child: SignalStream,
    interrupt: SignalStream,
    quit: SignalStream,
    terminate: SignalStream,
    hang_up: SignalStream,
}

impl Ears {
    /// Listens from now on; needs a runtime.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            child: signal(SignalKind::child())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the child and returns its exit code, or 128 and the signal that ended it.
    ///
    /// Interrupt and quit come from the terminal to both and are the child's alone. Terminate and hang-up are
    /// for the lab, which passes them on. When the wire breaks there is nothing left to run in.
    pub(super) async fn wait(
        mut self,
        mut child: Child,
        wire: CancellationToken,
    ) -> io::Result<i32> {
        let pid = Pid::from_raw(child.id().cast_signed());
        let mut deadline = None;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(code(status));
            }
            let late = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            let sent = tokio::select! {
                _ = self.child.recv() => continue,
                _ = self.interrupt.recv() => continue,
                _ = self.quit.recv() => continue,
                _ = self.terminate.recv() => Signal::SIGTERM,
                _ = self.hang_up.recv() => Signal::SIGHUP,
                () = wire.cancelled(), if deadline.is_none() => Signal::SIGTERM,
                () = late => Signal::SIGKILL,
            };
            // It may have ended in between; the next round sees it.
            let _ = kill(pid, sent);
            deadline = Some(tokio::time::Instant::from_std(crate::clock::now() + GRACE));
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(3)
}
