//! Values with a meaning of their own: numbers, quantities, addresses, moments, times of day.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use toml::de::DeValue;

use crate::filter::fold::nearest;
use crate::inventory::quantity;
use crate::inventory::table::{At, Table, error, place};
use crate::model::fault::Fault;

impl Table<'_, '_> {
    /// Reads true or false.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(key, "true or false", value);
        }
        flag
    }

    /// Reads a whole number within bounds.
    pub(crate) fn whole(
        &mut self,
        key: &'static str,
        within: RangeInclusive<u32>,
    ) -> Option<At<u32>> {
        let value = self.take(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, "a whole number", value);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let found = number.and_then(|number| u32::try_from(number).ok());
        let Some(number) = found.filter(|number| within.contains(number)) else {
            self.out_of_range(key, value.span(), &range(&within));
            return None;
        };
        Some(self.at(number, value.span()))
    }

    /// Reads a number within bounds.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        within: RangeInclusive<f64>,
    ) -> Option<At<f64>> {
        let value = self.take(key)?;
        let text = match value.get_ref() {
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => {
                self.wrong_type(key, "a number", value);
                return None;
            }
        };
        match text.parse::<f64>() {
            Ok(number) if within.contains(&number) => Some(self.at(number, value.span())),
            _ => {
                self.out_of_range(key, value.span(), &range(&within));
                None
            }
        }
    }

    fn out_of_range(&mut self, key: &str, span: Range<usize>, range: &str) {
        let place = place(self.source, span);
        let message = format!("`{key}` of {} should be {range}.", self.title);
        self.faults.push(error("T0114", &place, message));
    }

    /// Reads one of a few words.
    pub(crate) fn choice(
        &mut self,
        key: &'static str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.text(key)?;
        let found = words.iter().find(|word| **word == text.value).copied();
        if found.is_none() {
            let nearest = nearest(&text.value, words.iter().copied());
            self.faults.push(Fault {
                help: Some(match nearest {
                    Some(word) => format!("Did you mean `{word}`?"),
                    None => format!("Write one of: {}.", words.join(", ")),
                }),
                ..error(
                    "T0114",
                    &text.place,
                    format!(
                        "`{}` is not a `{key}` that {} can have.",
                        text.value, self.title
                    ),
                )
            });
        }
        found
    }

    fn quantity<T>(
        &mut self,
        key: &'static str,
        (example, units): (&str, &str),
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<At<T>> {
        let value = self.take(key)?;
        let written = match value.get_ref() {
            DeValue::String(text) => read(text),
            DeValue::Integer(number) => Err(format!("`{number}` has no unit")),
            DeValue::Float(number) => Err(format!("`{number}` has no unit")),
            _ => {
                self.wrong_type(key, &format!("a text like \"{example}\""), value);
                return None;
            }
        };
        match written {
            Ok(quantity) => Some(self.at(quantity, value.span())),
            Err(why) => {
                let place = place(self.source, value.span());
                self.faults.push(Fault {
                    help: Some(format!("Write it like \"{example}\"; {units}.")),
                    ..error(
                        "T0115",
                        &place,
                        format!("`{key}` of {} cannot be read: {why}.", self.title),
                    )
                });
                None
            }
        }
    }

    /// Reads a duration.
    pub(crate) fn duration(&mut self, key: &'static str, example: &str) -> Option<At<Duration>> {
        self.quantity(
            key,
            (example, "the units are ms, s, min, h and d"),
            quantity::duration,
        )
    }

    /// Reads a capacity, bits a second.
    pub(crate) fn capacity(&mut self, key: &'static str) -> Option<At<u64>> {
        self.quantity(
            key,
            ("10G", "bits a second, in k, M, G or T"),
            quantity::capacity,
        )
    }

    /// Reads an address that can be asked.
    pub(crate) fn address(&mut self, key: &'static str) -> Option<At<IpAddr>> {
        let text = self.text(key)?;
        self.address_of(text)
    }

    fn address_of(&mut self, text: At<String>) -> Option<At<IpAddr>> {
        match address(&text.value) {
            Ok(value) => Some(At {
                value,
                place: text.place,
            }),
            Err(help) => {
                self.faults.push(Fault {
                    help: Some(help),
                    ..error(
                        "T0119",
                        &text.place,
                        format!("`{}` is not an address of {}.", text.value, self.title),
                    )
                });
                None
            }
        }
    }

    /// Reads a list of addresses.
    pub(crate) fn addresses(&mut self, key: &'static str) -> Vec<At<IpAddr>> {
        let texts = self.list(key).unwrap_or_default();
        texts
            .into_iter()
            .filter_map(|text| self.address_of(text))
            .collect()
    }

    /// Reads a moment with its offset.
    pub(crate) fn moment(&mut self, key: &'static str) -> Option<At<Timestamp>> {
        let Some(value) = self.take(key) else {
            self.missing(
                key,
                "Write it like 2026-12-01T22:00:00+07:00, without quotes.",
            );
            return None;
        };
        let written = match value.get_ref() {
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                self.wrong_type(key, "a moment like 2026-12-01T22:00:00+07:00", value);
                return None;
            }
        };
        if let Ok(moment) = written.parse::<Timestamp>() {
            return Some(self.at(moment, value.span()));
        }
        let local = written.parse::<jiff::civil::DateTime>().is_ok();
        let place = place(self.source, value.span());
        self.faults.push(Fault {
            help: Some(if local {
                format!("Add the offset: {written}+07:00.")
            } else {
                "Write it like 2026-12-01T22:00:00+07:00.".into()
            }),
            ..error(
                "T0127",
                &place,
                if local {
                    format!(
                        "`{key}` of {} does not say in which offset from UTC it is.",
                        self.title
                    )
                } else {
                    format!("`{key}` of {} is not a moment.", self.title)
                },
            )
        });
        None
    }

    /// Reads a time of day: `"07:00"` or a TOML local time; `24:00` is midnight.
    pub(crate) fn time(&mut self, key: &'static str) -> Option<Time> {
        let Some(value) = self.take(key) else {
            self.missing(key, "Write it like \"07:00\".");
            return None;
        };
        let written = match value.get_ref() {
            DeValue::Datetime(time) => time.to_string(),
            DeValue::String(text) if text == "24:00" => "00:00".into(),
            DeValue::String(text) => text.to_string(),
            _ => {
                self.wrong_type(key, "a time of day like \"07:00\"", value);
                return None;
            }
        };
        let time = written.parse::<Time>().ok();
        if time.is_none() || written.contains(['T', ' ']) {
            self.out_of_range(key, value.span(), "a time of day like \"07:00\"");
            return None;
        }
        time
    }
}

/// Reads an address that can be asked, or says what to write instead.
pub(crate) fn address(text: &str) -> Result<IpAddr, String> {
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() || address.is_multicast() => {
            Err("It stands for no single device.".into())
        }
        Ok(IpAddr::V4(address)) if address.is_broadcast() => {
            Err("It stands for no single device.".into())
        }
        Ok(address) => Ok(address),
        Err(_) => Err(match text.split_once('/') {
            Some((before, _)) if before.parse::<IpAddr>().is_ok() => {
                format!("Leave out the prefix length: \"{before}\".")
            }
            _ => {
                "Write an IPv4 or IPv6 address like \"10.48.1.11\"; names are not looked up.".into()
            }
        }),
    }
}

fn range<T: Display>(within: &RangeInclusive<T>) -> String {
    format!("{} to {}", within.start(), within.end())
}
