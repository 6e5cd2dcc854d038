//! Other people's graphs and lists to topologies, and our own export back to the same network.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use spanwatch::analysis::Weakness;
use spanwatch::graph::Graph;
use spanwatch::inventory::import::{Imported, Input, Options, graphml, netbox, pairs, sndlib};
use spanwatch::inventory::{Faults, Loaded, read};
use spanwatch::model::AgencyId;
use spanwatch::model::fault::{Place, Severity, Source};
use spanwatch::model::network::{Network, Parts, Position};
use spanwatch::report::graphml::network as export;

use crate::inventory::{everything, source, words};
use crate::sketch::reference;

fn options(file: &str) -> Options {
    Options {
        file: file.into(),
        id: None,
        name: None,
        hub: None,
        all_agencies: false,
    }
}

fn input(name: &str, text: &str) -> Input {
    Input {
        name: name.into(),
        text: text.into(),
    }
}

fn read_back(imported: &Imported) -> Loaded {
    let sources: Vec<Arc<Source>> = imported
        .files
        .iter()
        .map(|(name, text)| source(name, text))
        .collect();
    read(sources).unwrap_or_else(|faults| {
        let files: Vec<String> = imported
            .files
            .iter()
            .map(|(name, text)| {
                format!("== {name}\n{}", text.chars().take(3000).collect::<String>())
            })
            .collect();
        panic!("{}\n{}", words(&faults.0), files.join("\n"));
    })
}

fn accepted(result: Result<Imported, Faults>) -> (Imported, Loaded) {
    let imported = result.unwrap_or_else(|faults| panic!("{}", words(&faults.0)));
    let loaded = read_back(&imported);
    (imported, loaded)
}

/// Lists codes and lines of faults.
fn codes(result: Result<Imported, Faults>) -> Vec<(&'static str, usize)> {
    let faults = result.expect_err("faults").0;
    for fault in &faults {
        assert_eq!(fault.severity, Severity::Error);
    }
    faults
        .iter()
        .map(|fault| (fault.code, fault.place.as_ref().map_or(0, Place::line)))
        .collect()
}

/// Compares two networks field by field; a field that is added to the model does not compile here until it is
/// compared too.
fn assert_same(one: &Network, other: &Network) {
    fn lines<T: std::fmt::Debug>(name: &str, one: &T, other: &T) {
        let (one, other) = (format!("{one:#?}"), format!("{other:#?}"));
        for (at, (left, right)) in one.lines().zip(other.lines()).enumerate() {
            let around: Vec<&str> = one.lines().skip(at.saturating_sub(40)).take(44).collect();
            assert_eq!(left, right, "{name}, line {at}:\n{}", around.join("\n"));
        }
        assert_eq!(one.lines().count(), other.lines().count(), "{name}");
    }
    macro_rules! compare {
        ($($field:ident)*) => {
            // Without `..`, so that none is forgotten.
            let Parts { $($field: _,)* } = (**one).clone();
            $(lines(stringify!($field), &one.$field, &other.$field);)*
        };
    }
    compare!(
        id name example expected_agencies hubs monitor time_zone currency areas agencies nodes links risks services
        candidates maintenances hours providers kinds
    );
}

fn exported(network: &Network) -> String {
    export(network, &Weakness::of(network, &Graph::new(network), &[]))
}

#[test]
fn our_own_graph_gives_back_the_same_network() {
    for network in [reference(), everything().network] {
        let text = exported(&network);
        let (imported, loaded) = accepted(graphml::import(
            &input("x.graphml", &text),
            &options("x.graphml"),
        ));
        assert_same(&network, &loaded.network);
        assert_eq!(imported.notes, [""; 0]);
        assert_eq!(exported(&loaded.network), text, "and the same bytes again");
    }
}

#[test]
fn a_graph_of_ours_that_networkx_turned_round_is_the_same_network() {
    let network = everything().network;
    let text = exported(&network);
    let ends = "source=\"dc\" target=\"pop\"";
    assert!(text.contains(ends));
    let turned = text
        .replace(ends, "source=\"pop\" target=\"dc\"")
        .replace(">true<", ">True<")
        .replace("<edge id=\"dc--pop\"", "<edge")
        .replace("<data key=\"e_a\">dc</data>\n   <data key=\"e_source_port\">xe", "<data key=\"id\">dc--pop</data><data key=\"e_a\">dc</data>\n   <data key=\"e_source_port\">xe");
    assert!(turned.contains("<data key=\"id\">dc--pop"));
    let (_, loaded) = accepted(graphml::import(
        &input("x.graphml", &turned),
        &options("x.graphml"),
    ));
    assert_same(&network, &loaded.network);
}

#[test]
fn what_is_usual_is_said_once() {
    let text = exported(&reference());
    let (imported, _) = accepted(graphml::import(
        &input("x.graphml", &text),
        &options("x.graphml"),
    ));
    let network = &imported.files["network.toml"];
    assert!(network.contains("[defaults.link.lan]"), "{network}");
    let all: String = imported.files.values().map(String::as_str).collect();
    assert_eq!(
        all.matches("interval").count(),
        0,
        "the defaults of the program are not repeated"
    );
    assert_eq!(all.matches("[[agency]]").count(), 483);
    let size: usize = imported.files.values().map(String::len).sum();
    assert!(size < 250_000, "{size} bytes");
}

#[test]
fn an_edited_graph_of_ours_is_refused_at_the_right_line() {
    let text = exported(&everything().network);
    let broken = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        codes(graphml::import(
            &input("x.graphml", &text.replacen(from, to, 1)),
            &options("x.graphml"),
        ))
    };
    let line = |part: &str| {
        text.lines()
            .position(|line| line.contains(part))
            .expect("a line")
            + 1
    };
    let at = line("<data key=\"n_lat\">16.1</data>");
    assert_eq!(
        broken("<data key=\"n_lat\">16.1<", "<data key=\"n_lat\">north<"),
        [("T0154", at)]
    );
    let at = line("<data key=\"e_mtbf\">1h<");
    assert_eq!(
        broken("<data key=\"e_mtbf\">1h<", "<data key=\"e_mtbf\">1 year<"),
        [("T0154", at)]
    );
    let at = line("<edge id=\"dc--pop\"");
    assert_eq!(
        broken(
            "source=\"dc\" target=\"pop\"",
            "source=\"dc\" target=\"pub\""
        ),
        [("T0158", at)]
    );
    let at = line("<data key=\"g_services");
    assert_eq!(
        broken(
            "&quot;name&quot;:&quot;Hue-S&quot;",
            "&quot;nam&quot;:&quot;Hue-S&quot;"
        ),
        [("T0154", at)]
    );
    assert_eq!(
        broken("spanwatch/graphml/1", "spanwatch/graphml/2").len(),
        1
    );
}

/// A piece of a file as the Topology Zoo publishes them.
const ZOO: &str = r#"<?xml version="1.0" encoding="utf-8"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d37" />
  <key attr.name="LinkLabel" attr.type="string" for="edge" id="d36" />
  <key attr.name="LinkType" attr.type="string" for="edge" id="d35" />
  <key attr.name="id" attr.type="string" for="edge" id="d38" />
  <key attr.name="label" attr.type="string" for="node" id="d33" />
  <key attr.name="Longitude" attr.type="double" for="node" id="d32" />
  <key attr.name="Internal" attr.type="int" for="node" id="d30" />
  <key attr.name="Latitude" attr.type="double" for="node" id="d29" />
  <key attr.name="Network" attr.type="string" for="graph" id="d2" />
  <graph edgedefault="undirected">
    <data key="d2">VinaREN</data>
    <node id="0"><data key="d29">16.46667</data><data key="d30">1</data><data key="d32">107.6</data><data key="d33">Hue</data></node>
    <node id="1"><data key="d29">21.0245</data><data key="d30">1</data><data key="d32">105.84117</data><data key="d33">Hà Nội</data></node>
    <node id="2"><data key="d30">1</data><data key="d33">None</data></node>
    <node id="3"><data key="d33">Hue</data></node>
    <edge source="0" target="1"><data key="d35">Fibre</data><data key="d36">155 Mbps</data><data key="d37">155000000.0</data><data key="d38">e3</data></edge>
    <edge source="0" target="1"><data key="d36">&lt; 2.5 Gbps</data></edge>
    <edge source="0" target="2"><data key="d36">10 Gbps</data></edge>
    <edge source="0" target="3" />
    <edge source="3" target="3" />
  </graph>
</graphml>
"#;

#[test]
fn a_graph_of_the_topology_zoo_becomes_a_topology() {
    let everyone = Options {
        all_agencies: true,
        ..options("dir/VinaREN.graphml")
    };
    let (imported, loaded) = accepted(graphml::import(
        &input("dir/VinaREN.graphml", ZOO),
        &everyone,
    ));
    let network = loaded.network;
    assert_eq!(
        (network.id.as_str(), network.name.as_str()),
        ("vinaren", "VinaREN")
    );
    let ids: Vec<&str> = network.agencies.keys().map(AgencyId::as_str).collect();
    assert_eq!(ids, ["2", "ha-noi", "hue", "hue-2"]);
    assert_eq!(network.agencies["ha-noi"].name, "Hà Nội");
    assert!(network.nodes.values().all(|node| node.transit));
    assert_eq!(network.hubs[0].as_str(), "hue");
    let at = Position {
        lat: 16.46667,
        lon: 107.6,
    };
    assert_eq!(network.nodes["hue"].position, Some(at));
    let speeds: Vec<(&str, Option<u64>)> = network
        .links
        .values()
        .map(|link| (link.id.as_str(), link.capacity))
        .collect();
    assert_eq!(
        speeds,
        [
            ("2--hue", Some(10_000_000_000)),
            ("ha-noi--hue", Some(155_000_000)),
            ("ha-noi--hue-2", None),
            ("hue-2--hue", None),
        ]
    );
    assert!(
        imported
            .notes
            .iter()
            .any(|note| note.contains("end where they begin")),
        "{:?}",
        imported.notes
    );
    assert!(
        imported
            .notes
            .iter()
            .any(|note| note.contains("`Internal`"))
    );
}

#[test]
fn a_drawing_of_yed_gives_its_labels_and_leaves_its_frames() {
    let text = r#"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE graphml SYSTEM "http://127.0.0.1:1/graphml.dtd">
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>
<graph edgedefault="directed" id="G">
 <node id="n0" yfiles.foldertype="group"><data key="d6"><y:GroupNode><y:NodeLabel>Trung tâm</y:NodeLabel></y:GroupNode></data>
  <graph edgedefault="directed" id="n0:">
   <node id="n0::n0"><data key="d6"><y:ShapeNode><y:Geometry x="3" y="4"/><y:NodeLabel alignment="center">Lõi 1<y:LabelModel/></y:NodeLabel></y:ShapeNode></data></node>
   <node id="n0::n1"><data key="d6"><y:ShapeNode><y:NodeLabel>Lõi
2</y:NodeLabel></y:ShapeNode></data></node>
  </graph></node>
 <node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>UBND A &amp; B</y:NodeLabel></y:ShapeNode></data></node>
 <edge id="e0" source="n0::n0" target="n0::n1"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>10G</y:EdgeLabel></y:PolyLineEdge></data></edge>
 <edge id="e1" source="n0::n0" target="n1"/>
</graph></graphml>"#;
    let (imported, loaded) = accepted(graphml::import(
        &input("mang.graphml", text),
        &options("mang.graphml"),
    ));
    let network = loaded.network;
    let nodes: Vec<(&str, &str)> = network
        .nodes
        .values()
        .map(|node| (node.id.as_str(), node.name.as_str()))
        .collect();
    assert_eq!(
        nodes,
        [
            ("loi-1", "Lõi 1"),
            ("loi-2", "Lõi 2"),
            ("ubnd-a-b", "UBND A & B")
        ]
    );
    assert_eq!(network.links["loi-2--loi-1"].capacity, Some(10_000_000_000));
    assert_eq!(network.agencies.len(), 2, "those with one neighbour");
    assert!(
        imported.notes[0].contains("1 frames"),
        "{:?}",
        imported.notes
    );
}

#[test]
fn hostile_graphs_are_refused_and_bounded() {
    let code = |text: &str| {
        let found = codes(graphml::import(
            &input("x.graphml", text),
            &options("x.graphml"),
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0]
    };
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE g [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n<graphml><graph><node id=\"&b;\"/></graph></graphml>";
    assert_eq!(code(bomb), ("T0157", 2));
    let outside = "<!DOCTYPE g [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><graphml/>";
    assert_eq!(code(outside), ("T0157", 1));
    let entity = "<graphml><key id=\"l\" attr.name=\"label\"/><graph>\n<node id=\"a\"><data key=\"l\">&secret;</data></node></graph></graphml>";
    assert_eq!(code(entity), ("T0157", 2));
    let deep = format!("<graphml>{}", "<graph><node id=\"a\">".repeat(100_000));
    assert_eq!(code(&deep).0, "T0157");
    let noise: String = (0..2_000_000_u32)
        .map(|at| char::from(b' ' + (at * 7 % 90) as u8))
        .collect();
    assert_eq!(code(&noise).0, "T0156");
    assert_eq!(code("").0, "T0156");
    assert_eq!(code("<graphml><graph><node id=\"a\">").0, "T0156");
    assert_eq!(code("<svg/>"), ("T0156", 1));
    assert_eq!(
        code("<graphml><graph>\n<node/></graph></graphml>"),
        ("T0156", 2)
    );
    assert_eq!(
        code("<graphml><graph>\n\n<edge source=\"a\"/></graph></graphml>"),
        ("T0156", 3)
    );
    let latin =
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><graphml><!-- Huế --><graph/></graphml>";
    assert_eq!(code(latin), ("T0157", 1));
    let many = format!(
        "<graphml><graph>{}</graph></graphml>",
        "<node id=\"a\"/>".repeat(200_001)
    );
    assert_eq!(code(&many).0, "T0157");
    let attributes = format!(
        "<graphml><graph><node id=\"a\" {}/></graph></graphml>",
        "x=\"1\" ".repeat(300_000)
    );
    let (_, loaded) = accepted(graphml::import(
        &input("x.graphml", &attributes),
        &options("x.graphml"),
    ));
    assert_eq!(loaded.network.nodes.len(), 1);
    let dangling = "<graphml><graph><node id=\"core\"/>\n<edge source=\"core\" target=\"coer\"/></graph></graphml>";
    assert_eq!(code(dangling), ("T0158", 2));
    let twice = "<graphml><graph><node id=\"a\"/>\n<node id=\"a\"/></graph></graphml>";
    assert_eq!(code(twice), ("T0153", 2));
    let hidden = "<graphml><key id=\"l\" attr.name=\"label\"/><graph><node id=\"a\"><data key=\"l\">x\u{202E}y&#27;[31m</data></node></graph></graphml>";
    let (imported, _) = accepted(graphml::import(
        &input("x.graphml", hidden),
        &options("x.graphml"),
    ));
    assert!(
        imported
            .files
            .values()
            .all(|text| !text.contains(['\u{202E}', '\u{1B}']))
    );
}

const NODES: &str = "\
Mã;Tên;IP;Vai trò;Xã/phường;Trọng số;Vĩ độ;Kinh độ;Ghi chú
dc;Trung tâm dữ liệu;10.0.0.1;hub;;;16,46;107,59;
pop-1;Router Thuận Hóa;10.0.0.2;pop;;;;;
ubnd;UBND phường Thuận Hóa;10.0.1.1/24;cơ quan;19789 - Phường Thuận Hóa;5;16.45;107.58;gấp
truong;Trường THCS A;10.0.1.2;cơ quan;19789 - Phường Thuận Hóa;;;;
nha;Nhà văn hóa;;cơ quan;Xã A Lưới 1;2;;;
";

const LINKS: &str = "\
Mã tuyến;Từ;Đến;Đường truyền;Băng thông;Nhà mạng;Cống bể;Cổng A;Chiều dài (km)
dc--pop;dc;pop-1;cáp quang;10 Gb/s;VNPT;duct-1;xe-0/0/1;4,2
;UBND phường Thuận Hóa;pop-1;;;VNPT;;;
;pop-1;truong;4G;20M;viettel;;;
;truong;nha;;;;\"duct-1, cột 7\";;
";

#[test]
fn pairs_of_a_spreadsheet_become_the_topology_that_a_person_would_write() {
    let marked = |text: &str| format!("\u{FEFF}{}", text.replace('\n', "\r\n"));
    let decomposed =
        |text: &str| unicode_normalization::UnicodeNormalization::nfd(text).collect::<String>();
    let plain = [input("n.csv", NODES), input("l.csv", LINKS)];
    let mut files = Vec::new();
    for inputs in [
        plain.clone(),
        [
            input("n.csv", &marked(NODES)),
            input("l.csv", &marked(LINKS)),
        ],
        [
            input("n.csv", &decomposed(NODES)),
            input("l.csv", &decomposed(LINKS)),
        ],
        [plain[1].clone(), plain[0].clone()],
    ] {
        let (imported, _) = accepted(pairs::import(&inputs, &options("n.csv, l.csv")));
        files.push(imported);
    }
    assert!(files.windows(2).all(|two| two[0].files == two[1].files));
    let imported = files.swap_remove(0);
    let network = read_back(&imported).network;
    assert_eq!(network.agencies.len(), 3);
    assert_eq!(network.agencies["ubnd"].weight, 5);
    assert_eq!(network.areas["19789"].name, "Phường Thuận Hóa");
    assert_eq!(network.hubs[0].as_str(), "dc");
    let link = &network.links["dc--pop"];
    assert_eq!(
        (link.capacity, link.length_km),
        (Some(10_000_000_000), Some(4.2))
    );
    assert_eq!(link.a.port.as_deref(), Some("xe-0/0/1"));
    assert_eq!(network.risks["duct-1"].members.len(), 2);
    assert_eq!(network.risks["cot-7"].name, "cột 7");
    assert_eq!(
        network.links["truong--pop-1"].a.node.as_str(),
        "truong",
        "an agency's link begins at it"
    );
    assert!(network.nodes["truong"].transit, "another hangs on it");
    assert!(!network.nodes["ubnd"].transit && !network.nodes["nha"].transit);
    assert_eq!(network.providers.len(), 2);
    assert_eq!(
        imported.notes,
        [
            "The column `Ghi chú` is not used.",
            "Others hang on `truong`, so that they carry traffic.",
        ]
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden/inventory");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut all = String::new();
    for (name, text) in &imported.files {
        all.extend(["==== ", name, "\n", text]);
    }
    settings.bind(|| insta::assert_snapshot!("import_of_pairs", all));
}

#[test]
fn links_alone_make_their_ends_and_gephi_is_understood() {
    let text = "Source,Target,Type,Id,Label,Weight\na,b,Undirected,0,,1.0\nb,c,Undirected,1,,1.0\nb,d,Undirected,2,,1.0\n";
    let (_, loaded) = accepted(pairs::import(&[input("l.csv", text)], &options("l.csv")));
    let network = loaded.network;
    assert_eq!(network.hubs[0].as_str(), "b");
    let agencies: Vec<&str> = network.agencies.keys().map(AgencyId::as_str).collect();
    assert_eq!(agencies, ["a", "c", "d"]);
    assert_eq!(network.links.len(), 3);
}

#[test]
fn wrong_pairs_are_faults_at_their_rows() {
    let nodes = "id;ip;lat;transit;weight\na;10.0.0.1;16;yes;1\nb;10.0.0.1;116;maybe;-2\na;;;;\n;10.0.0.9;;;\n";
    let links = "a;b;metric;bandwidth\na;z;0;fast\na;;1;1G\n";
    let both = [input("n.csv", nodes), input("l.csv", links)];
    let found = codes(pairs::import(&both, &options("x")));
    assert_eq!(
        found,
        [
            ("T0154", 3),
            ("T0154", 3),
            ("T0154", 3),
            ("T0152", 5),
            ("T0154", 2),
            ("T0154", 2),
            ("T0152", 3)
        ]
    );
    let ends = [
        input("n.csv", "id\ncore\ncore\n"),
        input("l.csv", "a,b\ncore,kore\n"),
    ];
    assert_eq!(
        codes(pairs::import(&ends, &options("x"))),
        [("T0153", 3), ("T0158", 2)]
    );
    let one = |text: &str| codes(pairs::import(&[input("x.csv", text)], &options("x.csv")));
    assert_eq!(one("colour;taste\nred;sweet\n"), [("T0151", 1)]);
    assert_eq!(one("id;name\na;A\n"), [("T0151", 1)], "no links");
    assert_eq!(one(""), [("T0151", 1)]);
    let wanted = Options {
        hub: Some("cor".into()),
        ..options("l.csv")
    };
    let faults = pairs::import(&[input("l.csv", "a,b\ncore,x\n")], &wanted)
        .expect_err("no such hub")
        .0;
    assert_eq!(faults[0].help.as_deref(), Some("Did you mean `core`?"));
}

const POLSKA: &str = "\
?SNDlib native format; type: network; version: 1.0
# network small

META (
 granularity = unlimited
)
NODES (
  Gdansk ( 18.60 54.20 )
  Bydgoszcz ( 17.90 53.10 )
  Kolobrzeg ( 16.10 54.20 )
)
LINKS (
  Link_0_10 ( Gdansk Kolobrzeg ) 0.00 0.00 0.00 156.00 ( 155.00 156.00 622.00 468.00 )
  Link_0_2 ( Bydgoszcz Kolobrzeg ) UNLIMITED 0.00 3.00 0.00 ( )
)
DEMANDS (
  Demand_0_1 ( Gdansk Bydgoszcz ) 1 195.00 UNLIMITED
)
ADMISSIBLE_PATHS ( 
  Demand_0_1 (
    P_0 ( Link_0_10 Link_0_2 )
  )
)
";

#[test]
fn a_network_of_sndlib_becomes_a_topology() {
    let wanted = Options {
        hub: Some("gdansk".into()),
        all_agencies: true,
        ..options("polska.txt")
    };
    let (imported, loaded) = accepted(sndlib::import(&input("polska.txt", POLSKA), &wanted));
    let network = loaded.network;
    assert_eq!((network.agencies.len(), network.links.len()), (3, 2));
    assert_eq!(network.hubs[0].as_str(), "Gdansk");
    assert_eq!(
        network.nodes["Kolobrzeg"].position.map(|at| at.lat),
        Some(54.2)
    );
    assert_eq!(network.links["Link_0_10"].cost_build, Some(156.0));
    assert_eq!(network.links["Link_0_2"].metric, 3);
    assert!(imported.notes.iter().any(|note| note.contains("DEMANDS")));
    let code = |text: &str| codes(sndlib::import(&input("x.txt", text), &options("x.txt")));
    assert_eq!(code("hello\n"), [("T0159", 1)]);
    assert_eq!(code("NODES (\n a ( x y )\n"), [("T0159", 2), ("T0159", 3)]);
    assert_eq!(
        code("NODES (\n a\n)\nLINKS (\n l ( a )\n)\n"),
        [("T0159", 5)]
    );
    assert_eq!(code(""), [("T0159", 1)]);
}

const SITES: &str = "Name,Status,Facility,Region,Tenant,Description,Latitude,Longitude\n\
    Trung tâm dữ liệu,Active,DC1,,,,16.46,107.59\n\
    PoP Thuận Hóa,Active,,Thuận Hóa,,,16.47,107.58\n\
    UBND Thuận Hóa,Active,,Thuận Hóa,,,16.48,107.57\n\
    Trường A,Active,,Thuận Hóa,,,,\n\
    Trạm cũ,Retired,,,,,,\n";
const DEVICES: &str = "Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,Serial number,IP Address\n\
    dc-edge-1,Active,,Trung tâm dữ liệu,,,Core Router,Juniper,MX204,X1,10.0.0.1/32\n\
    pop-r1,Active,,PoP Thuận Hóa,,,PoP Router,Juniper,MX104,X2,10.0.0.2/32\n\
    ubnd-sw,Active,,UBND Thuận Hóa,,,Access Switch,Cisco,C9200,X3,10.0.1.2/24\n\
    ubnd-r,Active,,UBND Thuận Hóa,,,CPE Router,Cisco,C1111,X4,10.0.1.1/24\n\
    old-r,Decommissioning,,Trạm cũ,,,CPE Router,Cisco,C800,X5,\n\
    ,Active,,Trường A,,,Patch Panel,—,PP24,,\n";
const CABLES: &str = "ID,Label,Device A,Termination A,Device B,Termination B,Status,Type,Length\n\
    1,C1,dc-edge-1,xe-0/0/1,pop-r1,xe-0/0/0,Connected,Singlemode Fiber,4.2 Kilometers\n\
    2,,pop-r1,ge-0/0/1,ubnd-r,Gi0/0/0,Connected,Singlemode Fiber OS2,800 Meters\n\
    3,,ubnd-r,Gi0/0/1,ubnd-sw,Gi1/0/1,Connected,CAT6,2 Meters\n\
    4,,pop-r1,ge-0/0/2,—,—,Connected,,\n\
    5,,pop-r1,ge-0/0/3,old-r,Gi0,Planned,,\n";
const CONNECTIONS: &str = "Device A,Interface A,Device B,Interface B,Reachable\n\
    ubnd-r,Gi0/0/0,pop-r1,ge-0/0/1,True\n";
const CIRCUITS: &str = "Circuit ID,Provider,Type,Status,Tenant,Side A,Side Z,Commit Rate,Description\n\
    HUE-77,VNPT,MPLS L3VPN,Active,,Trường A,PoP Thuận Hóa,20 Mbps,\n\
    HUE-78,Viettel,Internet,Active,,UBND Thuận Hóa,,20000,\n\
    HUE-79,VNPT,Internet,Active,,,,,\n";

#[test]
fn exports_of_netbox_become_a_topology() {
    let inputs = [
        input("circuits.csv", CIRCUITS),
        input("connections.csv", CONNECTIONS),
        input("cables.csv", CABLES),
        input("devices.csv", DEVICES),
        input("sites.csv", SITES),
    ];
    let wanted = Options {
        hub: Some("dc-edge-1".into()),
        name: Some("Huế".into()),
        ..options("x.csv")
    };
    let (imported, loaded) = accepted(netbox::import(&inputs, &wanted));
    let network = loaded.network;
    let seats: Vec<(&str, &str)> = network
        .agencies
        .values()
        .map(|agency| (agency.name.as_str(), agency.node.as_str()))
        .collect();
    assert_eq!(
        seats,
        [("Trường A", "truong-a"), ("UBND Thuận Hóa", "ubnd-r")]
    );
    assert!(
        network.nodes["ubnd-r"].transit,
        "the switch of its site hangs on it"
    );
    assert!(!network.nodes["truong-a"].transit);
    let links: Vec<(&str, &str, &str)> = network
        .links
        .values()
        .map(|link| (link.id.as_str(), link.kind.as_str(), link.b.node.as_str()))
        .collect();
    assert_eq!(
        links,
        [
            ("HUE-77", "mpls", "pop-r1"),
            ("HUE-78", "fibre", "Viettel"),
            ("dc-edge-1--pop-r1", "fibre", "pop-r1"),
            ("pop-r1--ubnd-r", "fibre", "ubnd-r"),
            ("ubnd-r--ubnd-sw", "lan", "ubnd-sw"),
        ]
    );
    assert_eq!(network.links["HUE-78"].capacity, Some(20_000_000));
    assert_eq!(network.links["HUE-77"].circuit.as_deref(), Some("HUE-77"));
    assert_eq!(network.links["dc-edge-1--pop-r1"].length_km, Some(4.2));
    let cpe = &network.nodes["ubnd-r"];
    assert_eq!(
        (cpe.vendor.as_deref(), cpe.serial.as_deref()),
        (Some("Cisco"), Some("X4"))
    );
    assert_eq!(cpe.position.map(|at| at.lat), Some(16.48));
    assert_eq!(imported.notes.len(), 10, "{:#?}", imported.notes);
}

#[test]
fn netbox_forms_of_import_are_read_and_missing_columns_named() {
    let devices = "name,role,manufacturer,device_type,site,status\nr1,router,J,MX,A,active\nr2,router,J,MX,B,active\n";
    let cables = "side_a_device,side_a_type,side_a_name,side_b_device,side_b_type,side_b_name,type,status\nr1,dcim.interface,xe-0,r2,dcim.interface,xe-1,smf,connected\n";
    let inputs = [input("d.csv", devices), input("c.csv", cables)];
    let (_, loaded) = accepted(netbox::import(&inputs, &options("d.csv")));
    assert_eq!(
        loaded.network.links["r1--r2"].b.port.as_deref(),
        Some("xe-1")
    );
    let short = "ID,Label,Termination A,Termination B,Status,Type\n1,,xe-0,xe-1,Connected,\n";
    let inputs = [input("d.csv", devices), input("c.csv", short)];
    let faults = netbox::import(&inputs, &options("d.csv"))
        .expect_err("no devices")
        .0;
    assert_eq!(faults[0].code, "T0151");
    assert!(
        faults[0]
            .help
            .as_deref()
            .is_some_and(|help| help.contains("Device A"))
    );
    let unknown = [
        input("d.csv", devices),
        input("c.csv", &cables.replace(",r2,", ",r9,")),
    ];
    assert_eq!(
        codes(netbox::import(&unknown, &options("d.csv"))),
        [("T0158", 2)]
    );
    assert_eq!(
        codes(netbox::import(&[input("c.csv", cables)], &options("c.csv"))),
        [("T0151", 1), ("T0158", 2), ("T0158", 2)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_graph_is_imported_whole_or_refused(text in "(<node id=\"[a-c]\"/?>|<edge source=\"[a-c]\" target=\"[a-d]\"/>|</?graph>|<data key=\"(label|lat|risk)\">|</data>|</node>|[ a-zĂẫ0-9&;<>\"'])*") {
        let text = format!("<graphml><graph><node id=\"a\"/><node id=\"b\"/>{text}</graph></graphml>");
        if let Ok(imported) = graphml::import(&input("x.graphml", &text), &options("x.graphml")) {
            prop_assert!(!read_back(&imported).network.hubs.is_empty());
        }
    }

    #[test]
    fn any_pairs_are_imported_whole_or_refused(text in "([a-dĂẫ -]{0,3}[,;\"\n\\[\\]=#']?)*") {
        if let Ok(imported) = pairs::import(&[input("l.csv", &format!("a;b;risk;provider;port a\n{text}"))], &options("l.csv")) {
            prop_assert!(!read_back(&imported).network.hubs.is_empty());
        }
    }

    #[test]
    fn any_sndlib_is_imported_whole_or_refused(text in "(NODES \\(\n|LINKS \\(\n|\\)\n|[ab] \\( [0-9. ]{0,8} \\)\n|l[0-9] \\( [ab] [ab] \\) [0-9. ]{0,9}\n|#?[ -~]{0,6}\n)*") {
        if let Ok(imported) = sndlib::import(&input("x.txt", &text), &options("x.txt")) {
            prop_assert!(!read_back(&imported).network.hubs.is_empty());
        }
    }
}
