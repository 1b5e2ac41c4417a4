//! The tests that need nothing but cargo: the code base's own rules, and the program in a terminal.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod children;
#[cfg(test)]
mod deep;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod headless;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod identities;
#[cfg(test)]
mod key_hints;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod new_secret;
#[cfg(test)]
mod odd_paths;
#[cfg(test)]
mod ordinary;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod source_paths;
#[cfg(test)]
mod spdx;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "three test programs share it, and each uses a part")]
mod support;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod trouble;
