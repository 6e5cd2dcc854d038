//! Who is up and who is down: readings in, transitions and questions out; pure.
