//! The vectors in `tests/sops/vectors`: we read the files of the real sops, and the real sops reads the files that we
//! change or encrypt.
//!
//! The second half needs the real program: set `FLUXDECK_SOPS` to its path (`tests/sops/judge.sh` does).

mod edits;
mod formats;
mod judge;
mod locked;
mod mutations;
mod random;
mod rekey;
mod vectors;

use std::path::{Path as FilePath, PathBuf};

use super::{Format, Identities, Opened, SopsFile};
use crate::secret::Secret;

/// The layouts of the `sops` block with vectors.
const LAYOUTS: [&str; 3] = ["3.9", "3.10", "3.13"];

pub(super) fn folder() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops")
}

pub(super) fn text(name: &str) -> String {
    let file = folder().join(name);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

pub(super) fn identities(name: &str) -> Identities {
    Identities::from_text(&Secret::new(text(&format!("vectors/throwaway-{name}.txt")))).unwrap()
}

fn open(name: &str) -> Opened {
    let file = SopsFile::parse(Format::Yaml, text(&format!("vectors/{name}.yaml")))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    file.decrypt(&identities("staging")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The vectors that the staging key opens: layout and name, without `.yaml`.
pub(super) fn all() -> Vec<String> {
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

/// Plain documents as people and tools write them, unlike any output of sops itself.
const ODD: [(&str, &str); 13] = [
    ("indented by two", "kind: Secret\nmetadata:\n  name: a\nstringData:\n  a: one\n  b: \"two\"\n  c: 'three'\n"),
    ("without a final newline", "kind: Secret\nstringData:\n  a: one"),
    ("block at the very end", "kind: Secret\nstringData:\n  a: |\n    one\n    two"),
    ("byte order mark", "\u{feff}kind: Secret\nstringData:\n  a: é\n"),
    ("document markers", "---\nkind: Secret\nstringData:\n  a: one\n---\nkind: Secret\nstringData:\n  b: two\n...\n"),
    ("an empty document", "---\n# nothing\n---\nkind: Secret\nstringData:\n  b: two\n"),
    (
        "blocks and comments",
        "kind: Secret\nstringData:\n  a: |-\n    # no comment\n\n    two\n  # hunter2\n  b: >+  # hunter2\n    one\n    two\n\n\n  c: |2\n      deep\n    less\n# end\n",
    ),
    (
        "lists at the key's column",
        "kind: Secret\nstringData:\n  l:\n  - one\n  - - two\n    - three\n  - a: |\n      x\n    b: y\nz: 1\n",
    ),
    ("brackets", "kind: Secret\nstringData: {a: one, \"b\": 'two', c: [1, 2.50, true, ~, \"\"], d: }\n"),
    (
        "several lines without quotes",
        "kind: Secret\nstringData:\n  a: one\n    two\n\n    three\n  b: \"one\n    two \\\n    three\"\n",
    ),
    (
        "an anchor in plain text",
        "kind: Secret\nmetadata:\n  labels: &l {a: b}\n  annotations: *l\n  more:\n    <<: *l\nstringData:\n  a: one\n",
    ),
    ("explicit keys", "kind: Secret\nstringData:\n  ? a\n  : one\n  ? \"b c\"\n  : two\n"),
    (
        "what Kubernetes has besides",
        "kind: Secret\nimmutable: true\ndata:\nstringData:\n  a: one\n  empty:\n  tilde: ~\n  port: 5432\n",
    ),
];
