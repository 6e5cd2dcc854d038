//! The whole monitor in virtual time: every element of the reference network cut alone, told right and forgotten.

use std::collections::BTreeSet;
use std::sync::Mutex;

use jiff::civil::{Weekday, time};
use spanwatch::app::Setting;
use spanwatch::app::incident::Book;
use spanwatch::app::monitor::Monitor;
use spanwatch::app::reference::Reference;
use spanwatch::lab::action::impairment::Impairment;
use spanwatch::lab::action::{Action, Loss};
use spanwatch::model::agency::Hours;
use spanwatch::model::health::Health;
use spanwatch::model::incident::{Evidence, IncidentKind, IncidentSeverity};
use spanwatch::model::network::{Maintenance, Network, Parts};
use spanwatch::model::{AgencyId, Element, MaintenanceId, NodeId};

use spanwatch::app::rehearse::trial::Trial;
use spanwatch::app::rehearse::truth::Sight;

use crate::trial::{incidents, reference, silenced};

/// Cuts one element in a clone of a warm trial and says what is wrong with what the monitor says.
fn try_one(warm: &Trial, sight: &Sight, element: &Element) -> Vec<String> {
    let mut faults = Vec::new();
    let mut say = |text: String| faults.push(format!("{element}: {text}"));
    let cut_off = sight.cut_off([element]);
    let mut trial = warm.clone();
    trial.act(&Action::Cut(vec![element.clone()]));
    let is_visible = !sight.seen([element]).is_nothing();
    let named = trial.run_until(90, |monitor| !monitor.book().is_quiet());
    if named.is_some() {
        // Nothing that comes later may change it.
        trial.run(25);
    }
    let open = incidents(&trial);
    match (is_visible, open.as_slice()) {
        (false, []) => {}
        (false, open) => say(format!(
            "nothing can see it, but {} incidents are open",
            open.len()
        )),
        (true, [incident]) => {
            if !incident.causes.contains(element) {
                say(format!("blamed on {:?}", incident.causes));
            }
            let said: BTreeSet<AgencyId> = incident.cut_off.iter().cloned().collect();
            if said != cut_off {
                say(format!(
                    "cuts off {} agencies, said {}",
                    cut_off.len(),
                    said.len()
                ));
            }
            let kind = if cut_off.is_empty() {
                IncidentKind::Redundancy
            } else {
                IncidentKind::Outage
            };
            if incident.kind != kind {
                say(format!("is {kind:?}, said {:?}", incident.kind));
            }
        }
        (true, open) => say(format!(
            "{} incidents: {:?}",
            open.len(),
            open.iter().map(|i| &i.causes).collect::<Vec<_>>()
        )),
    }
    if silenced(&mut trial) != cut_off {
        say(format!(
            "{} agencies silenced, {} shown so",
            cut_off.len(),
            silenced(&mut trial).len()
        ));
    }
    trial.act(&Action::RestoreAll);
    trial.run_until(90, |monitor| monitor.book().is_quiet());
    trial.run(15);
    let open = incidents(&trial);
    if !open.is_empty() {
        say(format!(
            "{} incidents left open: {:?} {:?}",
            open.len(),
            open[0].causes,
            open[0].evidence
        ));
    }
    if !silenced(&mut trial).is_empty() {
        say("agencies left silent".to_owned());
    }
    faults
}

fn try_all(elements: &[Element]) -> Vec<String> {
    let reference = reference();
    let mut warm = Trial::of(&reference, 7);
    warm.run(70);
    assert!(warm.monitor.book().is_quiet(), "{:?}", incidents(&warm));
    assert!(silenced(&mut warm).is_empty());
    let counts = warm.monitor.picture(warm.now, warm.at).counts(warm.at);
    assert_eq!(counts.up, 483, "{counts:?}");
    let sight = Sight::new(&reference);
    let next = Mutex::new(elements.iter());
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let element = next.lock().expect("no panic holds it").next();
                    let Some(element) = element else { return };
                    let found = try_one(&warm, &sight, element);
                    faults.lock().expect("no panic holds it").extend(found);
                }
            });
        }
    });
    let mut faults = faults.into_inner().expect("no panic holds it");
    faults.sort();
    faults
}

#[test]
fn every_element_cut_alone_is_one_incident_with_its_cause_and_ends_when_restored() {
    let monitor = Element::Node("dc".into());
    let elements: Vec<Element> = reference()
        .network
        .elements()
        .filter(|element| *element != monitor)
        .collect();
    assert_eq!(elements.len(), 1337);
    let faults = try_all(&elements);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn a_link_that_fails_one_way_is_one_incident_although_there_is_a_way_round() {
    let mut trial = Trial::of(&reference(), 7);
    trial.run(60);
    let stuck = Element::Link("pop-hung-loc--pop-khe-tre".into());
    trial.act(&Action::Impair {
        element: stuck.clone(),
        by: Impairment::OneWay("pop-hung-loc".into()),
    });
    trial.run(60);
    let open = incidents(&trial);
    let [incident] = open.as_slice() else {
        panic!("{open:#?}");
    };
    assert_eq!(incident.kind, IncidentKind::Outage, "{incident:#?}");
    assert_eq!(incident.causes, [stuck], "{incident:#?}");
    assert!(
        matches!(incident.evidence[0], Evidence::NotAvoided { silent, all } if silent == all),
        "{incident:#?}"
    );
    let said: BTreeSet<AgencyId> = incident.cut_off.iter().cloned().collect();
    assert_eq!(said, silenced(&mut trial));
    trial.act(&Action::RestoreAll);
    trial.run(60);
    assert_eq!(incidents(&trial), []);
}

#[test]
fn half_a_percent_of_loss_on_every_link_for_a_day_is_no_incident() {
    let reference = reference();
    let mut trial = Trial::of(&reference, 11);
    for link in reference.network.links.keys() {
        trial.act(&Action::Loss {
            element: Element::Link(link.clone()),
            loss: Loss::of(0.005),
        });
    }
    trial.run(24 * 3600);
    let list = trial.monitor.book().list();
    assert!(
        list.is_empty(),
        "{} incidents, the first: {:?}",
        list.len(),
        list[0]
    );
}

#[test]
fn a_lossy_link_is_one_loss_incident_and_ends_when_it_is_mended() {
    let reference = reference();
    let mut trial = Trial::of(&reference, 5);
    trial.run(70);
    let link = Element::Link("pop-phu-ho--pop-phu-vang".into());
    trial.act(&Action::Loss {
        element: link.clone(),
        loss: Loss::of(0.10),
    });
    trial
        .run_until(600, |monitor| !monitor.book().is_quiet())
        .expect("it is seen");
    trial.run(300);
    let open = incidents(&trial);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].kind, IncidentKind::Loss);
    assert!(open[0].causes.contains(&link), "{:?}", open[0].causes);
    assert!(open[0].cut_off.is_empty());
    assert_eq!(silenced(&mut trial), BTreeSet::new(), "loss is not silence");
    trial.act(&Action::RestoreAll);
    trial.run(700);
    assert_eq!(incidents(&trial), []);
}

#[test]
fn two_lossy_links_are_two_loss_incidents_and_each_says_what_it_loses() {
    let reference = reference();
    let links =
        ["pop-phu-ho--pop-phu-vang", "thuan-hoa-thcs--pop"].map(|id| Element::Link(id.into()));
    let mut covered = 0;
    for seed in 1..=8 {
        let mut trial = Trial::of(&reference, seed);
        trial.run(70);
        for element in &links {
            trial.act(&Action::Loss {
                element: element.clone(),
                loss: Loss::of(0.15),
            });
        }
        trial.run(900);
        let open = incidents(&trial);
        assert_eq!(open.len(), 2, "{seed}: {open:#?}");
        for link in &links {
            let incident = open.iter().find(|incident| incident.causes.contains(link));
            let incident = incident.expect("it is named");
            assert_eq!(incident.kind, IncidentKind::Loss);
            let loss = incident
                .evidence
                .iter()
                .find_map(|evidence| match evidence {
                    Evidence::Loses(loss) => Some(*loss),
                    _ => None,
                });
            let loss = loss.expect("it says how much");
            // 15 % each way is 27.75 % of round trips.
            covered += usize::from(loss.low < 0.2775 && 0.2775 < loss.high);
        }
        assert_eq!(trial.monitor.book().last(), 2, "{seed}: none came and went");
    }
    // Of sixteen intervals of 95 %, fewer than fourteen hold the truth once in twenty-three times.
    assert!(covered >= 14, "{covered} of 16");
}

#[test]
fn lossy_link_of_the_demo_is_named_while_it_lasts_and_no_other_is() {
    let reference = reference();
    let link = Element::Link("pop-hung-loc--pop-khe-tre".into());
    let mut named = 0;
    for seed in 1..=12 {
        let mut trial = Trial::of(&reference, seed);
        trial.run(70);
        trial.act(&Action::Loss {
            element: link.clone(),
            loss: Loss::of(0.20),
        });
        let is_said = |monitor: &Monitor| !monitor.book().list().is_empty();
        named += usize::from(trial.run_until(30, is_said).is_some());
        // Two ways of equal cost lead to where it begins: while few echoes are lost, they are tempting.
        trial.run(120);
        for incident in trial.monitor.book().list() {
            assert!(incident.causes.contains(&link), "{seed}: {incident:?}");
        }
        assert_eq!(
            trial.monitor.book().last(),
            1,
            "{seed}: {:?}",
            incidents(&trial)
        );
    }
    assert!(named >= 10, "{named} of 12 within 30 s");
}

/// The reference network, changed.
fn changed(change: impl FnOnce(&mut Parts)) -> Reference {
    let mut parts = (**reference().network).clone();
    change(&mut parts);
    Reference::new(Network::prove(parts).expect("still a network"))
}

fn health(trial: &mut Trial, agency: &str) -> Health {
    let picture = trial.monitor.picture(trial.now, trial.at);
    picture.agency(&agency.into()).health
}

const SCHOOL: &str = "thuan-hoa-tieu-hoc";

#[test]
fn outside_its_office_hours_silence_is_unknown_unless_something_in_front_is_silent_too() {
    let reference = changed(|parts| {
        let days = vec![
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ];
        let hours = Hours {
            days,
            from: time(7, 0, 0, 0),
            to: time(17, 30, 0, 0),
        };
        parts.hours.insert("office".into(), hours);
        parts.agencies.get_mut(SCHOOL).expect("a school").hours = Some("office".into());
    });
    let mut trial = Trial::of(&reference, 9);
    // Tuesday, 22:00 in Hue.
    trial.at = "2026-11-24T15:00:00Z".parse().expect("a moment");
    trial.run(70);
    trial.act(&Action::Cut(vec![Element::Node(SCHOOL.into())]));
    trial.run(90);
    assert_eq!(
        incidents(&trial),
        [],
        "nobody is called at night for a school that is switched off"
    );
    assert_eq!(health(&mut trial, SCHOOL), Health::Unknown);
    trial.act(&Action::Cut(vec![Element::Node("pop-thuan-hoa".into())]));
    trial.run(90);
    assert_eq!(incidents(&trial).len(), 1);
    assert!(incidents(&trial)[0].cut_off.contains(&SCHOOL.into()));
    assert_eq!(health(&mut trial, SCHOOL), Health::Shadowed);
    trial.act(&Action::Restore(vec![Element::Node(
        "pop-thuan-hoa".into(),
    )]));
    trial.run(90);
    assert_eq!(incidents(&trial), []);
    // The next morning it should be there.
    trial.at = "2026-11-24T23:59:30Z".parse().expect("a moment");
    trial.run(90);
    assert_eq!(incidents(&trial).len(), 1, "{:?}", incidents(&trial));
    assert_eq!(incidents(&trial)[0].cut_off, [AgencyId::from(SCHOOL)]);
    assert_eq!(health(&mut trial, SCHOOL), Health::Down);
}

#[test]
fn what_is_in_maintenance_is_shown_and_does_not_alarm_until_the_window_ends() {
    let element = Element::Link("hall-thuan-hoa--pop-thuan-hoa".into());
    let reference = changed(|parts| {
        parts.maintenances.push(Maintenance {
            id: MaintenanceId::from("cr-1"),
            elements: vec![element.clone()],
            from: "2026-11-24T02:00:00Z".parse().expect("a moment"),
            to: "2026-11-24T03:05:00Z".parse().expect("a moment"),
            reason: "splicing".into(),
            ticket: None,
        });
    });
    let mut trial = Trial::of(&reference, 9);
    trial.run(70);
    trial.act(&Action::Cut(vec![element.clone()]));
    trial.run(90);
    let open = incidents(&trial);
    assert_eq!(open.len(), 1);
    assert!(
        open[0].maintenance && open[0].severity == IncidentSeverity::Info,
        "{:?}",
        open[0]
    );
    assert_eq!(open[0].kind, IncidentKind::Outage);
    trial.run(200);
    let open = incidents(&trial);
    assert_eq!(open.len(), 1, "the same incident");
    assert!(
        !open[0].maintenance && open[0].severity == IncidentSeverity::Critical,
        "{:?}",
        open[0]
    );
}

#[test]
fn an_edited_topology_keeps_the_state_of_what_stayed() {
    let mut trial = Trial::of(&reference(), 9);
    trial.run(70);
    trial.act(&Action::Cut(vec![Element::Node(
        "thuan-hoa-quan-su".into(),
    )]));
    trial.run(60);
    let before = incidents(&trial);
    assert_eq!(before.len(), 1);
    let edited = changed(|parts| {
        parts.agencies.remove(SCHOOL);
        parts.links.retain(|_, link| {
            link.a.node != NodeId::from(SCHOOL) && link.b.node != NodeId::from(SCHOOL)
        });
        parts.nodes.remove(SCHOOL);
    });
    trial.monitor.retake(edited.clone(), trial.now, trial.at);
    trial.world.retarget(edited.network.targets(), trial.now);
    let picture = trial.monitor.picture(trial.now, trial.at);
    assert_eq!(picture.network.agencies.len(), 482);
    let counts = picture.counts(trial.at);
    assert_eq!(
        (counts.up, counts.down),
        (481, 1),
        "nobody is asked anew: {counts:?}"
    );
    trial.run(30);
    let after = incidents(&trial);
    assert_eq!(after.len(), 1);
    assert_eq!(
        (after[0].id, after[0].since),
        (before[0].id, before[0].since)
    );
}

#[test]
fn reality_that_the_topology_does_not_know_is_down_and_visible() {
    // The school hangs on the hall in the topology; in truth its uplink is another one that breaks.
    let edited = changed(|parts| {
        let link = parts
            .links
            .get_mut("thuan-hoa-tieu-hoc--thcs")
            .expect("its uplink");
        for end in [&mut link.a, &mut link.b] {
            if end.node != NodeId::from(SCHOOL) {
                end.node = "hall-thuan-hoa".into();
                end.port = None;
            }
        }
    });
    let mut trial = Trial::of(&reference(), 9);
    trial.monitor = Monitor::new(edited, Setting::Simulated, Book::default(), trial.at);
    trial.run(70);
    trial.act(&Action::Cut(vec![Element::Node("thuan-hoa-thcs".into())]));
    trial.run(90);
    let silenced = silenced(&mut trial);
    assert_eq!(
        silenced,
        ["thuan-hoa-thcs", SCHOOL].map(AgencyId::from).into()
    );
    assert_eq!(health(&mut trial, "thuan-hoa-thcs"), Health::Down);
    assert_eq!(
        health(&mut trial, SCHOOL),
        Health::Down,
        "never shadowed by what cannot explain it"
    );
}
