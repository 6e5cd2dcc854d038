//! Reports: every format of one small network, of a hostile one and of the true one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use jiff::Timestamp;
use sha2::Digest as _;
use spanwatch::analysis::Weakness;
use spanwatch::analysis::hours::Limits;
use spanwatch::analysis::ranking::{Ranked, Ranking, remedies};
use spanwatch::app::view::View;
use spanwatch::filter::Filter;
use spanwatch::graph::Graph;
use spanwatch::inventory::read;
use spanwatch::model::fault::{Fault, Place, Severity, Source};
use spanwatch::model::network::{Network, Parts};
use spanwatch::model::text::is_unsafe;
use spanwatch::report::kind::{self, Kind};
use spanwatch::report::map::{Map, Rank, Rect};
use spanwatch::report::shape::Shapes;
use spanwatch::report::subject::{self, Subject};
use spanwatch::report::table::{Side, Table};
use spanwatch::report::words::{Language, Words};
use spanwatch::report::{
    csv, dot, fault, graphml, html, json, listing, profile, ranking, svg, weak,
};

const VALLEY: &str = include_str!("report/valley.toml");

fn network(text: &str) -> Network {
    let source = Source {
        name: "valley.toml".into(),
        text: text.into(),
    };
    read(vec![Arc::new(source)])
        .unwrap_or_else(|faults| panic!("{}", fault::text(&faults.0, false)))
        .network
}

fn weakness(network: &Network) -> Weakness {
    Weakness::of(network, &Graph::new(network), &[])
}

fn real() -> Network {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    spanwatch::inventory::load(&folder)
        .expect("the true topology loads")
        .network
}

/// The ranking by hours, whole: as text and as JSON.
fn ranked(network: &Network, words: &Words) -> [String; 2] {
    let graph = Graph::new(network);
    let seen = BTreeMap::new();
    let limits = Limits::default();
    let ranking = Ranking::of(network, &graph, &seen, &[], limits);
    let now = Timestamp::UNIX_EPOCH;
    let sight = View::Designed.see(network, None, now);
    let rows: Vec<&Ranked> = ranking.rows.iter().collect();
    let remedies = remedies(network, &graph, &seen, &rows, limits);
    let answer = ranking::Answer {
        network,
        sight: &sight,
        ranking: &ranking,
        rows: &rows,
        remedies: &remedies,
        all: rows.len(),
        agency: None,
    };
    [
        ranking::text(answer, usize::MAX, now, words),
        ranking::json(answer, words),
    ]
}

/// Every format and text of a network, by name.
fn everything(network: &Network, language: Language) -> Vec<(String, String)> {
    let weakness = weakness(network);
    let words = Words::of(language);
    let all = Filter::parse("", &[]).expect("empty");
    let mut outputs = vec![
        ("json".to_owned(), json::network(network, &weakness)),
        ("csv".to_owned(), csv::agencies(network, &weakness, true)),
        ("graphml".to_owned(), graphml::network(network, &weakness)),
        ("dot".to_owned(), dot::network(network, &weakness)),
        ("svg".to_owned(), svg::network(network, &weakness, &words)),
        ("html".to_owned(), html::network(network, &weakness, &words)),
    ];
    // Found once for both: in a build for tests it takes twenty seconds.
    let [text, json] = ranked(network, &words);
    outputs.extend([("weak".to_owned(), text), ("weak json".to_owned(), json)]);
    for kind in Kind::ALL {
        outputs.push((
            format!("list {}", kind.word()),
            listing::text(network, &weakness, kind, &all, &words),
        ));
        outputs.push((
            format!("list {} json", kind.word()),
            listing::json(network, &weakness, kind, &all),
        ));
    }
    for id in subject::ids(network) {
        for subject in Subject::named(network, id) {
            outputs.push((
                format!("show {id}"),
                profile::text(network, &weakness, &subject, &words),
            ));
            outputs.push((
                format!("show {id} json"),
                profile::json(network, &weakness, &subject),
            ));
        }
    }
    for (id, agency) in &network.agencies {
        outputs.push((
            format!("weak {id}"),
            weak::agency(network, &weakness, agency, &words),
        ));
    }
    outputs
}

/// Names as an enemy would write them, past the loader, which refuses most of it.
fn hostile() -> Network {
    const WORST: &str = "=cmd|' /C calc'!A0 <script>alert(1)</script> \"]; } \u{1b}[31m\u{9b}2J \u{202e}evil\\N\r\nnext & 'x'";
    let valley = network(VALLEY);
    let mut parts: Parts = (*valley).clone();
    parts.name = String::from(WORST);
    for agency in parts.agencies.values_mut() {
        agency.name = String::from(WORST);
        agency.class = String::from(WORST);
        agency.contact.name = Some(String::from(WORST));
        agency.endpoints.antivirus = Some(String::from("+1-1"));
    }
    for node in parts.nodes.values_mut() {
        node.name = String::from(WORST);
        node.vendor = Some(String::from(WORST));
        node.sys_name = String::from(WORST);
    }
    for link in parts.links.values_mut() {
        link.kind = String::from(WORST);
        link.circuit = Some(String::from(WORST));
    }
    for risk in parts.risks.values_mut() {
        risk.name = String::from(WORST);
        risk.kind = String::from(WORST);
    }
    for area in parts.areas.values_mut() {
        area.name = String::from(WORST);
    }
    for provider in parts.providers.values_mut() {
        provider.name = String::from(WORST);
    }
    for maintenance in &mut parts.maintenances {
        maintenance.reason = String::from(WORST);
    }
    Network::prove(parts).expect("only names were changed")
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/report"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn small_network_reads_the_same_as_ever() {
    let valley = network(VALLEY);
    let kept = [
        "json",
        "csv",
        "graphml",
        "dot",
        "svg",
        "weak",
        "weak json",
        "list agencies",
        "list nodes",
        "list links",
        "list risks",
        "list services",
        "list areas",
        "list providers",
        "list maintenances",
        "list devices",
        "list maintenances json",
        "show school",
        "show duct",
        "show core--pop-1",
        "show pop",
        "show 19753",
        "show vnpt json",
        "weak school",
    ];
    let outputs = everything(&valley, Language::En);
    for name in kept {
        let (_, text) = outputs
            .iter()
            .find(|(each, _)| each == name)
            .unwrap_or_else(|| panic!("no output {name}"));
        golden(&name.replace(' ', "-"), text);
    }
    let vietnamese = everything(&valley, Language::Vi);
    for name in ["weak", "list agencies", "show school"] {
        let (_, text) = vietnamese
            .iter()
            .find(|(each, _)| each == name)
            .expect("the same outputs");
        golden(&format!("{}-vi", name.replace(' ', "-")), text);
    }
}

#[test]
fn same_network_gives_the_same_bytes() {
    let (one, other) = (real(), real());
    for ((name, one), (_, other)) in everything(&one, Language::Vi)
        .into_iter()
        .zip(everything(&other, Language::Vi))
    {
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn nothing_unsafe_leaves_in_any_format() {
    for language in [Language::En, Language::Vi] {
        for (name, text) in everything(&hostile(), language) {
            let body = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
            let body = if name == "csv" {
                body.replace("\r\n", "\n")
            } else {
                body.to_owned()
            };
            let bad = body.chars().find(|c| is_unsafe(*c) && *c != '\n');
            assert_eq!(bad, None, "{name}");
        }
    }
}

#[test]
fn json_gives_back_exactly_what_was_written() {
    let network = hostile();
    for (name, text) in everything(&network, Language::En) {
        if !name.ends_with("json") {
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(
            value["schema"]
                .as_str()
                .is_some_and(|schema| schema.starts_with("spanwatch/") && schema.ends_with("/1")),
            "{name}"
        );
        assert_eq!(value["example"], true, "{name}");
        if name == "json" {
            assert_eq!(value["name"], network.name);
            assert_eq!(value["agencies"][0]["name"], network.name);
        }
    }
}

#[test]
fn spreadsheet_gets_no_formula_and_keeps_its_numbers() {
    let network = hostile();
    let text = csv::agencies(&network, &weakness(&network), true);
    let bytes = text.strip_prefix('\u{FEFF}').expect("the mark for Excel");
    let mut reader = ::csv::Reader::from_reader(bytes.as_bytes());
    let heads = reader.headers().expect("heads").clone();
    let mut rows = 0;
    for record in reader.records() {
        let record = record.expect("a row as long as the first");
        for (head, cell) in heads.iter().zip(&record) {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{head}: {cell}"
            );
        }
        assert!(record[1].starts_with("'=cmd|"), "{}", &record[1]);
        assert_eq!(&record[10], "'+1-1");
        rows += 1;
        assert!(record[8].parse::<u32>().is_ok(), "weight {}", &record[8]);
    }
    assert_eq!(rows, network.agencies.len());
    let unmarked = csv::agencies(&network, &weakness(&network), false);
    assert_eq!(format!("\u{FEFF}{unmarked}"), text);
    assert_eq!(
        unmarked.matches('\n').count(),
        unmarked.matches("\r\n").count()
    );
}

#[test]
fn dot_is_nothing_but_quoted_names() {
    let network = hostile();
    let text = dot::network(&network, &weakness(&network));
    let mut outside = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '"' {
            outside.push(c);
            continue;
        }
        loop {
            match characters.next().expect("every string is closed") {
                '\\' => {
                    let escaped = characters.next();
                    assert!(matches!(escaped, Some('\\' | '"')), "{escaped:?}");
                }
                '"' => break,
                _ => {}
            }
        }
    }
    let allowed = |c: char| c.is_ascii_lowercase() || " \n{}[]=,;-".contains(c);
    let strange: String = outside.chars().filter(|c| !allowed(*c)).collect();
    assert_eq!(strange, "");
    assert_eq!(outside.matches('{').count(), 1);
    assert_eq!(outside.matches(" -- ").count(), network.links.len());
}

/// Reads XML and returns its element names and the text of everything.
fn parsed(xml: &str) -> (Vec<String>, String) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut names, mut text) = (Vec::new(), String::new());
    let mut depth = 0_usize;
    loop {
        match reader.read_event().expect("well formed") {
            Event::Start(start) => {
                depth += 1;
                names.push(String::from_utf8_lossy(start.name().as_ref()).into_owned());
                for attribute in start.attributes() {
                    attribute
                        .expect("an attribute")
                        .unescape_value()
                        .expect("escaped");
                }
            }
            Event::End(_) => depth -= 1,
            Event::Empty(empty) => {
                names.push(String::from_utf8_lossy(empty.name().as_ref()).into_owned());
            }
            Event::Text(part) => text.push_str(&part.decode().expect("text")),
            Event::GeneralRef(entity) => {
                let entity = String::from_utf8_lossy(&entity).into_owned();
                text.push_str(match entity.as_str() {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    other => panic!("entity {other}"),
                });
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    (names, text)
}

#[test]
fn drawing_and_graph_are_well_formed() {
    let network = hostile();
    let weakness = weakness(&network);
    let (names, text) = parsed(&graphml::network(&network, &weakness));
    let count = |name: &str| names.iter().filter(|each| *each == name).count();
    assert_eq!(count("node"), network.nodes.len());
    assert_eq!(count("edge"), network.links.len());
    assert!(
        text.contains("<script>alert(1)</script>"),
        "escaped, not lost"
    );
    let (names, text) = parsed(&svg::network(&network, &weakness, &Words::of(Language::En)));
    assert!(!names.contains(&"script".to_owned()));
    assert!(text.contains("<script>alert(1)</script>"));
    assert!(names.contains(&"title".to_owned()) && names.contains(&"desc".to_owned()));
}

#[test]
fn page_asks_nobody_and_runs_one_script() {
    for (network, language) in [
        (hostile(), Language::En),
        (hostile(), Language::Vi),
        (real(), Language::Vi),
    ] {
        let page = html::network(&network, &weakness(&network), &Words::of(language));
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<style").count(), 1);
        assert!(!page.contains(" style="), "the policy would refuse it");
        let namespaces = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(page.matches("http:").count(), namespaces);
        for word in [
            "https:", "src=\"", "url(\"", "@import", "<iframe", "<img", "onclick",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("href=").count(), 1);
        assert!(page.contains("href=\"data:,\""));
        let language = match language {
            Language::En => "<html lang=\"en\">",
            Language::Vi => "<html lang=\"vi\">",
        };
        assert!(page.contains(language));
        assert_eq!(
            page.matches("<th ").count(),
            page.matches("<th scope=").count()
        );
        assert_eq!(page.matches("<th>").count(), 0);
        // What the browser will compare, computed from what stands in the page.
        for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
            let open = format!("<{tag}>");
            let from = page.find(&open).expect("the tag") + open.len();
            let to = from + page[from..].find(&format!("</{tag}>")).expect("closed");
            let digest = base64::engine::general_purpose::STANDARD
                .encode(sha2::Sha256::digest(&page.as_bytes()[from..to]));
            assert!(
                page.contains(&format!("{directive} 'sha256-{digest}'")),
                "{directive}"
            );
        }
    }
}

#[test]
fn illustrative_data_say_so_wherever_they_are_shown() {
    let example = network(VALLEY);
    let mut parts: Parts = (*example).clone();
    parts.example = false;
    let true_one = Network::prove(parts).expect("as before");
    let says = |name: &str, text: &str| match name {
        name if name.ends_with("json") => text.contains("\"example\": true"),
        "csv" => text.lines().skip(1).all(|line| line.ends_with(",true")),
        "graphml" => text.contains("<data key=\"g_example\">true</data>"),
        "svg" | "html" => text.contains("Illustrative"),
        _ => text.contains("illustrative data"),
    };
    for (name, text) in everything(&example, Language::En) {
        assert!(says(&name, &text), "{name} does not say so");
    }
    for (name, text) in everything(&true_one, Language::En) {
        assert!(!says(&name, &text), "{name} says so of true data");
    }
    for (name, text) in everything(&example, Language::Vi) {
        if ["svg", "html"].contains(&name.as_str()) {
            assert!(text.contains("Minh họa"), "{name}");
        }
    }
}

#[test]
fn every_field_of_a_filter_is_a_key_of_json() {
    let valley = network(VALLEY);
    let weakness = weakness(&valley);
    let shapes = Shapes::new(&valley, &weakness);
    let all = Filter::parse("", &[]).expect("empty");
    for kind in Kind::ALL {
        let text = listing::json(&valley, &weakness, kind, &all);
        for field in kind.fields().iter().filter(|field| **field != "text") {
            assert!(
                text.contains(&format!("\"{field}\":")),
                "{} {field}",
                kind.word()
            );
        }
        // And each can be asked for: everything either has it or has it not.
        for field in kind.fields() {
            let has = Filter::parse(&format!("{field}~."), kind.fields()).expect(field);
            let has_not = Filter::parse(&format!("!{field}~."), kind.fields()).expect(field);
            let total = kind::items(&shapes, kind, &all).len();
            assert_eq!(
                kind::items(&shapes, kind, &has).len() + kind::items(&shapes, kind, &has_not).len(),
                total,
                "{field}"
            );
        }
    }
}

#[test]
fn filters_pick_what_they_say() {
    let valley = network(VALLEY);
    let weakness = weakness(&valley);
    let shapes = Shapes::new(&valley, &weakness);
    let count = |kind: Kind, query: &str| {
        let filter = Filter::parse(query, kind.fields()).expect(query);
        kind::items(&shapes, kind, &filter).len()
    };
    assert_eq!(count(Kind::Agencies, ""), 4);
    assert_eq!(count(Kind::Agencies, "truong"), 1);
    assert_eq!(count(Kind::Agencies, "level=commune weight>=3"), 1);
    assert_eq!(count(Kind::Agencies, "area:\"phú xuân\""), 3);
    assert_eq!(count(Kind::Agencies, "disjoint_links<2"), 3);
    assert_eq!(count(Kind::Agencies, "single_points=risk:duct"), 2);
    assert_eq!(count(Kind::Agencies, "antivirus=bkav or computers>20"), 2);
    assert_eq!(count(Kind::Nodes, "role=pop transit=yes"), 1);
    assert_eq!(count(Kind::Nodes, "rtt_max>100ms"), 7);
    assert_eq!(count(Kind::Nodes, "cuts_off>=3"), 2);
    assert_eq!(count(Kind::Links, "kind=4g or capacity>=10G"), 2);
    assert_eq!(count(Kind::Links, "mtbf<2d"), 1);
    assert_eq!(count(Kind::Links, "a=core"), 2);
    assert_eq!(count(Kind::Devices, ""), 1);
    assert_eq!(count(Kind::Maintenances, "elements:core"), 1);
    assert_eq!(count(Kind::Areas, "code=19753"), 1);
}

#[test]
fn every_word_that_is_asked_for_is_there() {
    let words = Words::of(Language::Vi);
    let pattern =
        regex::Regex::new(r#""((?:report|col|weak|show|map|html|element|level)\.[a-z_.0-9]+)""#)
            .expect("a pattern");
    let mut keys = BTreeSet::new();
    for folder in ["src/report", "src/cli"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("a folder of this project") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).expect("readable");
                keys.extend(
                    pattern
                        .captures_iter(&text)
                        .map(|found| found[1].to_owned()),
                );
            }
        }
    }
    assert!(keys.len() > 60, "{}", keys.len());
    keys.extend(["node", "link", "risk"].map(|kind| format!("element.{kind}")));
    keys.extend((0..4).map(|paths| format!("html.paths.{paths}")));
    let missing: Vec<_> = keys.iter().filter(|key| !words.has(key)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

fn box_of(label: &spanwatch::report::map::labels::Label) -> Rect {
    Rect {
        x: label.at.x,
        y: label.at.y - 8.0,
        width: unicode_width::UnicodeWidthStr::width(label.text.as_str()) as f64 * 5.5,
        height: 9.0,
    }
}

#[test]
fn map_shows_every_node_and_no_name_covers_another() {
    let network = real();
    let weakness = weakness(&network);
    let map = Map::of(&Shapes::new(&network, &weakness));
    assert_eq!(map.panels.len(), 2, "the town is enlarged");
    assert!(!map.schematic);
    assert_eq!(map.left_out, 0);
    let shown: BTreeSet<_> = map
        .panels
        .iter()
        .flat_map(|panel| &panel.marks)
        .map(|mark| mark.node.id.clone())
        .collect();
    assert_eq!(shown.len(), network.nodes.len());
    for panel in &map.panels {
        for mark in &panel.marks {
            assert!(panel.frame.has(mark.at), "{}", mark.node.id);
        }
        let boxes: Vec<Rect> = panel.labels.iter().map(box_of).collect();
        for (at, one) in boxes.iter().enumerate() {
            assert!(panel.frame.holds(one), "{}", panel.labels[at].text);
            for (other, label) in boxes.iter().zip(&panel.labels).skip(at + 1) {
                assert!(
                    !one.meets(other),
                    "{} covers {}",
                    panel.labels[at].text,
                    label.text
                );
            }
        }
        let mut spots = BTreeSet::new();
        for mark in panel.marks.iter().filter(|mark| mark.rank == Rank::Agency) {
            let spot = ((mark.at.x * 100.0) as i64, (mark.at.y * 100.0) as i64);
            assert!(
                spots.insert(spot),
                "two agencies at one spot: {}",
                mark.node.id
            );
        }
    }
    let named: BTreeSet<_> = map
        .panels
        .iter()
        .flat_map(|panel| &panel.labels)
        .map(|label| label.text.as_str())
        .collect();
    assert!(named.len() >= 45, "only {} names found a spot", named.len());
}

#[test]
fn network_without_coordinates_is_a_tree() {
    let valley = network(VALLEY);
    let mut parts: Parts = (*valley).clone();
    for node in parts.nodes.values_mut() {
        node.position = None;
    }
    let bare = Network::prove(parts).expect("as before");
    let weakness = weakness(&bare);
    let map = Map::of(&Shapes::new(&bare, &weakness));
    assert!(map.schematic);
    assert_eq!(map.panels.len(), 1);
    assert_eq!(map.panels[0].scale, None);
    let spots: BTreeSet<_> = map.panels[0]
        .marks
        .iter()
        .map(|mark| ((mark.at.x * 10.0) as i64, (mark.at.y * 10.0) as i64))
        .collect();
    assert_eq!(
        spots.len(),
        bare.nodes.len(),
        "each node at a spot of its own"
    );
    assert!(svg::network(&bare, &weakness, &Words::of(Language::En)).contains("not to scale"));
}

#[test]
fn parallel_links_are_drawn_apart() {
    let valley = network(VALLEY);
    let weakness = weakness(&valley);
    let map = Map::of(&Shapes::new(&valley, &weakness));
    let bends: BTreeSet<_> = map.panels[0]
        .lines
        .iter()
        .filter(|line| line.link.id.as_str().starts_with("core--pop"))
        .map(|line| line.bend as i64)
        .collect();
    assert_eq!(bends.len(), 2);
}

#[test]
fn columns_align_by_what_a_terminal_shows() {
    let mut table = Table::new(&[("name", Side::Left), ("n", Side::Right)]);
    table.row(["Phong Điền", "1"]);
    table.row(["e\u{301}", "20"]);
    table.row(["漢字", ""]);
    table.row(["\u{1b}[31mred", "3"]);
    let lines = [
        " NAME         N",
        " Phong Điền   1",
        " e\u{301}           20",
        " 漢字         -",
        " ?[31mred     3",
    ];
    assert_eq!(table.text(" "), lines.join("\n") + "\n");
}

fn place(source: &Arc<Source>, words: &str) -> Place {
    let start = source.text.find(words).expect("the words");
    Place {
        source: Arc::clone(source),
        span: start..start + words.len(),
    }
}

#[test]
fn faults_point_at_their_places() {
    let source = Arc::new(Source {
        name: "topology/core.toml".into(),
        text: "[[node]]\r\nid = \"Phường\"\tname = \"bad\u{1b}[2J\"\r\n\r\n[[node]]\r\nid = \"Phường\"\r\n".into(),
    });
    let again = Place {
        source: Arc::clone(&source),
        span: source
            .text
            .rfind("\"Phường\"")
            .map(|at| at..at + 10)
            .expect("twice"),
    };
    let faults = [
        Fault {
            code: "T0104",
            severity: Severity::Error,
            message: "id `Phường` is declared twice.".into(),
            place: Some(again),
            label: Some("declared again".into()),
            related: vec![(place(&source, "\"Phường\""), "first declared here".into())],
            help: Some("Rename one of them.".into()),
        },
        Fault {
            code: "W0203",
            severity: Severity::Warning,
            message: "a name with \u{202e}marks".into(),
            place: Some(place(&source, "\"bad\u{1b}[2J\"")),
            label: None,
            related: Vec::new(),
            help: None,
        },
        Fault {
            code: "T0102",
            severity: Severity::Error,
            message: "The whole is wrong.".into(),
            place: None,
            label: None,
            related: Vec::new(),
            help: None,
        },
    ];
    let text = fault::text(&faults, false);
    assert_eq!(text.chars().find(|c| is_unsafe(*c) && *c != '\n'), None);
    golden("faults", &text);
    golden(
        "faults-json",
        &fault::json(&faults, fault::Totals::default(), None),
    );
}

#[test]
fn fault_in_ten_megabytes_of_noise_is_shown_in_a_few_lines() {
    let mut text = "x".repeat(5 << 20);
    text.push_str("HERE");
    text.push_str(&"\u{9b}y".repeat(2 << 20));
    let source = Arc::new(Source {
        name: "noise.toml".into(),
        text,
    });
    let fault = Fault {
        code: "T0101",
        severity: Severity::Error,
        message: "This is not TOML.".into(),
        place: Some(place(&source, "HERE")),
        label: None,
        related: Vec::new(),
        help: None,
    };
    let shown = fault::text(&[fault], false);
    assert!(shown.contains("HERE") && shown.contains("^^^^"), "{shown}");
    assert!(shown.len() < 2_000, "{}", shown.len());
}
