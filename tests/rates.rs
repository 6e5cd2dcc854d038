//! Rates from two polls: wraps, restarts, and what must not be guessed.

use std::time::Duration;

use proptest::prelude::*;
use spanwatch::judge::rates::{Gap, PortRate, has_restarted, rates};
use spanwatch::model::device::{CounterWidth, Device, Engine, Interface, System};
use spanwatch::model::text::DeviceText;

const MINUTE: Duration = Duration::from_mins(1);

fn port(name: &str, octets: u64, counters: CounterWidth, speed: Option<u64>) -> Interface {
    Interface {
        index: 3,
        name: DeviceText::clean(name.as_bytes()),
        speed,
        in_octets: Some(octets),
        out_octets: Some(0),
        counters,
        ..Interface::default()
    }
}

fn device(port: Interface, uptime: Duration) -> Device {
    Device {
        system: System {
            uptime: Some(uptime),
            ..System::default()
        },
        interfaces: vec![port],
        ..Device::default()
    }
}

/// Returns what one port received between two polls a minute apart.
fn received(from: u64, to: u64, width: CounterWidth, speed: Option<u64>) -> Result<f64, Gap> {
    let uptime = Duration::from_hours(1);
    let before = device(port("Gi0/1", from, width, speed), uptime);
    let after = device(
        port("GigabitEthernet0/1", to, width, speed),
        uptime + MINUTE,
    );
    rates(&before, &after, MINUTE)[0].received
}

#[test]
fn counter_of_32_bits_wraps_once_and_goes_on() {
    let from = u64::from(u32::MAX) - 999;
    let rate = received(from, 6_500, CounterWidth::Bits32, Some(100_000_000));
    assert_eq!(rate, Ok(7_500.0 * 8.0 / 60.0));
    // In a minute a gigabit may wrap it nearly twice: no number is better than a wrong one.
    let fast = received(from, 6_500, CounterWidth::Bits32, Some(1_000_000_000));
    assert_eq!(fast, Err(Gap::TooLong));
}

#[test]
fn counter_of_64_bits_never_wraps() {
    let wide = CounterWidth::Bits64;
    assert_eq!(received(1 << 40, 7, wide, None), Err(Gap::Reset));
    assert_eq!(received(0, 750_000_000, wide, Some(100_000_000)), Ok(1e8));
}

#[test]
fn nothing_is_faster_than_its_line() {
    let wide = CounterWidth::Bits64;
    // 4 % over is the timing of two polls; twice over is a counter that lies.
    assert_eq!(received(0, 780_000_000, wide, Some(100_000_000)), Ok(1e8));
    assert_eq!(
        received(0, 1_500_000_000, wide, Some(100_000_000)),
        Err(Gap::Impossible)
    );
    // 32 bits that would have had to wrap faster than the line can carry began anew instead.
    assert_eq!(
        received(3_000_000_000, 5, CounterWidth::Bits32, Some(100_000_000)),
        Err(Gap::Reset)
    );
}

#[test]
fn restart_is_told_from_the_wrap_of_its_clock() {
    let at = |seconds: u64| device(Interface::default(), Duration::from_secs(seconds));
    let day_497 = u64::from(u32::MAX) / 100;
    assert!(!has_restarted(&at(100), &at(160), MINUTE));
    assert!(has_restarted(&at(9_000), &at(20), MINUTE));
    assert!(!has_restarted(&at(day_497 - 20), &at(40), MINUTE));
    assert!(has_restarted(
        &at(day_497 - 20),
        &at(30),
        Duration::from_mins(10)
    ));
    // The engine knows better than the clock that wraps.
    let engine = |device: Device, boots: u32, time: u64| Device {
        engine: Some(Engine {
            boots,
            time: Duration::from_secs(time),
        }),
        ..device
    };
    let (before, after) = (engine(at(9_000), 4, 9_000), engine(at(20), 4, 9_060));
    assert!(!has_restarted(&before, &after, MINUTE));
    assert!(has_restarted(&before, &engine(at(9_060), 5, 9_060), MINUTE));
}

#[test]
fn port_that_began_anew_has_no_rate_and_its_neighbour_has() {
    let wide = CounterWidth::Bits64;
    let uptime = Duration::from_hours(1);
    let swapped = |since: u64, octets: u64| Interface {
        discontinuity: Some(Duration::from_secs(since)),
        ..port("Gi0/1", octets, wide, None)
    };
    let other = |octets| Interface {
        index: 4,
        ..port("Gi0/2", octets, wide, None)
    };
    let mut before = device(swapped(0, 10), uptime);
    before.interfaces.push(other(0));
    let mut after = device(swapped(3_630, 9_999), uptime + MINUTE);
    after.interfaces.push(other(750));
    let found: Vec<PortRate> = rates(&before, &after, MINUTE);
    assert_eq!(found[0].received, Err(Gap::Reset));
    assert_eq!(found[1].received, Ok(100.0));
}

#[test]
fn port_is_known_by_its_name_when_its_index_moves() {
    let wide = CounterWidth::Bits64;
    let before = device(port("Gi0/1", 0, wide, None), Duration::from_hours(1));
    let mut moved = port("Gi0/1", 750, wide, None);
    moved.index = 77;
    let after = device(moved, Duration::from_hours(1) + MINUTE);
    assert_eq!(rates(&before, &after, MINUTE)[0].received, Ok(100.0));
    let other = device(port("Gi0/9", 750, wide, None), Duration::from_hours(2));
    assert_eq!(
        rates(&before, &other, MINUTE)[0].received,
        Err(Gap::Missing)
    );
}

proptest! {
    #[test]
    fn any_two_polls_give_rates_within_the_line(
        from in any::<u64>(), to in any::<u64>(), wide in any::<bool>(),
        speed in proptest::option::of(1_u64..1 << 40), seconds in 0_u64..100_000,
    ) {
        let width = if wide { CounterWidth::Bits64 } else { CounterWidth::Bits32 };
        let before = device(port("a", from, width, speed), Duration::from_secs(9));
        let after = device(port("a", to, width, speed), Duration::from_secs(9 + seconds));
        for rate in rates(&before, &after, Duration::from_secs(seconds)) {
            if let Ok(rate) = rate.received {
                prop_assert!(rate >= 0.0 && rate.is_finite());
                prop_assert!(speed.is_none_or(|speed| rate <= speed as f64));
            }
            prop_assert!(rate.busy.is_none_or(|busy| (0.0..=1.0).contains(&busy)));
        }
    }
}
