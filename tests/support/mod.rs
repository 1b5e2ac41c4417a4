//! What the tests of the whole program share: a terminal to run it in, and links to clusters that fail on purpose.

pub(crate) mod keys;
pub(crate) mod proxy;
pub(crate) mod pty;
pub(crate) mod testbed;
