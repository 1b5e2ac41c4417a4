//! The figures that fluxdeck promises, measured on the testbed and printed beside their targets.
//!
//! `tests/testbed/run.sh --figures` starts what it needs; `FLUXDECK_FIGURES` names the parts to measure, such as `pods doctor`. The program is measured as an operator has it: the release build, in a terminal,
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

/// The environment variable that names the parts to measure; all of them without it: `pods doctor`.
#[cfg(test)]
const PARTS: &str = "FLUXDECK_FIGURES";

/// One test, so that nothing else runs while it measures.
#[test]
fn figures() {
    if cfg!(debug_assertions) {
        println!("These are figures of a debug build: run it with --release (tests/testbed/run.sh --figures).");
    }
    let testbed = support::testbed::Testbed::find();
    let mut table = table::Table::default();
    // In this order: the pods are there for what follows them.
    let parts: [(&str, fn(&support::testbed::Testbed, &mut table::Table)); 10] = [
        ("cockpit", cockpit::measure),
        ("wire", wire::measure),
        ("distance", distance::measure),
        ("secrets", secrets::measure),
        ("repository", repository::measure),
        ("logs", logs::measure),
        ("difference", difference::measure),
        ("soak", |_, table| soak::measure(table)),
        ("pods", |testbed, table| {
            pods::fill(testbed);
            floor::measure(testbed, table);
            pods::measure(testbed, table);
        }),
        ("doctor", |testbed, table| {
            pods::fill(testbed);
            doctor::measure(testbed, table);
        }),
    ];
    let wanted = std::env::var(PARTS).unwrap_or_default();
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    let unknown: Vec<&&str> = wanted.iter().filter(|name| parts.iter().all(|(part, _)| part != *name)).collect();
    assert!(unknown.is_empty(), "{PARTS}: no part is called {unknown:?}");
    for (part, measure) in parts {
        if wanted.is_empty() || wanted.contains(&part) {
            measure(&testbed, &mut table);
        }
    }
    println!("{table}");
    let missing = table.missing();
    assert!(missing.is_empty(), "these could not be measured: {}", missing.join(", "));
}
