//! The vectors in `tests/sops/vectors`: what the real sops encrypted, we read; what we change or encrypt, the real sops reads.
//!
//! The second half needs the real program: set `FLUXDECK_SOPS` to its path (`tests/sops/judge.sh` does).

mod judge;
mod vectors;

use std::path::{Path as FilePath, PathBuf};

use super::{Identities, Opened, SopsFile};
use crate::secret::Secret;

/// The layouts of the `sops` block that there are vectors of.
const LAYOUTS: [&str; 2] = ["3.9", "3.13"];

fn folder() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops")
}

fn text(name: &str) -> String {
    let file = folder().join(name);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn identities(name: &str) -> Identities {
    Identities::from_text(&Secret::new(text(&format!("vectors/throwaway-{name}.txt")))).unwrap()
}

fn open(name: &str) -> Opened {
    let file = SopsFile::parse(text(&format!("vectors/{name}.yaml"))).unwrap_or_else(|error| panic!("{name}: {error}"));
    file.decrypt(&identities("staging")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The vectors that the staging key opens: layout and name, without `.yaml`.
fn all() -> Vec<String> {
    let mut names = Vec::new();
    for layout in LAYOUTS {
        for entry in std::fs::read_dir(folder().join("vectors").join(layout)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if let Some(name) = name.strip_suffix(".plain.yaml") {
                names.push(format!("{layout}/{name}"));
            }
        }
    }
    names.sort();
    assert!(names.len() >= 30, "vectors are missing: {names:?}");
    names
}
