//! What the monitor keeps for the screen of interfaces: two polls of each device for its rates, and whom it heard.
//!
//! Nothing here changes what is believed of anybody, and nothing is computed before a picture is made: a rehearsal
//! makes none. The hard thought is the age of what was heard. Neighbours are asked for rarely, so when a device's
//! ports have changed since, its silence about a neighbour is of the past and proves nothing until it is asked anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::analysis::wiring::witness::Witness;
use crate::app::interfaces::{Comparison, Interfaces, beside};
use crate::app::monitor::{Monitor, moment};
use crate::app::survey::witness;
use crate::judge::rates::{PortRate, rates};
use crate::model::device::{Device, Neighbour};
use crate::model::{NodeId, Register};
use crate::probe::hearing;

/// Comparisons are made at most this often, however many ports change: each looks at all devices.
const COMPARE_EVERY: Duration = Duration::from_secs(5);

/// What is kept of all devices that are polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauges {
    devices: Register<NodeId, Gauge>,
    comparison: Arc<Comparison>,
    compared: Option<Instant>,
    /// Something that is compared has changed since.
    is_behind: bool,
}

/// One device.
#[derive(Clone, Debug)]
struct Gauge {
    /// The poll from which its rates are counted; at least half a round before the newest.
    from: Option<(Arc<Device>, Instant)>,
    newest: (Arc<Device>, Instant),
    /// What is shown of it may have changed since the last picture.
    is_fresh: bool,
    heard: Option<Hearing>,
    /// How its ports were when that was last looked at.
    ports: Option<u64>,
    shown: Arc<Interfaces>,
}

/// Whom a device heard.
#[derive(Clone, Debug)]
struct Hearing {
    at: Instant,
    neighbours: Arc<[Neighbour]>,
    /// How its ports were in the same poll.
    ports: u64,
}

impl Gauges {
    /// Forgets what another topology makes of it, and devices that are not in that.
    pub(super) fn retake(&mut self, is_known: impl Fn(&NodeId) -> bool) {
        self.devices.retain(|node, _| is_known(node));
        self.refresh();
        self.comparison = Arc::default();
        self.compared = None;
        self.is_behind = true;
    }

    /// Takes a poll.
    pub(super) fn take(
        &mut self,
        node: &NodeId,
        device: &Arc<Device>,
        asked: Instant,
        round: Duration,
    ) {
        let Some(gauge) = self.devices.get_mut(node) else {
            let mut gauge = Gauge {
                from: None,
                newest: (device.clone(), asked),
                is_fresh: true,
                heard: None,
                ports: None,
                shown: Arc::default(),
            };
            self.is_behind |= gauge.hear(device, asked);
            self.devices.insert(node.clone(), gauge);
            return;
        };
        // An answer overtaken by a later one says nothing new.
        if asked < gauge.newest.1 {
            return;
        }
        if asked - gauge.newest.1 >= round / 2 {
            gauge.from = Some(gauge.newest.clone());
        }
        gauge.newest = (device.clone(), asked);
        gauge.is_fresh = true;
        self.is_behind |= gauge.hear(device, asked);
    }

    /// Notes that what is shown of all devices may have changed.
    fn refresh(&mut self) {
        for gauge in self.devices.values_mut() {
            gauge.is_fresh = true;
        }
    }

    /// Returns the interfaces of a device as they were last computed.
    pub(super) fn shown(&self, node: &NodeId) -> Option<Arc<Interfaces>> {
        self.devices.get(node).map(|gauge| gauge.shown.clone())
    }
}

impl Gauge {
    /// Keeps whom it hears, where it was asked; returns whether that weighs otherwise than before.
    fn hear(&mut self, device: &Device, asked: Instant) -> bool {
        if !device.neighbours_read {
            return false;
        }
        let ports = hearing::ports(device);
        // The same silence weighs more when it is of the ports as they are now.
        let is_news = self
            .heard
            .as_ref()
            .is_none_or(|heard| heard.ports != ports || *heard.neighbours != *device.neighbours);
        self.heard = Some(Hearing {
            at: asked,
            neighbours: device.neighbours.as_slice().into(),
            ports,
        });
        is_news
    }

    /// Returns what it says in the form in which it is compared.
    fn witness(&self) -> Witness {
        let (device, _) = &self.newest;
        let is_whole = self
            .heard
            .as_ref()
            .is_some_and(|heard| Some(heard.ports) == self.ports);
        let Some(heard) = self.heard.as_ref().filter(|_| !device.neighbours_read) else {
            return witness(device, is_whole);
        };
        let mut device = (**device).clone();
        device.neighbours = heard.neighbours.to_vec();
        witness(&device, is_whole)
    }

    /// Returns its rates and over how long they are.
    fn rates(&self) -> (Vec<PortRate>, Option<Duration>) {
        let Some((before, from)) = &self.from else {
            return (Vec::new(), None);
        };
        let (after, to) = &self.newest;
        let over = to.saturating_duration_since(*from);
        (rates(before, after, over), Some(over))
    }
}

impl Monitor {
    /// Brings the interfaces up to date; views of devices whose interfaces have changed become stale.
    pub(super) fn look_at_interfaces(&mut self, now: Instant, at: Timestamp) {
        for gauge in self.gauges.devices.values_mut() {
            if gauge.is_fresh {
                let ports = Some(hearing::ports(&gauge.newest.0));
                self.gauges.is_behind |= ports != gauge.ports;
                gauge.ports = ports;
            }
        }
        let is_due = self
            .gauges
            .compared
            .is_none_or(|then| now.saturating_duration_since(then) >= COMPARE_EVERY);
        if self.gauges.is_behind && is_due {
            let witnesses: BTreeMap<NodeId, Option<Witness>> = self
                .polled
                .iter()
                .map(|node| {
                    let gauge = self.gauges.devices.get(node);
                    (node.clone(), gauge.map(Gauge::witness))
                })
                .collect();
            let network = &self.reference.network;
            self.gauges.comparison = Arc::new(Comparison::of(network, &witnesses));
            self.gauges.compared = Some(now);
            self.gauges.is_behind = false;
            self.gauges.refresh();
        }
        for (node, gauge) in &mut self.gauges.devices {
            if !std::mem::take(&mut gauge.is_fresh) {
                continue;
            }
            let (rates, over) = gauge.rates();
            let (device, asked) = &gauge.newest;
            gauge.shown = Arc::new(Interfaces {
                polled: moment(*asked, now, at),
                over,
                heard: gauge.heard.as_ref().map(|heard| moment(heard.at, now, at)),
                ports: beside(
                    &self.reference,
                    node,
                    device,
                    &rates,
                    &self.gauges.comparison,
                ),
            });
            if let Some(place) = self.reference.graph.node(node) {
                self.stale[place.index()] = true;
            }
        }
    }
}
