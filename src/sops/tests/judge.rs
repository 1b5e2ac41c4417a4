//! The judge: whatever we write, the real sops must read, with its MAC.

use std::path::PathBuf;
use std::process::Command;

use super::{all, folder, identities, open, text};
use crate::secret::Secret;
use crate::sops::{SopsError, create, yaml};

/// The real sops with the staging key, on files in a folder that goes away.
struct Judge {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Judge {
    /// Finds the program that `FLUXDECK_SOPS` names, and fails when that is set but does not work; `None` when it is not set.
    fn summon() -> Option<Self> {
        let program = PathBuf::from(std::env::var_os("FLUXDECK_SOPS")?);
        let judge = Self { program, folder: tempfile::tempdir().unwrap() };
        let version = judge.run(&["--version", "--disable-version-check"]);
        assert!(version.starts_with("sops "), "FLUXDECK_SOPS is set, but it is not sops: {version}");
        Some(judge)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("SOPS_AGE_KEY_FILE", folder().join("vectors/throwaway-staging.txt"))
            .env("HOME", "/nonexistent")
            .current_dir(self.folder.path())
            .output()
            .unwrap_or_else(|error| {
                panic!("FLUXDECK_SOPS is set, but {} cannot be run: {error}", self.program.display())
            });
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Has sops decrypt a text and returns (document, path, value) of everything in it.
    fn read(&self, encrypted: &str) -> Vec<(usize, String, String)> {
        std::fs::write(self.folder.path().join("file.yaml"), encrypted).unwrap();
        values(&self.run(&["decrypt", "file.yaml"]))
    }
}

fn values(text: &str) -> Vec<(usize, String, String)> {
    let leaves = yaml::read(text).unwrap().leaves;
    leaves.iter().map(|leaf| (leaf.document, leaf.path.pointer(), leaf.value.canonical.expose().to_owned())).collect()
}

/// Values that are hard to write; each is put in the place of another.
const HARD: [&str; 12] = [
    "hunter3",
    "",
    " lead and trail ",
    "# no comment",
    "a: b",
    "line\nline\n",
    "\n\nblank lines\n\n",
    "tab\t\u{1}\u{85}\u{2028}\u{feff}\r\n",
    "it's \"quoted\" \\ {a} [b]",
    "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]",
    "🔐 ключ",
    "0755",
];

#[test]
fn the_real_sops_reads_every_change() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2031-02-03T04:05:06Z".parse().unwrap();
    for name in all() {
        let mut opened = open(&name);
        let paths: Vec<_> = opened.entries().iter().map(|entry| (entry.document, entry.path.clone())).collect();
        for (position, (document, path)) in paths.iter().enumerate() {
            let value = HARD[position % HARD.len()];
            match opened.set(*document, path, &Secret::new(value)) {
                Ok(()) | Err(SopsError::Unsupported(_)) => {}
                Err(error) => panic!("{name} {path}: {error}"),
            }
        }
        let saved = opened.save(now).unwrap_or_else(|error| panic!("{name}: {error}"));
        let plain = opened.plaintext().unwrap();
        assert_eq!(judge.read(&saved), values(plain.expose()), "{name}");
    }
}

#[test]
fn the_real_sops_reads_what_we_encrypt() {
    let Some(judge) = Judge::summon() else { return };
    let now = "2026-01-02T03:04:05Z".parse().unwrap();
    let recipients = [identities("staging").recipients(), identities("production").recipients()].concat();
    for name in ["secret", "hard", "documents", "flow", "nested"] {
        let plain = text(&format!("plain/{name}.yaml"));
        let created = create(&Secret::new(plain.as_str()), &recipients, "^(data|stringData)$", now).unwrap();
        assert_eq!(judge.read(&created), values(&plain), "{name}");
        let created =
            create(&Secret::new(plain.replace('\n', "\r\n")), &recipients, "^(data|stringData)$", now).unwrap();
        assert_eq!(judge.read(&created), values(&plain), "{name} with carriage returns");
    }
}
