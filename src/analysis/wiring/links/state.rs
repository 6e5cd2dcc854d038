//! What ports say of themselves: whether they exist, how fast they came up, and whether both ends agree to send
//! and receive at once.

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Evidence, Finding, Value};
use crate::analysis::wiring::links::{Desk, Sought};
use crate::analysis::wiring::witness::Port;
use crate::model::device::PortStatus;

impl Desk<'_> {
    /// Compares the declared ports with what their devices say of them.
    ///
    /// A link that is not where it is declared says nothing about speed, and a wrong port is said once.
    pub(super) fn states(&mut self) {
        let mut found = Vec::new();
        for sought in &self.sought {
            if self.wrong.contains(&sought.link.id) {
                continue;
            }
            found.extend(self.unknown(sought));
            found.extend(self.slower(sought));
            found.extend(self.duplex(sought));
        }
        self.add(found);
    }

    /// Returns the port of an end and how it is shown: the declared one, or the one on which it was heard.
    fn port<'d>(&'d self, sought: &'d Sought<'_>, end: usize) -> Option<(&'d Port, &'d str)> {
        let device = self.answered.get(&sought.end(end).node)?;
        let heard = sought.seen[end].map(|at| &self.sights[at].port);
        let port = [Some(&sought.ports[end]), heard]
            .into_iter()
            .flatten()
            .find(|port| port.at.is_some())?;
        Some((device.ports.get(port.at?)?, port.shown.as_str()))
    }

    fn unknown(&self, sought: &Sought<'_>) -> Option<Finding> {
        let missing: Vec<Evidence> = (0..2)
            .filter_map(|end| {
                let here = sought.end(end);
                let device = self.answered.get(&here.node)?;
                let port = here.port.clone()?;
                let is_known =
                    sought.ports[end].at.is_some() || device.ports.is_empty() || !device.is_whole;
                (!is_known).then_some(Evidence::NoPort {
                    by: here.node.clone(),
                    port,
                })
            })
            .collect();
        (!missing.is_empty()).then(|| Finding {
            field: Some("port"),
            evidence: missing,
            ..sought.finding(Code::PortUnknown)
        })
    }

    fn slower(&self, sought: &Sought<'_>) -> Option<Finding> {
        let declared = sought.link.capacity?;
        let slow: Vec<(u64, Evidence)> = (0..2)
            .filter_map(|end| {
                let (port, shown) = self.port(sought, end)?;
                let bits = port.speed.filter(|bits| *bits > 0 && *bits < declared)?;
                // What is not up has no speed but the last one, or the best that it could have.
                let evidence = Evidence::Speed {
                    by: sought.end(end).node.clone(),
                    port: shown.to_owned(),
                    bits,
                };
                (port.oper == PortStatus::Up).then_some((bits, evidence))
            })
            .collect();
        let least = slow.iter().map(|(bits, _)| *bits).min()?;
        Some(Finding {
            field: Some("capacity"),
            declared: Some(Value::Bits(declared)),
            seen: Some(Value::Bits(least)),
            evidence: slow.into_iter().map(|(_, evidence)| evidence).collect(),
            ..sought.finding(Code::SpeedLower)
        })
    }

    fn duplex(&self, sought: &Sought<'_>) -> Option<Finding> {
        // What the device says of its own port, else what it told its neighbour.
        let of = |end: usize| -> Option<(bool, String)> {
            let own = self.port(sought, end);
            let shown = own.map_or_else(
                || sought.end(end).port.clone().unwrap_or_default(),
                |(_, shown)| shown.to_owned(),
            );
            let told = sought.seen[1 - end].and_then(|at| self.sights[at].far_duplex);
            let full = own.and_then(|(port, _)| port.full_duplex).or(told)?;
            Some((full, shown))
        };
        let ((a, a_port), (b, b_port)) = (of(0)?, of(1)?);
        if a == b {
            return None;
        }
        let evidence = |end: usize, port: String, full: bool| Evidence::Duplex {
            by: sought.end(end).node.clone(),
            port,
            full,
        };
        Some(Finding {
            field: Some("duplex"),
            declared: None,
            seen: None,
            evidence: vec![evidence(0, a_port, a), evidence(1, b_port, b)],
            ..sought.finding(Code::DuplexMismatch)
        })
    }
}
