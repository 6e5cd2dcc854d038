//! The one query language: parse, and match against named fields; pure.
