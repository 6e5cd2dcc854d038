//! The dashboard: a terminal that is always given back whole, and the loop that draws a picture.
