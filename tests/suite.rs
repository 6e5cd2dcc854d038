//! The tests, one binary: it links once and runs fast.

/// Two topologies, and what lies between them.
mod diff;

/// The program and the lab, run for other tests.
mod stage;

/// Debian's own LLDP and SNMP daemons, wired in namespaces.
mod lldpd;

/// Whom to ask next, and what is written of it.
mod discovery;

/// Declared links against what devices hear, cable by cable.
mod wiring;

/// The emulated network against the graph.
mod fabric;

/// The stairs of the house, kept.
mod house;

/// Interfaces beside what is declared of them.
mod interfaces;

/// The lab's words, and the lab itself on a real wire.
mod lab;

/// Echoes under way: who is believed.
mod flight;

/// Real sockets on loopback and in namespaces of the test's own.
mod loopback;

/// The lab's agents in all their ways, and what is made of them.
mod liars;

/// Who is asked when, in virtual time.
mod roster;

/// Our poll beside Debian's own agent and walk.
mod snmpd;

/// One device asked by hand.
mod poll;

/// Rates from two polls.
mod rates;

/// Recordings of real devices, and what hostile ones could say.
mod recordings;

/// Traps and informs of Debian's own senders, and what the monitor makes of a storm of them.
mod traps;

/// Hostile bytes against everything that hears the network.
mod hostile;

/// A limit on ICMP, told from loss on the way.
mod policing;

/// Bytes and values: there and back, real recordings, and any values at all.
mod wire;

/// Weak elements, against brute force and against what is known of the reference network.
mod analysis;

/// The cheapest links against single points, against all sets of them.
mod augment;

/// The binary as people and cron meet it.
mod command;

/// The query language.
mod filter;

/// Topologies: what loads, what is refused and with which words.
mod inventory;

/// Which fault explains these silences, against brute force.
mod locate;

/// What to ask next, and `locate` as it is typed.
mod asks;

/// Which links lose packets, in simulation and against an exhaustive search.
mod lossy;

/// Networks in a few words, for the others.
mod sketch;

/// 276 real networks and the answers of other programs.
mod zoo;

/// Causes in 276 real networks, against a search of all sets.
mod causes;

/// The judge: its transition table, and the statistics of its window.
mod judge;

/// The true `topology/` and the data that it was written from.
mod real;

/// Reasons in both languages, and no English on a Vietnamese screen.
mod reason;

/// The whole monitor in virtual time, against brute force.
mod monitor;

/// Pictures for the faces.
mod picture;

/// The dashboard, key by key and page by page.
mod screen;

/// Every format of a small network, a hostile one and the true one.
mod report;

/// The table of words.
mod words;

/// The dashboard of the lab in a real terminal.
mod terminal;

/// A network of real namespaces and other people's agents, watched the same day.
mod field;

/// The whole monitor without sockets, for the others.
mod trial;

/// Where the kernel refuses namespaces.
mod refused;

/// Elements drawn by a seed, cut on the wire.
mod drawn;

/// The README, command by command.
mod readme;

/// `ping` as it is typed, with hostile answers and without rights.
mod ping;

/// `check`: its verdicts, its forms, and what it keeps between runs.
mod check;

/// The terminal is given back whole, whatever ends the dashboard.
mod guard;

/// Agency-hours lost a year, against enumeration, closed forms and other programs.
mod hours;

/// Double faults, against deletion of both.
mod pairs;
/// What would be, beside what is; and the views.
mod what_if;

/// Strange networks and questions: a named fault or a bounded answer.
mod strange;

/// Plans and remedies, against all affordable sets.
mod plan;
/// The whole monitor rehearsed: what was true beside what was said, and the rules it goes by.
mod rehearse;

/// Why a first run fails: as root, as an ordinary user, and where the capability is kept from everybody.
mod doctor;

/// A trace: its packets, its patience, what the model says of it, and all of it on the lab's wire.
mod trace;

/// IPv6 in the lab: frames, the same fabric for both families, a dual network on the wire.
mod v6;

/// Services: what a check hears, and whose fault it is that an agency cannot reach one.
mod services;
