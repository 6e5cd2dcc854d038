//! The map as SVG: drawn by us, no layout program needed, light and dark as the reader's screen is.
//!
//! State is never colour alone: an agency on one path is a ring and not a dot, a weak link is thicker.

use maud::{Markup, PreEscaped, html};

use crate::analysis::Weakness;
use crate::model::network::Network;
use crate::model::{AgencyId, Element};
use crate::report::clean;
use crate::report::map::{Line, Map, Mark, Panel, Point, Rank, Rect};
use crate::report::shape::Shapes;
use crate::report::words::Words;

/// The rules of the drawing, for whoever puts it into a page of its own.
pub const STYLE: &str = include_str!("svg/map.css");

/// Room for the legend under the panels.
const LEGEND: f64 = 44.0;

/// Returns the map as a file of its own.
#[must_use]
pub fn network(network: &Network, weakness: &Weakness, words: &Words) -> String {
    let shapes = Shapes::new(network, weakness);
    let drawing = drawing(&shapes, words, Some(STYLE)).into_string();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{drawing}\n")
}

/// Returns the map as an element; a page that holds it brings `STYLE` itself, a file of its own needs it inside.
#[must_use]
pub fn drawing(shapes: &Shapes<'_>, words: &Words, style: Option<&str>) -> Markup {
    let map = Map::of(shapes);
    let network = shapes.network;
    let height = map.height + LEGEND;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="map" role="img" aria-labelledby="map-title map-desc"
            viewBox=(format!("0 0 {} {}", number(map.width), number(height))) {
            title id="map-title" { (clean(&network.name)) }
            desc id="map-desc" { (description(&map, network, words)) }
            @if let Some(style) = style {
                style { (PreEscaped(style)) }
                rect class="paper" width=(number(map.width)) height=(number(height)) {}
            }
            @for (at, panel) in map.panels.iter().enumerate() {
                (picture(panel, at, shapes, words))
            }
            (legend(&map, network, words))
        }
    }
}

fn description(map: &Map<'_>, network: &Network, words: &Words) -> String {
    let mut text = words.with(
        "map.desc",
        &[
            &network.agencies.len().to_string(),
            &network.nodes.len().to_string(),
            &network.links.len().to_string(),
        ],
    );
    if network.example {
        text.push(' ');
        text.push_str(words.text("report.example.long"));
    }
    if map.left_out > 0 {
        text.push(' ');
        text.push_str(&words.with("map.left_out", &[&map.left_out.to_string()]));
    }
    text
}

fn picture(panel: &Panel<'_>, at: usize, shapes: &Shapes<'_>, words: &Words) -> Markup {
    let clip = format!("map-frame-{at}");
    let frame = panel.frame;
    html! {
        clipPath id=(clip) { (rectangle(frame, "")) }
        g clip-path=(format!("url(#{clip})")) {
            @if let Some(window) = panel.window { (rectangle(window, "window")) }
            @for line in &panel.lines { (wire(line, shapes)) }
            @for mark in &panel.marks { (node(mark, shapes)) }
            @for label in &panel.labels {
                @if let Some((from, to)) = label.leader {
                    line class="leader" x1=(number(from.x)) y1=(number(from.y)) x2=(number(to.x)) y2=(number(to.y)) {}
                }
            }
            @for label in &panel.labels {
                text class=(if label.strong { "label strong" } else { "label" })
                    x=(number(label.at.x)) y=(number(label.at.y)) { (label.text) }
            }
        }
        (rectangle(frame, "frame"))
        @if at > 0 {
            text class="caption" x=(number(frame.x + 10.0)) y=(number(frame.y + 18.0)) {
                (words.text("map.enlarged"))
            }
        }
        @if let Some((length, kilometres)) = panel.scale {
            (scale(frame, length, kilometres))
        }
    }
}

fn scale(frame: Rect, length: f64, kilometres: f64) -> Markup {
    let x = frame.x + 12.0;
    let y = frame.y + frame.height - 12.0;
    html! {
        path class="scale" d=(format!(
            "M{} {}v4h{}v-4", number(x), number(y - 4.0), number(length)
        )) {}
        text class="note" x=(number(x + length + 6.0)) y=(number(y)) { (kilometres) " km" }
    }
}

fn wire(drawn: &Line<'_>, shapes: &Shapes<'_>) -> Markup {
    let link = drawn.link;
    let cuts_off = shapes.cuts_off(&Element::Link(link.id.clone())).agencies;
    let mut class = String::from("wire");
    if !drawn.trunk {
        class.push_str(" access");
    }
    if matches!(link.kind.as_str(), "4g" | "radio" | "satellite") {
        class.push_str(" air");
    }
    class.push_str(weight(cuts_off));
    html! {
        path class=(class) d=(path(drawn)) {
            title {
                (clean(&shapes.network.title(&Element::Link(link.id.clone())))) " (" (clean(&link.kind)) ", "
                (clean(link.id.as_str())) ")"
                @if cuts_off > 0 { ": −" (cuts_off) }
            }
        }
    }
}

/// A straight line, or one bent aside where another link already goes straight.
fn path(line: &Line<'_>) -> String {
    let Line { a, b, bend, .. } = *line;
    if bend == 0.0 {
        return format!(
            "M{} {}L{} {}",
            number(a.x),
            number(a.y),
            number(b.x),
            number(b.y)
        );
    }
    let length = (b.x - a.x).hypot(b.y - a.y).max(1e-6);
    let middle = Point {
        x: f64::midpoint(a.x, b.x) - (b.y - a.y) / length * 2.0 * bend,
        y: f64::midpoint(a.y, b.y) + (b.x - a.x) / length * 2.0 * bend,
    };
    format!(
        "M{} {}Q{} {} {} {}",
        number(a.x),
        number(a.y),
        number(middle.x),
        number(middle.y),
        number(b.x),
        number(b.y)
    )
}

fn node(mark: &Mark<'_>, shapes: &Shapes<'_>) -> Markup {
    let node = mark.node;
    let cuts_off = shapes.cuts_off(&Element::Node(node.id.clone())).agencies;
    let class = match mark.rank {
        Rank::Hub => "node hub".to_owned(),
        Rank::Agency => format!("node agency{}", standing(node.id.as_str(), shapes)),
        Rank::Access => format!("node access{}", weight(cuts_off)),
        _ => format!("node{}", weight(cuts_off)),
    };
    let title = html! {
        title {
            (clean(&node.name)) " (" (clean(node.id.as_str())) ")"
            @if cuts_off > 0 { ": −" (cuts_off) }
        }
    };
    symbol(mark.rank, mark.at, &class, &title)
}

/// On how many paths an agency's own node hangs.
fn standing(id: &str, shapes: &Shapes<'_>) -> &'static str {
    match shapes.standing(&AgencyId::from(id)) {
        Some(standing) if standing.cut_off => " lost",
        Some(standing) if standing.disjoint_links < 2 => " single",
        _ => "",
    }
}

/// How much hangs on something: nobody, one agency, some, many.
fn weight(cuts_off: usize) -> &'static str {
    match cuts_off {
        0 => "",
        1 => " weak",
        2..=9 => " weak some",
        _ => " weak many",
    }
}

fn symbol(rank: Rank, at: Point, class: &str, inside: &Markup) -> Markup {
    let size = rank.size();
    let Point { x, y } = at;
    let polygon = |corners: &[(f64, f64)]| {
        let points: Vec<String> = corners
            .iter()
            .map(|(dx, dy)| format!("{},{}", number(x + dx * size), number(y + dy * size)))
            .collect();
        html! { polygon class=(class) points=(points.join(" ")) { (inside) } }
    };
    match rank {
        Rank::Hub => html! {
            rect class=(class) x=(number(x - size)) y=(number(y - size)) rx="2.5"
                width=(number(2.0 * size)) height=(number(2.0 * size)) { (inside) }
        },
        Rank::Core => polygon(&[(0.0, -1.1), (1.1, 0.0), (0.0, 1.1), (-1.1, 0.0)]),
        Rank::Provider => polygon(&[
            (-1.0, 0.0),
            (-0.5, -0.87),
            (0.5, -0.87),
            (1.0, 0.0),
            (0.5, 0.87),
            (-0.5, 0.87),
        ]),
        Rank::Radio => polygon(&[(0.0, -1.0), (0.95, 0.75), (-0.95, 0.75)]),
        Rank::Pop | Rank::Access | Rank::Agency => html! {
            circle class=(class) cx=(number(x)) cy=(number(y)) r=(number(size)) { (inside) }
        },
    }
}

fn legend(map: &Map<'_>, network: &Network, words: &Words) -> Markup {
    let present = |rank| {
        map.panels
            .iter()
            .flat_map(|panel| &panel.marks)
            .any(|mark| mark.rank == rank)
    };
    let ranks = [
        (Rank::Hub, "node hub", "map.hub"),
        (Rank::Core, "node", "map.core"),
        (Rank::Pop, "node", "map.pop"),
        (Rank::Provider, "node", "map.provider"),
        (Rank::Radio, "node", "map.radio"),
        (Rank::Access, "node access", "map.access"),
        (Rank::Agency, "node agency", "map.two_paths"),
        (Rank::Agency, "node agency single", "map.one_path"),
    ];
    let y = map.height + 18.0;
    let mut x = 8.0;
    let nothing = html! {};
    let mut step = |text: &str| {
        let here = x;
        x += 32.0 + 5.6 * unicode_width::UnicodeWidthStr::width(text) as f64;
        here
    };
    html! {
        g class="legend" {
            @for (rank, class, key) in ranks.into_iter().filter(|(rank, ..)| present(*rank)) {
                @let here = step(words.text(key));
                (symbol(rank, Point { x: here + 6.0, y }, class, &nothing))
                text class="note" x=(number(here + 18.0)) y=(number(y + 3.5)) { (words.text(key)) }
            }
            @for (class, key) in [("wire weak some", "map.weak"), ("wire weak many", "map.weak_many")] {
                @let here = step(words.text(key));
                path class=(class) d=(format!("M{} {}h14", number(here), number(y))) {}
                text class="note" x=(number(here + 19.0)) y=(number(y + 3.5)) { (words.text(key)) }
            }
        }
        text class="note" x="8" y=(number(map.height + 38.0)) {
            @if network.example { (words.text("report.example.long")) " " }
            @if map.schematic { (words.text("map.schematic")) " " }
            @if map.left_out > 0 { (words.with("map.left_out", &[&map.left_out.to_string()])) }
        }
    }
}

fn rectangle(rect: Rect, class: &str) -> Markup {
    html! {
        rect class=[(!class.is_empty()).then_some(class)] x=(number(rect.x)) y=(number(rect.y)) rx="6"
            width=(number(rect.width)) height=(number(rect.height)) {}
    }
}

/// A tenth of a unit is less than a screen shows; `-0` and long tails would only differ between machines.
fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
