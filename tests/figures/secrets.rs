//! A secret of fifty values, opened by us and by sops: both as programs of their own, from start to end.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::testbed::{Testbed, age_key, said};
use super::table::{Measured, Table, median};

const VALUES: usize = 50;
const RUNS: usize = 11;
/// How many encrypted files a large repository has.
const FILES: usize = 500;
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
    // In a repository with an environment of its own, as an operator has it.
    let file = folder.path().join("apps/staging/secret.yaml");
    for path in ["apps/staging", "clusters/staging"] {
        std::fs::create_dir_all(folder.path().join(path)).expect("a folder");
    }
    said(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
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

    // The same value is set by both in turn, from standard input.
    let set = |mut command: Command, round: usize| {
        let began = Instant::now();
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let value = format!("\"throwaway {round}\"");
        child.stdin.take().expect("its input").write_all(value.as_bytes()).expect("its input");
        assert!(child.wait().expect("its end").success(), "{command:?}");
        began.elapsed()
    };
    let theirs = |round| {
        let mut sops = testbed.program("sops");
        sops.args(["set", "--value-stdin"]).arg(&file).arg("[\"stringData\"][\"key-7\"]");
        sops.env("SOPS_AGE_KEY_FILE", &key);
        set(sops, round)
    };
    let ours = |round| {
        let mut fluxdeck = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        fluxdeck.args(["secret", "set"]).arg(&file).arg("stringData.key-7").current_dir(folder.path());
        fluxdeck.env("SOPS_AGE_KEY_FILE", &key).env("XDG_STATE_HOME", folder.path());
        set(fluxdeck, round)
    };
    let sops = median((0..RUNS).map(theirs).collect());
    table.floor("sops set in a secret of 50 values", || Measured::Time(sops));
    table.measure("the same value set", Measured::Time(sops / SOONER), || {
        Measured::Time(median((RUNS..2 * RUNS).map(ours).collect()))
    });
    verify(&key, &recipient, table);
}

/// Measures looking through a repository of 500 encrypted files, every MAC verified.
fn verify(key: &std::path::Path, recipient: &str, table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: one\nstringData:\n  a: throwaway\n  b: throwaway\n  c: throwaway\n";
    let file = fluxdeck::sops::NewFile::for_recipients(&[recipient.to_owned()], "^(data|stringData)$");
    for number in 0..FILES {
        let text = fluxdeck::sops::create(
            fluxdeck::sops::Format::Yaml,
            &fluxdeck::secret::Secret::new(plain),
            &file,
            jiff::Timestamp::UNIX_EPOCH,
        );
        std::fs::write(folder.path().join(format!("{number}.yaml")), text.expect("an encrypted file")).expect("a file");
    }
    said(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    let ours = || {
        let mut fluxdeck = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        let began = Instant::now();
        let output =
            fluxdeck.args(["secret", "verify"]).current_dir(folder.path()).env("SOPS_AGE_KEY_FILE", key).output();
        let output = output.expect("fluxdeck runs");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && words.contains("encrypted: 500") && !words.contains("not opened"),
            "{words}"
        );
        began.elapsed()
    };
    table.measure("500 encrypted files verified", Measured::Time(Duration::from_secs(1)), || {
        Measured::Time(median((0..3).map(|_| ours()).collect()))
    });
}
