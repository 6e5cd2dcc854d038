//! How a scenario's file is laid out.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) seed: Option<u64>,
    pub(super) convergence: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) at: Vec<Spanned<Entry>>,
    #[serde(default)]
    pub(super) recording: Vec<RecordingEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingEntry {
    pub(super) node: Spanned<String>,
    pub(super) file: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) t: Spanned<String>,
    pub(super) cut: Option<Vec<Spanned<String>>>,
    pub(super) down: Option<Vec<Spanned<String>>>,
    pub(super) restore: Option<Vec<Spanned<String>>>,
    pub(super) loss: Option<LossEntry>,
    pub(super) rate: Option<RateEntry>,
    pub(super) duplicate: Option<ShareEntry>,
    pub(super) reorder: Option<ReorderEntry>,
    pub(super) mtu: Option<MtuEntry>,
    pub(super) oneway: Option<OneWayEntry>,
    #[serde(rename = "icmp-limit")]
    pub(super) icmp_limit: Option<IcmpLimitEntry>,
    pub(super) agent: Option<AgentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LossEntry {
    pub(super) element: Spanned<String>,
    pub(super) percent: Spanned<f64>,
    pub(super) burst: Option<Spanned<f64>>,
    pub(super) toward: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateEntry {
    pub(super) link: Spanned<String>,
    pub(super) bits: Spanned<String>,
    pub(super) queue: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareEntry {
    pub(super) element: Spanned<String>,
    pub(super) percent: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReorderEntry {
    pub(super) element: Spanned<String>,
    pub(super) percent: Spanned<f64>,
    pub(super) by: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MtuEntry {
    pub(super) link: Spanned<String>,
    pub(super) octets: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneWayEntry {
    pub(super) link: Spanned<String>,
    pub(super) toward: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IcmpLimitEntry {
    pub(super) node: Spanned<String>,
    pub(super) rate: Spanned<f64>,
    pub(super) others: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentEntry {
    pub(super) node: Spanned<String>,
    pub(super) behaviour: Spanned<String>,
}

/// A word of a control line, and where the file says it.
pub(super) type Word = (String, Range<usize>);

/// Returns an entry's impairments as control lines have them: a verb and its words, in one order always.
pub(super) fn lines(entry: &Entry) -> Vec<(&'static str, Vec<Word>)> {
    fn word<T: ToString>(written: &Spanned<T>) -> Word {
        (written.get_ref().to_string(), written.span())
    }
    let mut lines = Vec::new();
    if let Some(rate) = &entry.rate {
        let mut words = vec![word(&rate.link), word(&rate.bits)];
        words.extend(rate.queue.as_ref().map(word));
        lines.push(("rate", words));
    }
    if let Some(share) = &entry.duplicate {
        lines.push((
            "duplicate",
            vec![word(&share.element), word(&share.percent)],
        ));
    }
    if let Some(reorder) = &entry.reorder {
        let mut words = vec![word(&reorder.element), word(&reorder.percent)];
        words.extend(reorder.by.as_ref().map(word));
        lines.push(("reorder", words));
    }
    if let Some(mtu) = &entry.mtu {
        lines.push(("mtu", vec![word(&mtu.link), word(&mtu.octets)]));
    }
    if let Some(oneway) = &entry.oneway {
        lines.push(("oneway", vec![word(&oneway.link), word(&oneway.toward)]));
    }
    if let Some(limit) = &entry.icmp_limit {
        let mut words = vec![word(&limit.node), word(&limit.rate)];
        words.extend(limit.others.as_ref().map(word));
        lines.push(("icmp-limit", words));
    }
    lines
}
