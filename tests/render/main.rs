//! What needs kubectl, which renders, and nothing else: no cluster, no network. `tests/testbed/build.sh kubectl` builds the one version that
//! decides what is rendered; without it these tests fail.

#[cfg(test)]
mod build;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod kustomize;
#[cfg(test)]
mod precision;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "four test programs share it, and each uses a part")]
mod support;

/// Returns the folder of the testbed's kubectl.
#[cfg(test)]
fn programs() -> std::path::PathBuf {
    let cache = || std::env::home_dir().expect("a home folder").join(".cache/fluxdeck-testbed");
    let testbed = std::env::var_os("FLUXDECK_TESTBED").map_or_else(cache, std::path::PathBuf::from);
    let folder = testbed.join("bin");
    let kubectl = folder.join("kubectl");
    assert!(kubectl.is_file(), "{} is not there: tests/testbed/build.sh kubectl builds it", kubectl.display());
    folder
}

/// Returns a search path with that kubectl before everything that is found otherwise.
#[cfg(test)]
fn search_path() -> std::ffi::OsString {
    let all = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(programs()).chain(std::env::split_paths(&all)))
        .expect("folders without a colon")
}
