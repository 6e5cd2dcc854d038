//! Reports: functions of a picture or of the model, one format a file.

pub mod vietnamese;
pub mod words;
