//! `list`: the things of one kind, all or those that match a filter.

use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::failure::{Failure, Kind as FailureKind};
use crate::cli::{Common, Format};
use crate::filter::{BadFilter, Filter};
use crate::model::fault::{Fault, Place, Severity, Source};
use crate::report::kind::Kind;
use crate::report::listing;

/// List agencies, nodes, links ..., all or those that match
///
/// A filter is words and fields: `list agencies 'thuan hoa weight>=3'`, `list links 'kind=4g or cuts_off>10'`.
/// Fields are the keys of the topology; operators = != > >= < <= ~ (pattern) : (contains); ! ( ) or.
/// A word without marks finds names with any marks.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to list
    kind: Kind,
    /// What must hold; several are one filter
    filter: Vec<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

/// Lists the things of one kind.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let written = args.filter.join(" ");
    let filter =
        Filter::parse(&written, args.kind.fields()).map_err(|bad| bad_filter(&written, bad))?;
    let (loaded, weakness) = common.analysed()?;
    let network = &loaded.network;
    let text = match args.format {
        Format::Json => listing::json(network, &weakness, args.kind, &filter),
        Format::Text => listing::text(network, &weakness, args.kind, &filter, &common.words()),
    };
    crate::cli::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a wrong filter as a wrong file is shown: with a caret under the place.
pub(super) fn bad_filter(written: &str, bad: BadFilter) -> Failure {
    let place = Place {
        source: Arc::new(Source {
            name: "the filter".to_owned(),
            text: written.to_owned(),
        }),
        span: bad.span,
    };
    Failure::new(FailureKind::Usage, "The filter cannot be understood.").faults(vec![Fault {
        code: "C0001",
        severity: Severity::Error,
        message: bad.message,
        place: Some(place),
        label: None,
        related: Vec::new(),
        help: bad.help,
    }])
}
