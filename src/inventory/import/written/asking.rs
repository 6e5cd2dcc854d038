//! How nodes are asked, where it differs from a policy that is said elsewhere.

use crate::inventory::import::written::table::{Lines, text};
use crate::inventory::quantity::duration_text;
use crate::model::network::Policy;

/// What of pinging differs from a policy.
pub(super) fn ping(policy: &Policy, from: &Policy) -> Lines {
    let mut lines = Lines::default();
    for (name, value, usual) in [
        ("interval", policy.ping_interval, from.ping_interval),
        ("timeout", policy.ping_timeout, from.ping_timeout),
        ("rtt_max", policy.rtt_max, from.rtt_max),
    ] {
        lines.say(name, (value != usual).then(|| text(&duration_text(value))));
    }
    lines
}

/// What of polling differs from a policy.
pub(super) fn snmp(policy: &Policy, from: &Policy) -> Lines {
    let mut lines = Lines::default();
    for (name, value, usual) in [
        ("interval", policy.snmp_interval, from.snmp_interval),
        ("timeout", policy.snmp_timeout, from.snmp_timeout),
    ] {
        lines.say(name, (value != usual).then(|| text(&duration_text(value))));
    }
    let retries = policy.snmp_retries;
    lines.say(
        "retries",
        (retries != from.snmp_retries).then(|| retries.to_string()),
    );
    lines
}
