//! `spanwatch.toml`: what this monitor does, beside what the network is.
//!
//! A key that nobody knows is an error with its place: a setting that is misspelt would else be off in silence.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::app::settings::SettingsError;

/// A file that is longer holds no settings.
const LONGEST: u64 = 65_536;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    #[serde(default)]
    monitor: Monitor,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Monitor {
    traps: Option<toml::Spanned<String>>,
}

/// Returns `[monitor] traps` of the first of these files that is there, and where it stands.
pub fn traps(places: &[PathBuf]) -> Result<Option<(String, String)>, SettingsError> {
    let Some(path) = places.iter().find(|path| path.exists()) else {
        return Ok(None);
    };
    let unreadable = |source| SettingsError::Unreadable {
        path: path.clone(),
        source,
    };
    let fault = |line, message: &str| SettingsError::File {
        path: path.clone(),
        line,
        message: message.to_owned(),
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(fault(1, "this is no file of settings"));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let layout: Layout = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().lines().next().unwrap_or("not TOML");
        fault(line(at), message.trim_end_matches('.'))
    })?;
    Ok(layout.monitor.traps.map(|traps| {
        let origin = format!("{}:{}", path.display(), line(traps.span().start));
        (traps.into_inner(), origin)
    }))
}
