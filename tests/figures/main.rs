//! The figures that fluxdeck promises, measured on the testbed and printed beside their targets.
//!
//! `tests/testbed/run.sh --figures` starts what it needs. The program is measured as an operator has it: the release build, in a terminal,
//! on real control planes.

#[cfg(test)]
mod cockpit;
#[cfg(test)]
mod difference;
#[cfg(test)]
mod distance;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod pods;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod soak;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "three test programs share it, and each uses a part")]
mod support;
#[cfg(test)]
mod table;
#[cfg(test)]
mod wire;

/// One test, so that nothing else runs while it measures.
#[test]
fn figures() {
    if cfg!(debug_assertions) {
        println!("These are figures of a debug build: run it with --release (tests/testbed/run.sh --figures).");
    }
    let testbed = support::testbed::Testbed::find();
    let mut table = table::Table::default();
    cockpit::measure(&testbed, &mut table);
    wire::measure(&testbed, &mut table);
    distance::measure(&testbed, &mut table);
    secrets::measure(&testbed, &mut table);
    repository::measure(&testbed, &mut table);
    logs::measure(&testbed, &mut table);
    difference::measure(&testbed, &mut table);
    soak::measure(&mut table);
    pods::fill(&testbed);
    floor::measure(&testbed, &mut table);
    pods::measure(&testbed, &mut table);
    doctor::measure(&testbed, &mut table);
    println!("{table}");
    let missing = table.missing();
    assert!(missing.is_empty(), "these could not be measured: {}", missing.join(", "));
}
