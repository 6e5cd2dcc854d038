//! Every code that `diff` can give: stable, with a name, a severity and an explanation.
//!
//! `D01xx` is one topology against another, `D019x` what that does to agencies, `D02xx` declared links against
//! seen neighbours, `D03xx` declared devices against what they say of themselves. A code that is no longer given
//! is never given another meaning.

use serde::{Serialize, Serializer};

use crate::analysis::finding::{Kind, Severity};

macro_rules! codes {
    ($($variant:ident = $code:literal $name:literal $severity:ident, $title:literal, $text:literal;)*) => {
        /// A code of `diff`; the order is that of the numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the code: `D0201`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Returns its name, which gates may use as well: `link-missing`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns how much it matters.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }

            /// Returns what it means in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }

            /// Returns why it matters and what to do, in a few sentences.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    NetworkChanged = "D0103" "network-changed" Note, "the network itself is changed",
        "A key of `[network]` differs: its name, hubs, monitor, time zone and the like. Hubs decide who counts as cut off, so read the findings D0191 to D0195 beside it.";
    AgencyAdded = "D0111" "agency-added" Note, "an agency is added",
        "It stands in the second topology and not in the first. Its node, where it has one of its own, and its links come with it.";
    AgencyRemoved = "D0112" "agency-removed" Warning, "an agency is removed",
        "It stands in the first topology and not in the second: nobody will watch it any more. An agency that only got another id keeps its history by `was = [\"old-id\"]`, and is then called renamed.";
    AgencyChanged = "D0113" "agency-changed" Note, "an agency is changed",
        "A key differs. Where the agency has a node of its own, that node's keys (address, probe, risk ...) are the agency's.";
    AgencyRenamed = "D0114" "agency-renamed" Note, "an agency has another id",
        "`was` says which it had before; its history goes on.";
    NodeAdded = "D0121" "node-added" Note, "a node is added",
        "It stands in the second topology and not in the first.";
    NodeRemoved = "D0122" "node-removed" Warning, "a node is removed",
        "It stands in the first topology and not in the second, and no `was` claims its id: its history ends here.";
    NodeChanged = "D0123" "node-changed" Note, "a node is changed",
        "A key differs. `transit`, `risk` and `address` decide who is cut off and who is asked.";
    NodeRenamed = "D0124" "node-renamed" Note, "a node has another id",
        "`was` says which it had before; its history goes on.";
    LinkAdded = "D0131" "link-added" Note, "a link is added",
        "It stands in the second topology and not in the first.";
    LinkRemoved = "D0132" "link-removed" Warning, "a link is removed",
        "It stands in the first topology and not in the second, and no `was` claims its id. Whether somebody is cut off by that, or left on one path, is said by D0191 and D0192.";
    LinkChanged = "D0133" "link-changed" Note, "a link is changed",
        "A key differs. Which of its ends is `a` does not matter, and Gi0/1 and GigabitEthernet0/1 are one port.";
    LinkRenamed = "D0134" "link-renamed" Note, "a link has another id",
        "`was` says which it had before; its history goes on.";
    RiskAdded = "D0141" "risk-added" Note, "a risk group is added",
        "It stands in the second topology and not in the first. What is in it is said by `risk` of its nodes and links.";
    RiskRemoved = "D0142" "risk-removed" Warning, "a risk group is removed",
        "It stands in the first topology and not in the second: what was said to fail together is no longer said to.";
    RiskChanged = "D0143" "risk-changed" Note, "a risk group is changed",
        "A key differs. What came into the group or left it is a change of that node or link.";
    ServiceAdded = "D0151" "service-added" Note, "a service is added",
        "It stands in the second topology and not in the first.";
    ServiceRemoved = "D0152" "service-removed" Warning, "a service is removed",
        "It stands in the first topology and not in the second: nobody checks it any more.";
    ServiceChanged = "D0153" "service-changed" Note, "a service is changed",
        "A key differs: its name, its node, or how it is checked.";
    MaintenanceAdded = "D0161" "maintenance-added" Note, "a maintenance is added",
        "It stands in the second topology and not in the first. `spanwatch what-if --maintenance ID` says whom it hurts.";
    MaintenanceRemoved = "D0162" "maintenance-removed" Note, "a maintenance is removed",
        "It stands in the first topology and not in the second. What it worked on will alarm as usual in that time.";
    MaintenanceChanged = "D0163" "maintenance-changed" Note, "a maintenance is changed",
        "A key differs: its elements, its time, its reason or its ticket.";
    CandidateAdded = "D0171" "candidate-added" Note, "a link that could be built is added",
        "`spanwatch plan --declared` will choose among one more.";
    CandidateRemoved = "D0172" "candidate-removed" Note, "a link that could be built is removed",
        "`spanwatch plan --declared` will choose among one less. Two nodes and a kind make a candidate; it has no id.";
    CandidateChanged = "D0173" "candidate-changed" Note, "a link that could be built is changed",
        "Its length or its price differs.";
    RestAdded = "D0181" "table-added" Note, "a table that others lean on is added",
        "An area, a provider, office hours or the defaults of a kind of link stand in the second topology and not in the first.";
    RestRemoved = "D0182" "table-removed" Note, "a table that others lean on is removed",
        "An area, a provider, office hours or the defaults of a kind of link stand in the first topology and not in the second.";
    RestChanged = "D0183" "table-changed" Note, "a table that others lean on is changed",
        "A key of an area, a provider, office hours or of the defaults of a kind of link differs.";
    Isolates = "D0191" "isolates" Error, "somebody is cut off by the change",
        "The agency has a path to a hub in the first topology and none in the second, with everything up.";
    LosesRedundancy = "D0192" "loses-redundancy" Warning, "somebody is left on one path by the change",
        "In the first topology no single node or link cut the agency off; in the second one does. The evidence names them.";
    SharesRisk = "D0193" "shares-risk" Warning, "two paths now share one risk",
        "In the second topology one risk group takes both paths of the agency at once: two paths, one duct.";
    Connects = "D0194" "connects" Note, "somebody is connected by the change",
        "The agency had no path to a hub in the first topology, and has one in the second.";
    GainsRedundancy = "D0195" "gains-redundancy" Note, "somebody gains a second path by the change",
        "In the first topology some single node or link cut the agency off; in the second none does.";
    LinkMissing = "D0201" "link-missing" Error, "a declared link is not there",
        "Neither end hears the other, although at least one of them tells its neighbours. The port is down, the cable is out, or the link was never built. Where a port is down `check` says so too; a link that is gone for good is taken out of the topology.";
    LinkMoved = "D0202" "link-moved" Error, "a link is on another port or leads to another neighbour",
        "One end hears the declared neighbour on another port, or another neighbour on the declared port. With a wrong port the state of one link is read as that of another: correct the topology, or put the cable back.";
    LinkExtra = "D0203" "link-extra" Warning, "a link is there that nobody declared",
        "Two declared nodes hear each other where no link is declared. It may carry traffic, and what-if and weak do not know it. Declare it, or take the cable out.";
    LinkOneSided = "D0204" "link-one-sided" Warning, "only one end of a link hears the other",
        "One end hears the declared neighbour; the other tells its neighbours too, and does not name this one. LLDP is switched off on that port, the fibre carries one way only, or a box between them swallows the frames of one side.";
    LinkAmbiguous = "D0205" "link-ambiguous" Warning, "it cannot be told which node is heard",
        "Several nodes bear the mark by which the neighbour would be known (a chassis id, a system name). Give each its own name: `sys_name` in the topology, hostname on the device.";
    LinkStale = "D0206" "link-stale" Warning, "a neighbour is remembered on a port that is down",
        "The table of neighbours still has an entry for a port that is down now. It proves nothing: the link is treated as unseen.";
    SpeedLower = "D0207" "speed-lower" Warning, "a port is slower than declared",
        "The port came up at less than the capacity of its link. A bad fibre, a worn connector or a wrong module makes ports agree on less.";
    DuplexMismatch = "D0208" "duplex-mismatch" Warning, "one end sends and receives in turn, the other at once",
        "Half duplex on one end and full on the other lose packets under load and look well when idle. Set both to negotiate, or both to full.";
    PortUnknown = "D0209" "port-unknown" Warning, "the device has no such port",
        "The topology declares an interface that the device does not list. Its state is never read, so a failure of the link is seen late or not at all. `spanwatch poll NODE` lists what there is.";
    NeighbourUnknown = "D0210" "neighbour-unknown" Note, "a neighbour that no node declares",
        "A device hears a neighbour that no node of the topology is known by. A server or a telephone is none of ours; a router is worth a question.";
    NameDiffers = "D0301" "name-differs" Warning, "a device calls itself otherwise",
        "sysName is not the declared `sys_name` (the id, where none is declared). Neighbours are known by this name; or another device answers at this address.";
    ModelDiffers = "D0302" "model-differs" Warning, "a device is of another model",
        "The inventory of the device (ENTITY-MIB) names another model than `model` declares.";
    SerialDiffers = "D0303" "serial-differs" Warning, "a device has another serial number",
        "The inventory of the device names another serial number than `serial` declares: it was exchanged, or the record is wrong.";
    VendorDiffers = "D0304" "vendor-differs" Warning, "a device is of another maker",
        "The inventory of the device names another maker than `vendor` declares.";
    DeviceSilent = "D0305" "device-silent" Warning, "a device did not answer",
        "It is to be polled by SNMP and was silent: it is down, not reachable, or the credential is wrong, which looks like silence. Its links could be seen from their other ends only.";
    DevicePartial = "D0306" "device-partial" Note, "a device answered in part",
        "The poll stopped in the middle. What it did not say is not taken for missing.";
    TwoAreOne = "D0307" "two-are-one" Warning, "two nodes answer as one device",
        "Two addresses gave the same name and the same hardware address: two nodes of the topology are one device, or one of them was cloned with its identity.";
}

/// What happened to a thing between two topologies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Act {
    Added,
    Removed,
    Changed,
    Renamed,
}

impl Code {
    /// Returns the code of an act on a thing of a kind.
    ///
    /// Only agencies, nodes and links can be renamed, because only they have `was`; of all others that is a change.
    #[must_use]
    pub fn of(kind: Kind, act: Act) -> Self {
        use Act::{Added, Changed, Removed, Renamed};
        match (kind, act) {
            (Kind::Network, _) => Self::NetworkChanged,
            (Kind::Agency, Added) => Self::AgencyAdded,
            (Kind::Agency, Removed) => Self::AgencyRemoved,
            (Kind::Agency, Changed) => Self::AgencyChanged,
            (Kind::Agency, Renamed) => Self::AgencyRenamed,
            (Kind::Node, Added) => Self::NodeAdded,
            (Kind::Node, Removed) => Self::NodeRemoved,
            (Kind::Node, Changed) => Self::NodeChanged,
            (Kind::Node, Renamed) => Self::NodeRenamed,
            (Kind::Link, Added) => Self::LinkAdded,
            (Kind::Link, Removed) => Self::LinkRemoved,
            (Kind::Link, Changed) => Self::LinkChanged,
            (Kind::Link, Renamed) => Self::LinkRenamed,
            (Kind::Risk, Added) => Self::RiskAdded,
            (Kind::Risk, Removed) => Self::RiskRemoved,
            (Kind::Risk, Changed | Renamed) => Self::RiskChanged,
            (Kind::Service, Added) => Self::ServiceAdded,
            (Kind::Service, Removed) => Self::ServiceRemoved,
            (Kind::Service, Changed | Renamed) => Self::ServiceChanged,
            (Kind::Maintenance, Added) => Self::MaintenanceAdded,
            (Kind::Maintenance, Removed) => Self::MaintenanceRemoved,
            (Kind::Maintenance, Changed | Renamed) => Self::MaintenanceChanged,
            (Kind::Candidate, Added) => Self::CandidateAdded,
            (Kind::Candidate, Removed) => Self::CandidateRemoved,
            (Kind::Candidate, Changed | Renamed) => Self::CandidateChanged,
            (Kind::Area | Kind::Provider | Kind::Hours | Kind::Defaults, Added) => Self::RestAdded,
            (Kind::Area | Kind::Provider | Kind::Hours | Kind::Defaults, Removed) => {
                Self::RestRemoved
            }
            (Kind::Area | Kind::Provider | Kind::Hours | Kind::Defaults, Changed | Renamed) => {
                Self::RestChanged
            }
        }
    }

    /// Returns the code of a written code or name, in letters of either case.
    #[must_use]
    pub fn named(written: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| {
            code.code().eq_ignore_ascii_case(written) || code.name().eq_ignore_ascii_case(written)
        })
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
