//! Seconds from a cut to its named cause, for every element that silences somebody or is reported by a port; in
//! virtual time, with devices that say nothing unasked and with devices that do.
//!
//! The figure is of the monitor's rules and not of this machine: intervals, time-outs and inquiries.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(dead_code, reason = "the helpers serve the tests too")]

#[path = "../trial.rs"]
mod trial;

use std::time::Duration;

use spanwatch::app::rehearse::trial::Trial;
use spanwatch::lab::action::Action;
use spanwatch::model::Element;
use trial::{incidents, reference};

fn main() {
    let reference = reference();
    let trial = Trial::of(&reference, 7);
    measure("by rounds and polls alone", trial.clone());
    measure("with traps", trial.listening());
}

fn measure(how: &str, mut warm: Trial) {
    warm.run(70);
    let reference = warm.monitor.reference().clone();
    let (mut outages, mut redundancies) = (Vec::new(), Vec::new());
    for (number, element) in reference.network.elements().enumerate() {
        if element == Element::Node(reference.network.monitor.clone()) {
            continue;
        }
        let mut trial = warm.clone();
        // Not all at one moment of the round.
        trial.run_until(number as u64 % 10, |_| false);
        trial.act(&Action::Cut(vec![element]));
        if let Some(took) = trial.run_until(90, |monitor| !monitor.book().is_quiet()) {
            let is_outage = incidents(&trial)
                .iter()
                .any(|incident| !incident.cut_off.is_empty());
            if is_outage {
                &mut outages
            } else {
                &mut redundancies
            }
            .push(took);
        }
    }
    print(how, "outages", &mut outages);
    print(how, "lost redundancy", &mut redundancies);
}

fn print(how: &str, what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else {
        return;
    };
    let at = |percent: usize| times[(last * percent + 50) / 100].as_secs_f64();
    println!(
        "{what}, {how}: {} cuts named; seconds from cut to cause: median {:.1}, p95 {:.1}, max {:.1}",
        times.len(),
        at(50),
        at(95),
        at(100)
    );
}
