//! A secret of fifty values, opened by us and by sops: both as programs of their own, from start to end.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::testbed::{Testbed, age_key, said};
use super::table::{Measured, Table, median};

const VALUES: usize = 50;
const RUNS: usize = 11;
/// How much sooner than sops.
const SOONER: u32 = 5;

fn run(command: &mut Command) -> Duration {
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "{command:?}");
    began.elapsed()
}

/// Measures opening.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret.yaml");
    let mut text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: many\nstringData:\n".to_owned();
    for number in 0..VALUES {
        writeln!(text, "  key-{number}: throwaway value number {number}").expect("text");
    }
    std::fs::write(&file, text).expect("a file");
    let key = age_key("staging");
    let public = std::fs::read_to_string(&key).expect("a throwaway key");
    let recipient =
        public.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("its recipient").to_owned();
    let mut encrypt = testbed.program("sops");
    encrypt.args(["--encrypt", "--age", &recipient, "--encrypted-regex", "^(data|stringData)$", "--in-place"]);
    said(encrypt.arg(&file));
    let theirs = || {
        let mut sops = testbed.program("sops");
        run(sops.arg("--decrypt").arg(&file).env("SOPS_AGE_KEY_FILE", &key))
    };
    let ours = || {
        let mut fluxdeck = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        run(fluxdeck.args(["secret", "decrypt"]).arg(&file).env("SOPS_AGE_KEY_FILE", &key).current_dir(folder.path()))
    };
    let sops = median((0..RUNS).map(|_| theirs()).collect());
    table.floor("sops -d of a secret of 50 values", || Measured::Time(sops));
    table.measure("the same secret opened", Measured::Time(sops / SOONER), || {
        Measured::Time(median((0..RUNS).map(|_| ours()).collect()))
    });
}
