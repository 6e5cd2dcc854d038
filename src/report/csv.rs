//! CSV (RFC 4180): the agencies, one a row, for a spreadsheet.
//!
//! A spreadsheet runs a cell that begins like a formula, so such texts get a `'` before them. Numbers never do:
//! a guard that turned -5 into a text would be a fault of its own.

use crate::analysis::Weakness;
use crate::model::network::Network;
use crate::report::clean;
use crate::report::listing::joined;
use crate::report::shape::Shapes;

const HEADS: [&str; 20] = [
    "id",
    "name",
    "level",
    "class",
    "area",
    "area_name",
    "node",
    "address",
    "weight",
    "computers",
    "antivirus",
    "contact_name",
    "contact_phone",
    "contact_email",
    "cut_off",
    "disjoint_links",
    "disjoint_nodes",
    "single_points",
    "one_risk",
    "example",
];

/// Returns the agencies, lines ended by CR LF; `mark` puts the byte order mark before them that Excel needs.
#[must_use]
pub fn agencies(network: &Network, weakness: &Weakness, mark: bool) -> String {
    let shapes = Shapes::new(network, weakness);
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let mut write = |record: &[String]| {
        writer
            .write_record(record)
            .expect("writing to memory, every row as long as the first");
    };
    write(&HEADS.map(str::to_owned));
    for agency in network.agencies.values() {
        let agency = shapes.agency(agency);
        let guarded = |text: Option<&str>| guard(text.unwrap_or_default());
        write(&[
            guard(agency.id.as_str()),
            guard(agency.name),
            match agency.level {
                crate::model::agency::Level::City => "city".to_owned(),
                crate::model::agency::Level::Commune => "commune".to_owned(),
            },
            guard(agency.class),
            guarded(agency.area.map(crate::model::AreaCode::as_str)),
            guarded(agency.area_name),
            guard(agency.node.as_str()),
            agency
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            agency.weight.to_string(),
            agency.endpoints.computers.to_string(),
            guarded(agency.endpoints.antivirus),
            guarded(agency.contact.name),
            guarded(agency.contact.phone),
            guarded(agency.contact.email),
            agency.cut_off.to_string(),
            agency.disjoint_links.to_string(),
            agency.disjoint_nodes.to_string(),
            guard(&joined(agency.single_points)),
            guard(&joined(agency.one_risk)),
            network.example.to_string(),
        ]);
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    let text = String::from_utf8(bytes).expect("texts and commas");
    if mark {
        format!("\u{FEFF}{text}")
    } else {
        text
    }
}

/// Makes a text harmless in a cell: no control characters, and no beginning of a formula (the list of OWASP, with
/// the full-width forms that Excel takes for the same).
fn guard(text: &str) -> String {
    let text = clean(text);
    let begins = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if begins {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}
