//! What a cell of somebody else's list says: capacities, kinds of links, numbers, yes and no.

use std::net::IpAddr;

use unicode_normalization::UnicodeNormalization;

use crate::filter::fold::bare;
use crate::inventory::quantity;
use crate::inventory::table::value;
use crate::model::text::is_unsafe;

/// Returns a text on one line, composed, without characters that cannot be seen.
pub(crate) fn clean(text: &str) -> String {
    let visible: String = text
        .nfc()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_unsafe(*c))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads an address beside which its prefix length may stand, or says what to write instead.
pub(crate) fn address(cell: &str) -> Result<IpAddr, String> {
    value::address(cell.split('/').next().unwrap_or_default().trim())
}

/// Reads a number; a Vietnamese spreadsheet writes the decimal comma.
pub(crate) fn number(cell: &str) -> Option<f64> {
    let number = cell.replace(',', ".").parse::<f64>().ok()?;
    number.is_finite().then_some(number)
}

/// Reads yes or no.
pub(crate) fn yes(cell: &str) -> Option<bool> {
    match bare(cell).as_str() {
        "yes" | "y" | "true" | "1" | "x" | "co" => Some(true),
        "no" | "n" | "false" | "0" | "-" | "khong" => Some(false),
        _ => None,
    }
}

/// Returns a capacity as the topology writes it: `100 Mbps`, `100 Mb/s` and `100M` are `100M`.
pub(crate) fn capacity(cell: &str) -> Option<String> {
    let short: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    let short = short.replace(',', ".");
    let low = short.to_lowercase();
    let end = ["bit/s", "bps", "b/s", "bit", "b"]
        .iter()
        .find_map(|unit| low.strip_suffix(unit));
    let bare = end.map_or(short.as_str(), |end| &short[..end.len()]);
    let digits = bare.trim_end_matches(char::is_alphabetic);
    let unit = bare[digits.len()..].to_uppercase();
    let text = format!("{digits}{}", if unit == "K" { "k".into() } else { unit });
    quantity::capacity(&text).ok().map(|_| text)
}

/// Returns a kind of link as the topology calls it.
pub(crate) fn kind(cell: &str) -> String {
    match bare(cell).as_str() {
        "cap quang" | "quang" | "fiber" | "fibre" | "ftth" | "soi quang" => "fibre".into(),
        "vi ba" | "viba" | "radio" => "radio".into(),
        "4g" | "lte" | "3g" | "5g" => "4g".into(),
        "ve tinh" | "vsat" | "satellite" => "satellite".into(),
        "mang noi bo" | "lan" => "lan".into(),
        other => other.to_owned(),
    }
}
