//! Every code that a topology can earn, and what `explain` says of it.
//!
//! Codes are stable: one that is no longer given is never given another meaning.

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// `T0107`.
    pub code: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// Why it matters and what to do, a few sentences.
    pub text: &'static str,
}

/// Returns what a code means; letters of either case.
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    CODES
        .iter()
        .find(|known| known.code.eq_ignore_ascii_case(code))
        .copied()
}

/// Returns all codes: errors `T01xx`, then warnings `W02xx`, each in order.
#[must_use]
pub fn codes() -> &'static [Explanation] {
    CODES
}

const fn code(code: &'static str, title: &'static str, text: &'static str) -> Explanation {
    Explanation { code, title, text }
}

const CODES: &[Explanation] = &[
    code(
        "T0101",
        "the file is not TOML",
        "The syntax is broken at this place, so nothing of the file was read. Names that the file declares are not checked in other files until it is whole, so that one missing quote does not become a hundred faults. See https://toml.io for the language.",
    ),
    code(
        "T0102",
        "a file or folder cannot be read",
        "The operating system refused it; its reason is in the message. Most often the path is misspelt or the permissions are those of another user.",
    ),
    code(
        "T0103",
        "a file is not UTF-8",
        "Topologies are UTF-8, with or without Vietnamese marks. Files from older programs may be in TCVN3, VNI or Windows-1258: convert them, for example by `iconv -f CP1258 -t UTF-8`.",
    ),
    code(
        "T0104",
        "a file is too large",
        "A file over the limit is a mistake more often than a topology. Split it: file borders mean nothing to the model, so any number of files will do.",
    ),
    code(
        "T0105",
        "there is no topology here",
        "A topology is a folder of `*.toml` files, read with its folders below; names that begin with `.` or `_` and symbolic links are left out.",
    ),
    code(
        "T0106",
        "no [network]",
        "Exactly one file holds a [network] table with `id`, `name` and `hubs`.",
    ),
    code(
        "T0107",
        "an end does not exist",
        "A link, agency, service or hub names a node that no file declares. Ids are compared letter by letter. An agency without `node` is a node of its own, under the agency's id.",
    ),
    code(
        "T0108",
        "two [network] tables",
        "A topology describes one network. Two of them in one folder are most often a copy that was left behind; give its name a `_` in front.",
    ),
    code(
        "T0109",
        "a scenario lies in the topology",
        "`[[at]]` belongs to a scenario of the lab. Scenarios are kept outside of the topology folder, or under a name that begins with `_`.",
    ),
    code(
        "T0110",
        "an unknown key",
        "The key is not one of those that this table may have. It would be ignored, and a misspelt `transit` or `risk` changes who is cut off, so it is refused.",
    ),
    code(
        "T0111",
        "an unknown table",
        "The tables of a topology are network, defaults, area, agency, node, link, risk_group, service, candidate, maintenance, hours and provider.",
    ),
    code(
        "T0112",
        "a key is missing",
        "The table cannot be understood without this key.",
    ),
    code(
        "T0113",
        "a value of the wrong type",
        "The key wants another type of value: a text in quotes, a number without them, a list in brackets.",
    ),
    code(
        "T0114",
        "a value out of its range",
        "The value is none of those that make sense here; the message names them.",
    ),
    code(
        "T0115",
        "a unit is missing or unknown",
        "Durations are texts with a unit (`10s`, `150ms`, `60000h`, `1h30m`; ms, s, min, m, h, d) and capacities too (`64k`, `100M`, `2.5G`). A bare number has been seconds in one program and milliseconds in the next.",
    ),
    code(
        "T0116",
        "not an id",
        "Ids are ASCII letters, digits, `-`, `_` and `.`, at most 64 of them, the first a letter or digit. They stand in file names, sockets and URLs, and `:` separates a node from its port. Names may hold anything.",
    ),
    code(
        "T0117",
        "an id twice",
        "Two things of one kind have the same id. Agencies without `node` share their ids with nodes, because each of them is one.",
    ),
    code(
        "T0118",
        "an address twice",
        "Two nodes have the same address. An answer from it could not be told apart, and one of the two would look alive when it is dead.",
    ),
    code(
        "T0119",
        "not an address",
        "An address is IPv4 or IPv6, without prefix length and without port. Names are not looked up: the monitor must work when name service does not.",
    ),
    code(
        "T0120",
        "a name does not exist",
        "The table names an area, provider, risk group, hours or element that no file declares.",
    ),
    code(
        "T0121",
        "a link ends where it begins",
        "Both ends are the same node, so the link carries nothing.",
    ),
    code(
        "T0122",
        "an earlier id is claimed twice",
        "`was = [\"..\"]` hands the history of an earlier id to its heir. It can have one heir, and an id that is still in use has kept its history.",
    ),
    code(
        "T0123",
        "an invisible character",
        "The text holds a control, zero-width or direction-changing character. It would move a terminal's cursor or make two different names look the same.",
    ),
    code(
        "T0124",
        "a key of the node at the agency",
        "An agency with `node` sits at a node that is declared elsewhere; address, SNMP, rates and uplinks are said there.",
    ),
    code(
        "T0125",
        "no hub",
        "Who is cut off is counted from the hubs; without one nobody can be connected.",
    ),
    code(
        "T0126",
        "work ends before it begins",
        "`to` is not after `from`.",
    ),
    code(
        "T0127",
        "a moment without its offset",
        "Moments are written with their offset from UTC, as in 2026-12-01T22:00:00+07:00: a window of work that slips by seven hours alarms all night.",
    ),
    code(
        "T0128",
        "not an element",
        "Elements are written node:ID, link:ID or risk:ID.",
    ),
    code(
        "T0129",
        "half a position",
        "`lat` and `lon` are given together.",
    ),
    code(
        "T0130",
        "not days of a week",
        "Days are written mon-fri, or one by one: mon,wed,sat; `daily` is all of them.",
    ),
    code(
        "T0131",
        "not a way to ask",
        "A node is asked by `ping`, `snmp` or `tcp:PORT`; an empty list is never asked, though it can still be blamed.",
    ),
    code(
        "T0132",
        "not a time zone",
        "Time zones are named as in the IANA database: Asia/Ho_Chi_Minh.",
    ),
    code(
        "T0133",
        "not a check of a service",
        "A service has one check: tcp = \"25\", tls = \"host:465\", http or https = \"host:8443/path\" with the status that is right in `expect`, or dns = \"name\". With tls and https, `ca = \"authority.pem\"` names whom to trust in place of the system's authorities, and `warn_days = 21` when the end of the certificate is near enough to be said. The question goes to the node of the service, or to `at = \"192.0.2.5:8080\"`; a name in a check is asked for and never looked up.",
    ),
    code(
        "T0151",
        "the sheet lacks a column",
        "The first row names the columns. A flat sheet needs the names of its agencies, pairs need both ends of a link, an export of NetBox the heads that NetBox gives it. A file that lacks them is not guessed at.",
    ),
    code(
        "T0152",
        "a row cannot be read",
        "The quoting of the sheet is broken, or a row lacks its name.",
    ),
    code(
        "T0153",
        "a row says something twice",
        "Two rows, nodes or links have the same id or address.",
    ),
    code(
        "T0154",
        "a value of a row cannot be read",
        "A weight, address, level, uplink or other value here is not one.",
    ),
    code(
        "T0156",
        "the file is not GraphML",
        "Its XML is broken, or its root is another than <graphml>. Other formats of graphs are converted by networkx, Gephi or yEd.",
    ),
    code(
        "T0157",
        "the file is beyond what is read",
        "It declares entities of its own, nests deeper or holds more than any network, or is in another encoding. Nothing that a file names is ever opened or expanded, so that a list from elsewhere cannot do harm.",
    ),
    code(
        "T0158",
        "an end that nothing bears",
        "A link, the hub or another name points to a node that the list does not hold. Add it, or correct the name.",
    ),
    code(
        "T0159",
        "a line of SNDlib's native format cannot be read",
        "Sections are `NODES ( ... )` and `LINKS ( ... )`, one thing a line. See http://sndlib.zib.de for the format.",
    ),
    code(
        "T0190",
        "more faults",
        "Only the first thousand are shown. Repair those, and the rest is most often repaired too.",
    ),
    code(
        "T0191",
        "the topology does not fit together",
        "The last check before a network is used refused it, although every check before passed. That is a fault of this program: please report it with the topology.",
    ),
    code(
        "W0201",
        "an agency is attached to nothing",
        "No link ends at its node. It is pinged all the same and can be down, but no cause can be named and no weak link found for it.",
    ),
    code(
        "W0202",
        "no path to a hub",
        "Links are there, yet no path leads to a hub: agencies do not carry other people's traffic unless they say `transit = true`, and a path may not lead through them.",
    ),
    code(
        "W0203",
        "nothing shows that this link has failed",
        "Neither end is polled by SNMP with its port declared, and nobody who is asked falls silent when the link fails, because another path is up or nobody is behind it. The spare is then lost without anyone knowing, until the other path fails too. Declare the port at an end that answers SNMP.",
    ),
    code(
        "W0204",
        "the number of agencies differs",
        "`expected_agencies` says how many there should be. An agency that is in no file is watched by nobody.",
    ),
    code(
        "W0205",
        "one port ends two links",
        "A port takes one cable. With a wrong port the state of one link is read as that of another. Gi0/1 and GigabitEthernet0/1 are one port.",
    ),
    code(
        "W0206",
        "it looks like a secret",
        "Topologies are shared, printed and kept in git. Communities and keys stand in `credentials.toml`, which others cannot read, and the topology names them.",
    ),
    code(
        "W0207",
        "two spellings",
        "`Ủy` and `Uỷ`, `hòa` and `hoà` are the same words with the tone mark in two places, and different texts to every program: sorting, joining with other lists and `diff` go wrong.",
    ),
    code(
        "W0208",
        "far from its area",
        "The position is farther from the centre of its commune than any commune is wide. Most often latitude and longitude are exchanged, or the area is another.",
    ),
    code(
        "W0209",
        "SNMP without a credential",
        "`probe` lists snmp and no credential is named, so the node is not polled.",
    ),
    code(
        "W0210",
        "agencies that are never asked",
        "Their node has no address or an empty `probe`: their state stays unknown.",
    ),
    code(
        "W0211",
        "asked without an address",
        "`probe` says how to ask, and there is no address to ask at.",
    ),
    code(
        "W0212",
        "waiting longer than the interval",
        "Questions would pile up: the time-out is longer than the time between two questions.",
    ),
    code(
        "W0213",
        "an empty risk group",
        "Nothing is in it. A duct that nobody named in `risk = [..]` hides that two paths are one.",
    ),
    code(
        "W0214",
        "work at the same time cuts somebody off",
        "Each of these maintenances leaves the agencies a path, and while all of them go on there is none. They were agreed one by one; move one of them to another night, or tell the agencies. Work that cuts somebody off by itself is not warned of.",
    ),
    code(
        "W0215",
        "authorities that cannot be read",
        "A check by TLS trusts the certificates in its file `ca`, named from the topology's folder. It is not there, or holds none in PEM, so the check can trust nobody and says that it could not ask.",
    ),
];
