//! One page to read, print and keep: it asks no other machine for anything, and says so to the browser.
//!
//! Style and script stand in the page, allowed by their digests and nothing else by anything (Content Security
//! Policy Level 3). Everything can be read with scripts off; the one script hides rows that nobody looks for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::analysis::{Standing, Weak, Weakness};
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::{AgencyId, Element};
use crate::report::clean;
use crate::report::listing::level_key;
use crate::report::shape::Shapes;
use crate::report::vietnamese::sort_key;
use crate::report::weak::{count, kind_key};
use crate::report::words::{Language, Words};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/filter.js");

/// Returns the whole page.
#[must_use]
pub fn network(network: &Network, weakness: &Weakness, words: &Words) -> String {
    let shapes = Shapes::new(network, weakness);
    let page = Page {
        shapes: &shapes,
        words,
    };
    let style = format!("{STYLE}\n{}", crate::report::svg::STYLE);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        digest(&style),
        digest(SCRIPT)
    );
    let language = match words.language() {
        Language::En => "en",
        Language::Vi => "vi",
    };
    let name = clean(&network.name);
    let markup = html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(concat!("spanwatch ", env!("CARGO_PKG_VERSION")));
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (name) " – " (words.text("html.title")) }
                style { (PreEscaped(&style)) }
            }
            body {
                header {
                    h1 { (name) }
                    p class="sub" { (words.text("html.title")) " · " code { (clean(&network.id)) } }
                    @if network.example {
                        p class="example" role="note" { (words.text("report.example.long")) }
                    }
                }
                main {
                    (page.summary())
                    (page.map())
                    (page.weak())
                    (page.risks())
                    (page.agencies())
                }
                footer {
                    p {
                        (concat!("spanwatch ", env!("CARGO_PKG_VERSION"))) " · "
                        (words.text("html.footer"))
                        @if network.example { " · " (words.text("report.example")) }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let mut text = markup.into_string();
    text.push('\n');
    text
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

struct Page<'p, 'a> {
    shapes: &'p Shapes<'a>,
    words: &'p Words,
}

impl Page<'_, '_> {
    fn summary(&self) -> Markup {
        let network = self.shapes.network;
        let weakness = self.shapes.weakness;
        let computers: u64 = network
            .agencies
            .values()
            .map(|agency| u64::from(agency.endpoints.computers))
            .sum();
        let standings = || weakness.agencies.values();
        let lost = standings().filter(|standing| standing.cut_off).count();
        let one_risk = standings()
            .filter(|standing| !standing.one_risk.is_empty())
            .count();
        let worst = self.shared().map(|weak| weak.ids.len()).max().unwrap_or(0);
        let tiles = [
            (false, network.agencies.len() as u64, "report.agencies"),
            (false, network.nodes.len() as u64, "report.nodes"),
            (false, network.links.len() as u64, "report.links"),
            (false, network.risks.len() as u64, "report.risks"),
            (false, computers, "html.computers"),
            (lost > 0, lost as u64, "html.lost"),
            (worst > 1, worst as u64, "html.worst"),
            (one_risk > 0, one_risk as u64, "html.one_risk"),
        ];
        html! {
            ul class="tiles" {
                @for (alarm, value, key) in tiles {
                    li class=(if alarm { "card alarm" } else { "card" }) {
                        b { (self.number(value)) }
                        span { (self.words.text(key)) }
                    }
                }
            }
            (self.paths())
        }
    }

    /// Agencies by the number of their paths, as a bar and in words.
    fn paths(&self) -> Markup {
        let mut counts = [0_usize; 4];
        for standing in self.shapes.weakness.agencies.values() {
            let paths = if standing.cut_off {
                0
            } else {
                standing.disjoint_links.min(3)
            };
            counts[usize::from(paths)] += 1;
        }
        let total = counts.iter().sum::<usize>().max(1);
        let starts = counts.iter().scan(0, |sum, count| {
            let start = *sum;
            *sum += count;
            Some(start)
        });
        let share = |count: usize| format!("{:.2}", count as f64 * 100.0 / total as f64);
        html! {
            section class="card paths" {
                svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
                    @for (paths, (start, count)) in starts.zip(counts).enumerate() {
                        rect class=(format!("p{paths}")) x=(share(start)) width=(share(count)) height="4" {}
                    }
                }
                ul {
                    @for (paths, count) in counts.into_iter().enumerate() {
                        @if count > 0 {
                            li {
                                svg viewBox="0 0 4 4" aria-hidden="true" {
                                    rect class=(format!("p{paths}")) width="4" height="4" rx="1" {}
                                }
                                b { (self.number(count as u64)) } " "
                                (self.words.text(&format!("html.paths.{paths}")))
                            }
                        }
                    }
                }
            }
        }
    }

    fn map(&self) -> Markup {
        html! {
            section {
                h2 { (self.words.text("html.map")) }
                figure class="card" {
                    (crate::report::svg::drawing(self.shapes, self.words, None))
                    figcaption { (self.words.text("html.map.caption")) }
                }
            }
        }
    }

    /// Weak elements that more than one agency depends on, hubs left out: everybody depends on those.
    fn shared(&self) -> impl Iterator<Item = &Weak> {
        let network = self.shapes.network;
        self.shapes.weakness.elements.iter().filter(move |weak| {
            weak.ids.len() > 1
                && !matches!(&weak.element, Element::Node(id) if network.hubs.contains(id))
        })
    }

    fn weak(&self) -> Markup {
        let most = self.shared().map(|weak| weak.weight).max().unwrap_or(1);
        let shared = self.shared().count();
        let alone = self
            .shapes
            .weakness
            .elements
            .iter()
            .filter(|weak| weak.ids.len() == 1)
            .count();
        html! {
            section {
                h2 { (self.words.text("html.weak")) }
                p class="note" { (self.words.text("html.weak.note")) }
                @if shared > 0 {
                    div class="card scroll" {
                        table {
                            thead {
                                tr {
                                    th scope="col" class="n" { "#" }
                                    th scope="col" { (self.head("col.element")) }
                                    th scope="col" { (self.head("col.kind")) }
                                    th scope="col" class="n" { (self.head("col.weight")) }
                                    th scope="col" { span { (self.head("html.share")) } }
                                    th scope="col" { (self.head("html.who")) }
                                }
                            }
                            tbody {
                                @for (rank, weak) in (1..).zip(self.shared()) {
                                    (self.weak_row(rank, weak, most))
                                }
                            }
                        }
                    }
                } @else {
                    p { (self.words.text("html.weak.none")) }
                }
                @if alone > 0 {
                    p class="note" {
                        (self.words.with("html.weak.alone", &[&self.number(alone as u64)]))
                    }
                }
            }
        }
    }

    fn weak_row(&self, rank: usize, weak: &Weak, most: u32) -> Markup {
        let network = self.shapes.network;
        let width = f64::from(weak.weight) * 100.0 / f64::from(most.max(1));
        html! {
            tr {
                td class="n" { (rank) }
                th scope="row" {
                    (clean(&network.title(&weak.element)))
                    code { (clean(weak.element.id())) }
                }
                td class="kind" { (self.words.text(&kind_key(&weak.element))) }
                td class="n" { (self.number(u64::from(weak.weight))) }
                td {
                    svg class="bar" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true" {
                        rect width="100" height="5" {}
                        rect class="is" width=(format!("{width:.1}")) height="5" {}
                    }
                }
                td {
                    details {
                        summary {
                            (self.number(weak.ids.len() as u64)) " " (self.words.text("report.agencies"))
                        }
                        p { (self.names(&weak.ids)) }
                    }
                }
            }
        }
    }

    fn names(&self, ids: &[AgencyId]) -> String {
        let names: Vec<String> = ids
            .iter()
            .map(|id| {
                self.shapes
                    .network
                    .agencies
                    .get(id)
                    .map_or_else(|| id.to_string(), |agency| clean(&agency.name).into_owned())
            })
            .collect();
        names.join("; ")
    }

    fn risks(&self) -> Markup {
        let network = self.shapes.network;
        html! {
            @if !network.risks.is_empty() {
                section {
                    h2 { (self.head("report.risks")) }
                    p class="note" { (self.words.text("html.risks.note")) }
                    div class="card scroll" {
                        table {
                            thead {
                                tr {
                                    th scope="col" { (self.head("col.name")) }
                                    th scope="col" { (self.head("col.kind")) }
                                    th scope="col" class="n" { (self.head("html.cuts_off")) }
                                    th scope="col" { (self.head("col.members")) }
                                }
                            }
                            tbody {
                                @for risk in network.risks.values() {
                                    @let cuts_off =
                                        self.shapes.cuts_off(&Element::Risk(risk.id.clone())).agencies;
                                    tr {
                                        th scope="row" {
                                            (clean(&risk.name))
                                            code { (clean(risk.id.as_str())) }
                                        }
                                        td { (clean(&risk.kind)) }
                                        td class="n" {
                                            span class=[(cuts_off > 0).then_some("one")] {
                                                (self.number(cuts_off as u64))
                                            }
                                        }
                                        td class="chain" {
                                            @for (at, member) in risk.members.iter().enumerate() {
                                                @if at > 0 { ", " }
                                                (clean(&network.title(member)))
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn agencies(&self) -> Markup {
        html! {
            section {
                h2 { (self.head("report.agencies")) }
                p class="note" { (self.words.text("html.agencies.note")) }
                div class="find" data-rows="agencies" hidden {
                    label for="find" { (self.words.text("html.find")) }
                    input id="find" type="search" autocomplete="off" spellcheck="false";
                    output for="find" aria-live="polite" {}
                }
                div class="card scroll" {
                    table id="agencies" {
                        thead {
                            tr {
                                th scope="col" { (self.head("report.agency")) }
                                th scope="col" { (self.head("col.area")) }
                                th scope="col" { (self.head("col.address")) }
                                th scope="col" class="n" { (self.head("col.weight")) }
                                th scope="col" class="n" { (self.head("col.paths")) }
                                th scope="col" { (self.head("col.single_points")) }
                            }
                        }
                        tbody {
                            @for agency in self.sorted() { (self.agency_row(agency)) }
                        }
                    }
                }
            }
        }
    }

    /// The agencies as a reader looks for them: the city's own, then area by area, each by name.
    fn sorted(&self) -> Vec<&Agency> {
        let mut agencies: Vec<&Agency> = self.shapes.network.agencies.values().collect();
        agencies.sort_by_cached_key(|agency| {
            let area = self
                .shapes
                .area_name(agency.area.as_ref())
                .unwrap_or_default();
            (
                agency.level,
                sort_key(area),
                sort_key(&agency.name),
                agency.id.clone(),
            )
        });
        agencies
    }

    fn agency_row(&self, agency: &Agency) -> Markup {
        let network = self.shapes.network;
        let nobody = Standing::default();
        let standing = self.shapes.standing(&agency.id).unwrap_or(&nobody);
        let address = network
            .nodes
            .get(&agency.node)
            .and_then(|node| node.address);
        // Its own node and the hubs are single points of everybody; the rest is what one can do something about.
        let points = standing.single_points.iter().filter(|element| {
            !matches!(element, Element::Node(id)
                if *id == agency.node || network.hubs.contains(id))
        });
        html! {
            tr {
                th scope="row" {
                    (clean(&agency.name))
                    code { (clean(agency.id.as_str())) }
                }
                td {
                    @match self.shapes.area_name(agency.area.as_ref()) {
                        Some(name) => { (clean(name)) }
                        None => { (self.words.text(level_key(agency.level))) }
                    }
                }
                td class="address" { @if let Some(address) = address { code { (address) } } }
                td class="n" { (agency.weight) }
                td class="n" {
                    @if standing.cut_off || standing.disjoint_links < 2 {
                        span class="one" { (count(if standing.cut_off { 0 } else { standing.disjoint_links })) }
                    } @else {
                        (count(standing.disjoint_links))
                    }
                }
                td class="chain" {
                    @if standing.cut_off {
                        span class="risk" { (self.words.text("html.cut_off")) }
                    }
                    @for (at, element) in points.enumerate() {
                        @if at > 0 { " › " }
                        @match element {
                            Element::Risk(_) => span class="risk" { (clean(&network.title(element))) },
                            _ => { (clean(&network.title(element))) }
                        }
                    }
                }
            }
        }
    }

    /// A text with a capital first letter.
    fn head(&self, key: &str) -> String {
        let mut letters = self.words.text(key).chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        first + letters.as_str()
    }

    /// A number as the language groups it: 1,204 or 1.204.
    fn number(&self, number: u64) -> String {
        let separator = match self.words.language() {
            Language::En => ',',
            Language::Vi => '.',
        };
        let digits = number.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }
}
