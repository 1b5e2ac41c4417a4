//! What the tests of the whole program share: a terminal to run it in, servers, and links to clusters that fail on purpose.

pub(crate) mod api;
pub(crate) mod golden;
pub(crate) mod keys;
pub(crate) mod proxy;
pub(crate) mod pty;
pub(crate) mod testbed;
pub(crate) mod workspace;
