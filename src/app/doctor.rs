//! What a first run fails on, looked at one by one: sockets, buffers, clock, files, terminal, lab.
//!
//! It changes nothing and sends nothing. A finding says what is, how bad that is, and the command that mends it,
//! written for this machine. The hard thought is what not to say: a clock that nobody can be asked about is
//! unknown and neither right nor wrong, and a command that cannot work here (`setcap` where the container keeps
//! the capability from everybody) is not advice.

pub mod clock;
pub mod files;
pub mod sockets;
pub mod terminal;

/// How bad it is. The order is that of badness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing to do.
    Ok,
    /// It could not be told.
    Unknown,
    /// It works, with less than it could.
    Warning,
    /// Something will not work.
    Failing,
}

impl Level {
    /// Returns the word of JSON and the last part of the key in the table of words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Failing => "failing",
        }
    }
}

/// What was looked at, in the order in which it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The ICMP socket that hears routers too.
    RawIcmp,
    /// The ICMP socket that hears replies only.
    DatagramIcmp,
    /// `CAP_NET_RAW`, and whether it can be given.
    Capability,
    /// How many replies may wait in a socket.
    Buffers,
    /// The wall clock.
    Clock,
    /// The topology's folder.
    Topology,
    /// The file of SNMP credentials.
    Credentials,
    /// Where `check` keeps what it must remember.
    State,
    /// What the dashboard is drawn on.
    Terminal,
    /// Namespaces for the lab.
    Lab,
}

impl Topic {
    /// Returns the word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RawIcmp => "raw-icmp",
            Self::DatagramIcmp => "datagram-icmp",
            Self::Capability => "capability",
            Self::Buffers => "buffers",
            Self::Clock => "clock",
            Self::Topology => "topology",
            Self::Credentials => "credentials",
            Self::State => "state",
            Self::Terminal => "terminal",
            Self::Lab => "lab",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub topic: Topic,
    /// How bad.
    pub level: Level,
    /// What it means.
    pub said: Said,
    /// Commands that mend it; each alone is enough.
    pub mend: Vec<String>,
}

impl Finding {
    /// Makes a finding without a command.
    #[must_use]
    pub fn new(topic: Topic, level: Level, said: Said) -> Self {
        Self {
            topic,
            level,
            said,
            mend: Vec::new(),
        }
    }

    /// Adds a command that mends it.
    #[must_use]
    pub fn mended_by(mut self, command: impl Into<String>) -> Self {
        self.mend.push(command.into());
        self
    }
}

/// What a finding means; the sentences stand in the table of words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a sentence of the table of words")]
pub enum Said {
    RawOpen,
    RawRefused {
        why: String,
    },
    DatagramOpen,
    DatagramSpare {
        range: String,
    },
    DatagramRefused {
        range: String,
        why: String,
    },
    CapabilityHeld,
    CapabilityForeign,
    CapabilityMissing,
    CapabilityBarred,
    CapabilityUseless,
    CapabilityNosuid {
        mount: String,
    },
    BufferHolds {
        replies: usize,
        octets: usize,
    },
    BufferSmall {
        replies: usize,
        octets: usize,
        targets: usize,
    },
    BufferUnknown {
        why: String,
    },
    ClockSynchronised {
        by: &'static str,
    },
    ClockDrifts {
        by: &'static str,
    },
    ClockUnknown,
    TopologySound {
        agencies: usize,
        nodes: usize,
        links: usize,
    },
    TopologyExample {
        agencies: usize,
        nodes: usize,
        links: usize,
    },
    TopologyWarns {
        warnings: usize,
    },
    TopologyBroken {
        errors: usize,
    },
    TopologyMissing {
        folder: String,
    },
    CredentialsUnneeded,
    CredentialsHeld {
        count: usize,
    },
    CredentialsOfLab,
    CredentialsFaulty {
        why: String,
    },
    StateWritable {
        folder: String,
    },
    StateWillBe {
        folder: String,
    },
    StateRefused {
        folder: String,
        why: String,
    },
    StateFull {
        folder: String,
        free: u64,
    },
    StateOpen {
        folder: String,
    },
    StateHomeless,
    NeedsTopology,
    TerminalGood {
        columns: u16,
        rows: u16,
    },
    TerminalNone,
    TerminalDumb,
    TerminalSmall {
        columns: u16,
        rows: u16,
    },
    TerminalAscii,
    TerminalColourless,
    LabWorks,
    LabInside,
    LabRefused {
        step: String,
        why: String,
        advice: String,
    },
    LabUnknown {
        why: String,
    },
}

/// Returns the worst level; what is unknown counts as well as nothing.
#[must_use]
pub fn worst(findings: &[Finding]) -> Level {
    let levels = findings.iter().map(|finding| finding.level);
    levels
        .filter(|level| *level != Level::Unknown)
        .max()
        .unwrap_or(Level::Ok)
}

/// Returns a text as one word of a shell.
#[must_use]
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=+,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Returns a command as it must be typed by this user: behind `sudo` unless this is root.
#[must_use]
pub fn as_root(command: &str) -> String {
    if nix::unistd::geteuid().is_root() {
        command.to_owned()
    } else {
        format!("sudo {command}")
    }
}

/// Returns what the kernel said, without its number.
fn reason(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(
        || error.to_string(),
        |code| nix::errno::Errno::from_raw(code).desc().to_owned(),
    )
}
