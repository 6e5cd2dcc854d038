//! A sheet or a few answers in, a topology out that reads without an error.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use spanwatch::inventory::import::csv::import;
use spanwatch::inventory::import::{Imported, Options};
use spanwatch::inventory::init::{Answers, Listed, addresses, first};
use spanwatch::inventory::{Faults, Loaded, read};
use spanwatch::model::agency::Level;
use spanwatch::model::fault::{Place, Source};
use spanwatch::model::{AgencyId, AreaCode, CredentialName, NodeId, ProviderId};

use crate::inventory::{source, words};

fn options() -> Options {
    Options {
        file: "danh-sach.csv".into(),
        id: Some("hue".into()),
        name: Some("Mạng thử".into()),
        hub: None,
        all_agencies: false,
    }
}

fn loaded(imported: &Imported) -> Loaded {
    let sources: Vec<Arc<Source>> = imported
        .files
        .iter()
        .map(|(name, text)| source(name, text))
        .collect();
    read(sources).unwrap_or_else(|faults| {
        panic!("{}\n{:#?}", words(&faults.0), imported.files);
    })
}

const SHEET: &str = "\
Tên cơ quan;IP;Nối đến;Nhà mạng;Xã/phường;Trọng số;Loại;Cấp;Đường truyền;Băng thông;Ghi chú
Trung tâm dữ liệu;10.48.0.1;;;;;;thành phố;;;
UBND phường Thuận Hóa;10.48.1.11;Router Thuận Hóa;VNPT;19789 - Phường Thuận Hóa;5;ubnd;xã;cáp quang;100 Mbps;gấp
\"Công an phường Thuận Hóa; trụ sở 2\";10.48.1.12/24;Router Thuận Hóa;VNPT;19789 - Phường Thuận Hóa;4;công an;phường;;1 Gb/s;
Trạm y tế A Lưới;10.48.2.11;UBND phường Thuận Hóa;Viettel;Xã A Lưới 1;3;y tế;;4G;;
Router Thuận Hóa;10.48.0.11;Trung tâm dữ liệu;VNPT;;;;;;10G;
;;;;;;;;;;
";

#[test]
fn a_vietnamese_sheet_becomes_the_topology_that_a_person_would_write() {
    let imported =
        import(SHEET, &options()).unwrap_or_else(|faults| panic!("{}", words(&faults.0)));
    let network = loaded(&imported).network;
    assert_eq!(network.agencies.len(), 5);
    assert_eq!(network.hubs[0].as_str(), "trung-tam-du-lieu");
    let ubnd = &network.agencies["ubnd-phuong-thuan-hoa"];
    assert_eq!(
        (ubnd.weight, ubnd.level, ubnd.class.as_str()),
        (5, Level::Commune, "ubnd")
    );
    assert_eq!(ubnd.area.as_ref().map(AreaCode::as_str), Some("19789"));
    assert_eq!(network.areas["19789"].name, "Phường Thuận Hóa");
    assert_eq!(network.areas["xa-a-luoi-1"].name, "Xã A Lưới 1");
    let link = &network.links["ubnd-phuong-thuan-hoa--router-thuan-hoa"];
    assert_eq!(
        (link.kind.as_str(), link.capacity),
        ("fibre", Some(100_000_000))
    );
    assert_eq!(link.provider.as_ref().map(ProviderId::as_str), Some("vnpt"));
    assert!(
        network.nodes["ubnd-phuong-thuan-hoa"].transit,
        "another row hangs on it"
    );
    assert!(!network.nodes["tram-y-te-a-luoi"].transit);
    assert_eq!(network.providers["viettel"].name, "Viettel");
    let police = &network.nodes["cong-an-phuong-thuan-hoa-tru"];
    assert_eq!(police.name, "Công an phường Thuận Hóa; trụ sở 2");
    assert_eq!(police.address, Some(IpAddr::from([10, 48, 1, 12])));
    assert_eq!(
        imported.notes,
        [
            "The column `Ghi chú` is not used.",
            "The hub is `trung-tam-du-lieu` (Trung tâm dữ liệu), to which the most uplinks lead.",
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
    settings.bind(|| insta::assert_snapshot!("import_of_a_sheet", all));
}

#[test]
fn separators_marks_and_line_ends_of_spreadsheets_give_the_same_files() {
    let plain = import(SHEET, &options()).expect("imported");
    let quoted: String = SHEET
        .replace(
            "\"Công an phường Thuận Hóa; trụ sở 2\"",
            "Công an phường Thuận Hóa$ trụ sở 2",
        )
        .lines()
        .map(|line| {
            let cells: Vec<String> = line.split(';').map(|cell| format!("\"{cell}\"")).collect();
            cells.join(";").replace('$', ";") + "\r\n"
        })
        .collect();
    for (separator, name) in [(";", "semicolon"), (",", "comma"), ("\t", "tab")] {
        let text = quoted.replace("\";\"", &format!("\"{separator}\""));
        for text in [
            text.clone(),
            format!("\u{FEFF}{text}"),
            format!("\u{FEFF}sep={separator}\r\n{text}"),
        ] {
            let same =
                import(&text, &options()).unwrap_or_else(|faults| panic!("{}", words(&faults.0)));
            assert_eq!(same, plain, "{name}");
        }
    }
}

#[test]
fn english_headers_uplinks_by_id_address_and_name_and_nodes_that_no_row_describes() {
    let sheet = "id,name,address,uplink,role,lat,lon,computers,antivirus,contact,phone,snmp\n\
                 dc,Data centre,10.0.0.1,,hub,,,,,,,core-v3\n\
                 r1,Router 1,10.0.0.2,dc,pop,16.4,107.5,,,,,core-v3\n\
                 ,Office A,10.0.1.1,r1,,\"16,45\",\"107,58\",24,bkav,Ms A,0234 000 000,\n\
                 ,Office B,10.0.1.2,10.0.0.2;Tower,,,,,,,,\n\
                 ,Office B,10.0.1.3,\"Router 1, tower\",,,,,,,,\n";
    let imported =
        import(sheet, &options()).unwrap_or_else(|faults| panic!("{}", words(&faults.0)));
    let network = loaded(&imported).network;
    assert_eq!((network.agencies.len(), network.nodes.len()), (3, 6));
    assert_eq!(network.hubs[0].as_str(), "dc");
    assert_eq!(
        network.nodes["dc"]
            .snmp
            .as_ref()
            .map(CredentialName::as_str),
        Some("core-v3")
    );
    let office = &network.agencies["office-a"];
    assert_eq!(
        (office.endpoints.computers, office.contact.name.as_deref()),
        (24, Some("Ms A"))
    );
    let at = network.nodes["office-a"].position.expect("a position");
    assert_eq!((at.lat, at.lon), (16.45, 107.58));
    // The address and the name are one router; the tower is made once and hangs on the hub.
    for office in ["office-b", "office-b-2"] {
        let links: Vec<_> = network
            .links_at(&NodeId::from(office))
            .iter()
            .map(|link| network.links[link].b.node.to_string())
            .collect();
        assert_eq!(links, ["r1", "tower"]);
    }
    assert!(network.links.contains_key("tower--dc"));
    assert_eq!(
        imported.notes,
        [
            "No row describes the uplink `Tower`; it became the node `tower`.",
            "The node `tower` was attached to the hub `dc`; correct its uplink.",
        ]
    );
}

#[test]
fn the_hub_may_be_named_by_name_address_or_be_missing() {
    let sheet = "name;ip;uplink\nA;10.0.0.1;\nB;10.0.0.2;A\nC;10.0.0.3;D\nE;10.0.0.5;D\n";
    let hub = |wanted: Option<&str>| {
        let options = Options {
            hub: wanted.map(str::to_owned),
            ..options()
        };
        let network = loaded(&import(sheet, &options).expect("imported")).network;
        network.hubs[0].to_string()
    };
    assert_eq!(hub(None), "d", "two lead to it, one to `a`");
    assert_eq!(hub(Some("a")), "a");
    assert_eq!(hub(Some("10.0.0.1")), "a");
    assert_eq!(hub(Some("Trung tâm")), "trung-tam");
}

#[test]
fn duplicates_and_bad_values_are_faults_at_their_rows() {
    let sheet = "name;ip;uplink;weight;level;lat;id;capacity\n\
                 A;10.0.0.1;;5;;;a;\n\
                 B;10.0.0.1;A;five;;;b;\n\
                 C;10.0.0;A;;galaxy;;a;\n\
                 ;10.0.0.4;A;;;;;\n\
                 E;10.0.0.5;E;;;107.5;;\n\
                 F;10.0.0.6;A;;;;;100 cats\n\
                 G;10.0.0.7;;;;;;\n\
                 G;10.0.0.8;;;;;;\n\
                 H;10.0.0.9;G;;;;;\n";
    let faults = import(sheet, &options()).expect_err("faults").0;
    let found: Vec<_> = faults
        .iter()
        .map(|fault| (fault.code, fault.place.as_ref().map_or(0, Place::line)))
        .collect();
    for expected in [
        ("T0153", 3),
        ("T0154", 3),
        ("T0154", 4),
        ("T0153", 4),
        ("T0152", 5),
        ("T0154", 6),
        ("T0154", 7),
        ("T0154", 10),
    ] {
        assert!(
            found.contains(&expected),
            "{expected:?} in {}",
            words(&faults)
        );
    }
    assert_eq!(
        found.iter().filter(|(_, line)| *line == 4).count(),
        3,
        "{}",
        words(&faults)
    );
}

#[test]
fn names_that_fold_to_the_same_letters_get_two_ids() {
    let sheet = "Tên;IP\nXã Thanh An;10.0.0.1\nXã Thạnh An;10.0.0.2\n委員会;10.0.0.3\n";
    let imported = import(sheet, &options()).expect("imported");
    let network = loaded(&imported).network;
    let ids: Vec<_> = network.agencies.keys().map(AgencyId::as_str).collect();
    assert_eq!(ids, ["agency", "xa-thanh-an", "xa-thanh-an-2"]);
    assert_eq!(network.hubs[0].as_str(), "hub");
    assert_eq!(
        network.links.len(),
        3,
        "without a column of uplinks all hang on the hub"
    );
}

#[test]
fn a_sheet_without_names_or_with_an_open_quote_is_refused() {
    let code = |text: &str| import(text, &options()).expect_err("a fault").0[0].code;
    assert_eq!(code(""), "T0151");
    assert_eq!(code("ip;uplink\n10.0.0.1;\n"), "T0151");
    assert_eq!(code("name;ip\n\"A;10.0.0.1\nB;10.0.0.2\n"), "T0152");
}

fn answers(listed: Vec<Listed>) -> Answers {
    Answers {
        name: "Mạng huyện".into(),
        hub: "Router trung tâm".into(),
        hub_address: Some(IpAddr::from([10, 0, 0, 1])),
        monitor: Some("Máy giám sát".into()),
        credential: Some("core-v3".into()),
        time_zone: "Asia/Ho_Chi_Minh".into(),
        listed,
    }
}

fn read_one(text: &str) -> Result<Loaded, Faults> {
    read(vec![source("topology/network.toml", text)])
}

#[test]
fn a_first_topology_is_accepted_without_a_word() {
    let list = "# our offices\n10.0.1.1 UBND xã A\n10.0.1.2\n\n10.0.1.3, \"UBND xã A\" # again\n";
    let listed = addresses(&source("list.txt", list)).expect("a list");
    let text = first(&answers(listed));
    let loaded = read_one(&text).unwrap_or_else(|faults| panic!("{}\n{text}", words(&faults.0)));
    assert_eq!(words(&loaded.warnings), "");
    let network = loaded.network;
    let ids: Vec<_> = network.agencies.keys().map(AgencyId::as_str).collect();
    assert_eq!(ids, ["a-10-0-1-2", "ubnd-xa-a", "ubnd-xa-a-2"]);
    assert_eq!(network.monitor.as_str(), "may-giam-sat");
    assert_eq!(network.hubs[0].as_str(), "router-trung-tam");
    assert_eq!(
        network.targets().len(),
        5,
        "three agencies by ping, the hub by ping and SNMP"
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden/inventory");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("init_of_a_list", text));
}

#[test]
fn lines_that_are_no_addresses_are_faults_at_their_lines() {
    let list = "10.0.1.1\nrouter.example Hue\n10.0.1.1 again\n10.0.1.0/24\n";
    let faults = addresses(&source("list.txt", list)).expect_err("faults").0;
    let found: Vec<_> = faults
        .iter()
        .map(|fault| (fault.code, fault.place.as_ref().map_or(0, Place::line)))
        .collect();
    assert_eq!(found, [("T0154", 2), ("T0153", 3), ("T0154", 4)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_sheet_is_imported_whole_or_refused(text in "(tên|ip|uplink|area|provider|[;,\"\t \nA-Za-zĂẫ0-9.:/\\[\\]{}=#'\\\\])*") {
        if let Ok(imported) = import(&format!("name;ip;uplink;area;provider\n{text}"), &options()) {
            let network = loaded(&imported).network;
            prop_assert!(!network.hubs.is_empty());
        }
    }

    #[test]
    fn any_names_give_ids_and_a_topology(rows in proptest::collection::vec((".{0,40}", 0..8_usize), 1..8)) {
        let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut sheet = String::from("name;ip;uplink\n");
        for (at, (name, to)) in rows.iter().enumerate() {
            let uplink = rows.get(*to).map_or("Elsewhere", |(name, _)| name.as_str());
sheet.extend([cell(name), format!(";10.0.0.{};", at + 1), cell(uplink), "\n".into()]);
        }
        match import(&sheet, &options()) {
            Ok(imported) => prop_assert!(loaded(&imported).network.agencies.len() == rows.len()),
            // A row without a visible name, its own uplink, or an uplink of two names.
            Err(faults) => prop_assert!(faults.0.iter().all(|fault| ["T0152", "T0154"].contains(&fault.code))),
        }
    }

    #[test]
    fn any_answers_give_a_topology(name in "\\PC*", hub in ".*", monitor in ".*", zone in ".*", names in proptest::collection::vec(".*", 0..5)) {
        let listed = names
            .into_iter()
            .enumerate()
            .map(|(at, name)| Listed {
                address: IpAddr::from([10, 0, 1, u8::try_from(at).expect("few")]),
                name: Some(name),
            })
            .collect();
        let mut answers = answers(listed);
        (answers.name, answers.hub, answers.monitor, answers.time_zone) = (name, hub, Some(monitor), zone);
        let text = first(&answers);
        let loaded = read_one(&text);
        prop_assert!(loaded.is_ok(), "{}", text);
    }
}
