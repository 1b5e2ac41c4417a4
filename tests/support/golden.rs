//! Small repositories, each in a file of its own with all that is to be found in it, no more and no less.
//!
//! `=== PATH` begins a file of the repository, `=== expected` what is to be found.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const EXPECTED: &str = "=== expected\n";

/// Asserts that in each repository below `tests/FOLDER`, of which there are more than `least`, that is found which stands there. With the
/// environment variable `update` what is found is written there instead, to be read by a person.
pub(crate) fn assert_all(folder: &str, least: usize, update: &str, found: impl Fn(&str, &Path) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut all: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() > least, "{all:?}");
    let mut wrong = String::new();
    for golden in all {
        let name = golden.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&golden).unwrap();
        let (files, expected) = text.split_once(EXPECTED).unwrap();
        let place = tempfile::tempdir().unwrap();
        let found = found(&name, &written(place.path(), &name, files));
        if std::env::var_os(update).is_some() {
            std::fs::write(&golden, format!("{files}{EXPECTED}{found}")).unwrap();
        } else if found != expected {
            let _written = write!(wrong, "--- {name}: expected\n{expected}--- found\n{found}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Writes the files into a folder of this name.
fn written(place: &Path, name: &str, files: &str) -> PathBuf {
    let root = place.join(name);
    for part in files.split("=== ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap();
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    root
}
