//! Quantities with a unit, as people write them: `10s`, `1h30m`, `60000h`, `10G`.
//!
//! A bare number is refused: `timeout = 10` has been seconds in one tool and milliseconds in the next. Decimals
//! are exact, so that a mean time of `254651.2h` is not rounded on its way into the model.

use std::time::Duration;

/// Units of time with their nanoseconds; the longest name that fits is taken.
const TIMES: &[(&str, u128)] = &[
    ("ms", 1_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Reads a duration, or says in a few words what is wrong with it.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (amount, after) = decimal(rest)?;
        let after = after.trim_start();
        let end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("`{text}` has no unit"));
        }
        let Some((_, size)) = TIMES.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{unit}` is not a unit of time"));
        };
        total = amount
            .scaled(*size)
            .and_then(|part| total.checked_add(part))
            .ok_or("it is too long")?;
        rest = next.trim_start();
    }
    let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| "it is too long")?;
    // Beyond this, sums of two of them would overflow.
    if seconds > u64::MAX / 1024 {
        return Err("it is too long".into());
    }
    Ok(Duration::new(seconds, (total % 1_000_000_000) as u32))
}

/// Reads a capacity in bits a second, decimal steps: `64k`, `100M`, `2.5G`, or says what is wrong with it.
pub(crate) fn capacity(text: &str) -> Result<u64, String> {
    let (amount, unit) = decimal(text.trim())?;
    let unit = unit.trim_start();
    let bare = unit
        .strip_suffix("bit/s")
        .or_else(|| unit.strip_suffix("bps"))
        .or_else(|| unit.strip_suffix("b/s"))
        .unwrap_or(unit);
    let size: u128 = match bare {
        "" => return Err(format!("`{text}` has no unit")),
        "k" | "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => return Err(format!("`{unit}` is not a unit of capacity")),
    };
    let bits = amount.scaled(size).ok_or("it is too large")?;
    match u64::try_from(bits) {
        Ok(0) => Err("it is nothing".into()),
        Ok(bits) => Ok(bits),
        Err(_) => Err("it is too large".into()),
    }
}

/// Writes a duration as `duration` reads it, exactly: `60000h`, `254651.2h`, `10s`, `150ms`.
#[must_use]
pub fn duration_text(time: Duration) -> String {
    let nanos = time.as_nanos();
    for (unit, size) in [
        ("h", 3_600_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
    ] {
        // Two decimals of an hour are easier to read than 254651.2 h in seconds.
        let hundredths = nanos * 100 / size;
        if nanos >= size && hundredths * size == nanos * 100 {
            return format!("{}{unit}", plain(hundredths, 2));
        }
    }
    format!("{}s", plain(nanos, 9))
}

/// Writes bits a second as `capacity` reads them, exactly: `10G`, `1.544M`, `64k`.
#[must_use]
pub fn capacity_text(bits: u64) -> String {
    let (unit, places) = match bits {
        0..1_000_000 => ("k", 3),
        1_000_000..1_000_000_000 => ("M", 6),
        _ => ("G", 9),
    };
    format!("{}{unit}", plain(u128::from(bits), places))
}

/// A whole number with its last digits behind the point, and no zeros at its end.
fn plain(digits: u128, places: u32) -> String {
    let unit = 10_u128.pow(places);
    let (whole, part) = (digits / unit, digits % unit);
    if part == 0 {
        return whole.to_string();
    }
    let part = format!("{part:0width$}", width = places as usize);
    format!("{whole}.{}", part.trim_end_matches('0'))
}

/// A decimal number: digits without the point, and how many of them stand after it.
struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    fn scaled(&self, unit: u128) -> Option<u128> {
        Some(self.digits.checked_mul(unit)? / 10_u128.checked_pow(self.places)?)
    }
}

fn decimal(text: &str) -> Result<(Decimal, &str), String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || part.contains('.') || (number.contains('.') && part.is_empty()) {
        return Err(format!("`{text}` does not begin with a number"));
    }
    // Twenty digits hold every duration and capacity that there is.
    if whole.len() > 20 || part.len() > 9 {
        return Err("it has too many digits".into());
    }
    let digits = format!("{whole}{part}")
        .parse()
        .map_err(|_| "it has too many digits")?;
    let places = part.len() as u32;
    Ok((Decimal { digits, places }, rest))
}
