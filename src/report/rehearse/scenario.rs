//! A scenario as text: what was true, and when it was said.

use crate::app::rehearse::play::{Episode, Played};
use crate::report::rehearse::{About, class, kind_key, minutes, seconds, time};
use crate::report::table::{Side, Table};
use crate::report::words::Words;

/// Returns a scenario as text: what was true, then what was said.
pub(super) fn text(about: &About<'_>, played: &Played, words: &Words) -> String {
    let mut text = words.with(
        "rehearse.scenario",
        &[
            &seconds(played.time),
            &about.setup.seed.to_string(),
            &played.readings.0.to_string(),
        ],
    );
    text.push_str("\n\n");
    let head = |key| words.text(key);
    let mut table = Table::new(&[
        (head("rehearse.col.from"), Side::Right),
        (head("rehearse.col.until"), Side::Right),
        (head("rehearse.col.true"), Side::Left),
        (head("rehearse.col.cut-off"), Side::Right),
        (head("rehearse.col.named"), Side::Right),
        (head("rehearse.col.by"), Side::Left),
    ]);
    for episode in &played.episodes {
        table.row([
            seconds(episode.from),
            episode.until.map(seconds).unwrap_or_default(),
            episode.action.clone(),
            episode.cut_off.to_string(),
            episode.named_after.map(seconds).unwrap_or_default(),
            by(episode, words),
        ]);
    }
    text.push_str(&table.text(""));
    text.push('\n');
    let mut table = Table::new(&[
        (head("rehearse.col.incident"), Side::Left),
        (head("rehearse.col.said-at"), Side::Right),
        (head("rehearse.col.until"), Side::Right),
        (head("rehearse.col.kind"), Side::Left),
        (head("rehearse.col.said"), Side::Left),
        (head("rehearse.col.cut-off"), Side::Right),
        (head("rehearse.col.is-true"), Side::Left),
    ]);
    for (incident, is_about) in &played.incidents {
        table.row([
            incident.id.to_string(),
            seconds(time(played.began, incident.named)),
            incident
                .until
                .map(|until| seconds(time(played.began, until)))
                .unwrap_or_default(),
            words.text(kind_key(incident.kind)).to_owned(),
            class(&incident.causes, words),
            incident.cut_off.len().to_string(),
            words
                .text(if *is_about { "report.yes" } else { "report.no" })
                .to_owned(),
        ]);
    }
    if !table.is_empty() {
        text.push_str(&table.text(""));
        text.push('\n');
    }
    let wrong = played.incidents.iter().filter(|(_, is_about)| !is_about);
    text.push_str(&words.with(
        "rehearse.played",
        &[
            &wrong.count().to_string(),
            &minutes(played.outage),
            &minutes(played.missed),
        ],
    ));
    text.push('\n');
    text
}

fn by(episode: &Episode, words: &Words) -> String {
    match (episode.by, episode.is_alike) {
        (Some(id), _) => id.to_string(),
        (None, true) => words.text("rehearse.alike").to_owned(),
        (None, false) => words.text("rehearse.never").to_owned(),
    }
}
