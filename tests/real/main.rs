//! The suite on real control planes, real Flux controllers and the real sops; tests/testbed/run.sh starts what it needs.
//!
//! Its tests share two clusters and run side by side: a test changes only what it names in its own words at its top, and leaves it as it
//! was.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod cockpit;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod doctor;
mod faults;
#[cfg(test)]
mod goldens;
#[cfg(test)]
mod ground;
#[cfg(test)]
mod headless;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod lessons;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod push;
#[cfg(test)]
mod rendering;
#[cfg(test)]
mod restricted;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "four test programs share it, and each uses a part")]
mod support;
#[cfg(test)]
mod template;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod walks;
