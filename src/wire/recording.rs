//! Recordings of agents as snmpsim keeps them: one object a line, `OID|tag|value`.
//!
//! A tag is the number of the ASN.1 type (RFC 2578), with `x` behind it where the value is in hexadecimal and
//! `e` where it has escapes, and `:module` where a program would make the value up. What cannot be read is left
//! out and counted: half a million good rows are worth more than one bad one.

use std::collections::BTreeMap;

use snmp::{Oid, Value, VarBind};

/// A recording: what its agent would have said, ascending by identifier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The objects; of one that comes twice the later counts.
    pub rows: Vec<VarBind>,
    /// Lines that could not be read.
    pub unread: usize,
    /// The first of them, from 1.
    pub first_unread: Option<usize>,
}

/// Reads a recording; empty lines and those that begin with `#` say nothing.
#[must_use]
pub fn read(text: &[u8]) -> Recording {
    let mut rows = BTreeMap::new();
    let mut recording = Recording::default();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some((oid, value)) = row(line) {
            rows.insert(oid, value);
        } else {
            recording.unread += 1;
            recording.first_unread.get_or_insert(at + 1);
        }
    }
    recording.rows = rows
        .into_iter()
        .map(|(oid, value)| VarBind::new(oid, value))
        .collect();
    recording
}

fn row(line: &[u8]) -> Option<(Oid, Value)> {
    let mut parts = line.splitn(3, |byte| *byte == b'|');
    let oid = std::str::from_utf8(parts.next()?).ok()?;
    let tag = std::str::from_utf8(parts.next()?).ok()?;
    let bytes = parts.next()?;
    let oid = Oid::parse(oid.trim().trim_start_matches('.')).ok()?;
    if oid.is_empty() {
        return None;
    }
    let decoded;
    let (tag, bytes) = if let Some((tag, _)) = tag.split_once(':') {
        decoded = made_up(bytes);
        (tag, decoded.as_slice())
    } else if let Some(tag) = tag.strip_suffix('x') {
        decoded = hexadecimal(bytes)?;
        (tag, decoded.as_slice())
    } else if let Some(tag) = tag.strip_suffix('e') {
        decoded = unescaped(bytes);
        (tag, decoded.as_slice())
    } else {
        (tag, bytes)
    };
    Some((oid, value(tag, bytes)?))
}

/// Returns the value that a module would begin with: a recording is one moment, and moments do not move.
fn made_up(settings: &[u8]) -> Vec<u8> {
    let named = |name: &[u8]| {
        settings.split(|byte| *byte == b',').find_map(|part| {
            let value = part.strip_prefix(name)?.strip_prefix(b"=")?;
            Some(value.to_vec())
        })
    };
    [b"value".as_slice(), b"initial", b"offset", b"min"]
        .into_iter()
        .find_map(named)
        .unwrap_or_else(|| b"0".to_vec())
}

fn value(tag: &str, bytes: &[u8]) -> Option<Value> {
    let text = || std::str::from_utf8(bytes).ok().map(str::trim);
    let wide = || text()?.parse::<u64>().ok();
    // Real agents' values wrap and so do these, as they would have on the wire.
    let narrow = || wide().map(|number| number as u32);
    Some(match tag {
        "2" => Value::Integer(text()?.parse::<i64>().ok()? as i32),
        "4" => Value::from(bytes),
        "5" => Value::Null,
        "6" => Value::ObjectIdentifier(Oid::parse(text()?.trim_start_matches('.')).ok()?),
        "64" => Value::IpAddress(match <[u8; 4]>::try_from(bytes) {
            // The shortest written address has seven characters.
            Ok(octets) => octets,
            Err(_) => text()?.parse::<std::net::Ipv4Addr>().ok()?.octets(),
        }),
        "65" => Value::Counter32(narrow()?),
        "66" => Value::Gauge32(narrow()?),
        "67" => Value::TimeTicks(narrow()?),
        "68" => Value::Opaque(bytes.to_vec().into()),
        "70" => Value::Counter64(wide()?),
        _ => return None,
    })
}

fn hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .iter()
        .copied()
        .filter(|digit| !digit.is_ascii_whitespace())
        .map(|digit| (digit as char).to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

/// Reads `\n`, `\r`, `\t`, `\\` and `\xHH`; any other character behind `\` is itself.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let Some((kind, after)) = rest.split_first() else {
            plain.push(b'\\');
            break;
        };
        rest = after;
        plain.push(match kind {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => match after.get(..2).and_then(hexadecimal).as_deref() {
                Some([byte]) => {
                    rest = after.get(2..).unwrap_or_default();
                    *byte
                }
                _ => b'x',
            },
            other => *other,
        });
    }
    plain
}
