//! The HTTP suite: what users of the three contracts notice, against a real server and database.

mod basics;
