//! The headless twins of what is done with secrets, on a repository that `init` wrote, with the real git.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::support::pty::Stage;

/// Holds a home with the keys, and a repository of its own.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let workspace = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(workspace.home()).unwrap();
        let output = workspace.command(&["init", "repo"]).current_dir(workspace.home()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let keys: String = ["staging", "production"]
            .map(|env| format!("[env.{env}]\nage_key_file = {:?}\n", workspace.key(env)))
            .concat();
        std::fs::write(workspace.home().join(".config/fluxdeck/config.toml"), keys).unwrap();
        workspace.git(&["init", "--quiet", "--initial-branch=main"]);
        workspace.git(&["add", "--all"]);
        workspace.git(&["commit", "--quiet", "-m", "begin"]);
        workspace
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.home().join("repo")
    }

    pub(crate) fn key(&self, env: &str) -> PathBuf {
        self.home().join(format!(".config/fluxdeck/keys/repo-{env}.agekey"))
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root().join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.root().join(file), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
        command.args(arguments).env_clear().env("HOME", self.home()).env("LANG", "C.UTF-8").stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Runs fluxdeck in the repository.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).current_dir(self.root()).output().unwrap()
    }

    /// Runs it with an expected exit code, and returns what it printed.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it with a text on standard input.
    pub(crate) fn pipe(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        let mut command = self.command(arguments);
        command.current_dir(self.root()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub(crate) fn try_git(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]);
        command.args(arguments).current_dir(self.root()).env("HOME", self.home());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

/// Encrypted for staging, and read by it alone.
pub(crate) const STAGING: &str = "apps/staging/linkding/linkding-container-env-secret.yaml";
/// Encrypted for production, and read by it alone.
pub(crate) const PRODUCTION: &str = "apps/production/linkding/linkding-container-env-secret.yaml";

#[test]
fn the_hook_stops_a_commit_that_would_leak_and_lets_others_pass() {
    let workspace = Workspace::new();
    let all = workspace.run(&["secret", "verify"]);
    assert_eq!((all.status.code(), all.stdout.len()), (Some(0), 0), "{}", said(&all));
    assert!(said(&all).contains("0 errors, 0 warnings") && !said(&all).contains("not opened"), "{}", said(&all));

    workspace.expect(0, &["hook", "install"]);
    assert!(is_executable(&workspace.root().join(".git/hooks/pre-commit")));
    workspace.write("apps/staging/plain.yaml", "kind: Secret\nmetadata: {name: x}\nstringData:\n  a: hunter2\n");
    workspace.git(&["add", "--all"]);
    let refused = workspace.try_git(&["commit", "-m", "leak"]);
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("apps/staging/plain.yaml:4: error") && words.contains("--no-verify"), "{words}");
    assert!(!words.contains("hunter2"));

    workspace.git(&["reset", "--quiet"]);
    std::fs::remove_file(workspace.root().join("apps/staging/plain.yaml")).unwrap();
    workspace.write("notes.md", "nothing secret\n");
    workspace.git(&["add", "--all"]);
    workspace.git(&["commit", "--quiet", "-m", "notes"]);

    workspace.write("clusters/staging/broken.yaml", "kind: [\n");
    workspace.git(&["add", "--all"]);
    let refused = said(&workspace.try_git(&["commit", "-m", "broken"]));
    assert!(refused.contains("clusters/staging/broken.yaml:2: error") && refused.contains("--no-verify"), "{refused}");
    // What was wrong before holds up no later commit.
    workspace.git(&["commit", "--quiet", "--no-verify", "-m", "broken"]);
    workspace.write("notes.md", "nothing secret, and nothing broken\n");
    workspace.git(&["commit", "--quiet", "--all", "-m", "notes"]);
    workspace.expect(0, &["hook", "uninstall"]);
    assert!(!workspace.root().join(".git/hooks/pre-commit").exists());
}

#[test]
fn findings_are_written_in_every_form_and_set_the_exit_code() {
    let workspace = Workspace::new();
    let other = workspace.read(PRODUCTION);
    workspace.write(STAGING, &other);
    let json: serde_json::Value =
        serde_json::from_str(&workspace.expect(1, &["secret", "verify", STAGING, "-o", "json"])).unwrap();
    let fields: Vec<&str> = json[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["rule", "severity", "env", "file", "line", "object", "message", "why", "fix"]);
    assert_eq!((json[0]["rule"].as_str(), json[0]["env"].as_str()), (Some("secret-recipient"), Some("staging")));
    assert!(
        workspace.expect(1, &["secret", "verify", STAGING, "-o", "github"]).starts_with("::error file=apps/staging/")
    );
    let sarif = workspace.expect(1, &["secret", "verify", STAGING, "-o", "sarif"]);
    assert!(sarif.contains("\"version\":\"2.1.0\"") && sarif.contains("\"ruleId\":\"secret-recipient\""), "{sarif}");
    assert_eq!(workspace.expect(0, &["secret", "verify", STAGING, "--rule", "private-key"]), "");
    workspace.expect(2, &["secret", "verify", "--rule", "nothing"]);
    workspace.expect(2, &["secret", "verify", "/etc/passwd"]);
    workspace.expect(2, &["envs", "-o", "sarif"]);
}

/// Another key, kept nowhere.
fn stranger() -> (String, String) {
    let (key, recipient) = fluxdeck::sops::generate();
    (key.expose().to_owned(), recipient)
}

#[test]
fn recipients_come_and_go_and_the_other_environments_key_is_refused() {
    let workspace = Workspace::new();
    let (_, other) = stranger();
    let before = workspace.read(STAGING);
    let list = workspace.expect(0, &["secret", "recipients", STAGING]);
    assert!(
        list.contains("staging") && list.contains("its key is at hand") && list.contains("clusters/staging/.sops.yaml"),
        "{list}"
    );
    workspace.expect(0, &["secret", "recipients", STAGING, "--add", &other]);
    let both = workspace.read(STAGING);
    assert!(both.contains(&other) && both.len() > before.len());
    assert!(
        workspace.expect(0, &["secret", "recipients", STAGING]).contains("! it is encrypted for"),
        "it is not what .sops.yaml says"
    );
    workspace.expect(0, &["secret", "recipients", STAGING, "--update"]);
    assert_eq!(workspace.read(STAGING), before, "the entry that stays keeps its bytes");

    let production: serde_json::Value =
        serde_json::from_str(&workspace.expect(0, &["secret", "recipients", PRODUCTION, "-o", "json"])).unwrap();
    let key = production[0]["recipients"][0]["recipient"].as_str().unwrap();
    let refused = workspace.run(&["secret", "recipients", STAGING, "--add", key]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("--for production") && workspace.read(STAGING) == before, "{}", said(&refused));
    workspace.expect(0, &["secret", "recipients", STAGING, "--add", key, "--for", "production"]);
    let unknown = workspace.run(&["secret", "recipients", STAGING, "--remove", &other]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
    // Without its own key staging could not open it any more.
    let own = workspace.run(&["secret", "recipients", STAGING, "--update"]);
    assert_eq!(own.status.code(), Some(0), "{}", said(&own));
    let staging: serde_json::Value =
        serde_json::from_str(&workspace.expect(0, &["secret", "recipients", STAGING, "-o", "json"])).unwrap();
    let key = staging[0]["recipients"][0]["recipient"].as_str().unwrap();
    assert_eq!(workspace.run(&["secret", "recipients", STAGING, "--remove", key]).status.code(), Some(3));
}

#[test]
fn a_whole_environment_is_rotated_with_a_step_for_each_file_and_the_other_stays() {
    let workspace = Workspace::new();
    let value = |file: &str| workspace.expect(0, &["secret", "decrypt", file]);
    let (plain, staging, production) = (value(STAGING), workspace.read(STAGING), workspace.read(PRODUCTION));
    let steps = workspace.expect(0, &["--env", "staging", "secret", "rotate", "--all"]);
    assert!(steps.contains("has a new data key") && steps.contains("commit and push them next"), "{steps}");
    assert!(workspace.read(STAGING) != staging && workspace.read(PRODUCTION) == production);
    assert_eq!(value(STAGING), plain);
    assert_eq!(said(&workspace.run(&["secret", "verify"])).matches("0 errors, 0 warnings").count(), 1);
    let changed = workspace.git(&["diff", "--name-only"]);
    assert!(changed.lines().count() > 5 && !changed.contains("production"), "{changed}");
}

#[test]
fn nobody_becomes_a_reader_unseen() {
    let workspace = Workspace::new();
    let (_, junk) = stranger();
    let before = workspace.read(STAGING);
    // Slipped into the file, with whatever armor: its MAC says nothing of it.
    let entry =
        before.lines().skip_while(|line| !line.contains("age:")).take_while(|line| !line.contains("lastmodified"));
    let own = entry.clone().find_map(|line| line.split_once("recipient: ")).unwrap().1.to_owned();
    workspace.expect(0, &["secret", "recipients", STAGING, "--add", &junk]);
    workspace.git(&["commit", "--quiet", "--all", "--no-verify", "-m", "refactor"]);
    let both = workspace.read(STAGING);
    assert!(both.contains(&junk) && both.contains(&own));
    let refused = workspace.run(&["secret", "rotate", STAGING]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains(&junk) && said(&refused).contains("--reader"), "{}", said(&refused));
    assert_eq!(workspace.read(STAGING), both);
    let set = workspace.pipe(&["secret", "set", STAGING, "stringData.LD_SUPERUSER_PASSWORD"], "hunter2hunter2");
    assert!(set.status.success() && said(&set).contains(&junk), "a save names him: {}", said(&set));
    workspace.expect(0, &["secret", "rotate", STAGING, "--reader", &junk]);
    assert!(workspace.read(STAGING).contains(&junk));

    // Slipped into the configuration: he is named before and after anything is encrypted for him.
    let config = workspace.read("clusters/production/.sops.yaml");
    let old = config.lines().find_map(|line| line.trim().strip_prefix("age: ")).unwrap();
    let (_, other) = stranger();
    workspace.write("clusters/production/.sops.yaml", &config.replace(old, &format!("{old},{other}")));
    let looked = said(&workspace.run(&["secret", "verify"]));
    assert!(looked.contains(&format!("{other} is a new reader")) && looked.contains(PRODUCTION), "{looked}");
    let impact = said(&workspace.run(&["impact", "HEAD"]));
    assert!(impact.contains(&format!("new reader: {other}")), "{impact}");

    // On standard error, before anything is encrypted for him, whatever the call makes of standard output.
    let warned = |output: &std::process::Output| {
        assert!(output.status.success(), "{}", said(output));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("new reader") && errors.contains(&other), "{errors}");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let at = |word: &str| lines.lines().position(|line| line.contains(word));
        assert!(at("\"warning\"") < at("\"outcome\"") && at("\"warning\"").is_some(), "{lines}");
    };
    let plain = "apps/production/linkding/plain-secret.yaml";
    workspace.write(plain, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\nstringData:\n  a: b\n");
    let confirmed = ["-o", "json", "--env", "production", "--confirm", "production", "secret"];
    warned(&workspace.run(&[&confirmed[..], &["encrypt", plain]].concat()));
    assert!(workspace.read(plain).contains(&other));
    warned(&workspace.run(&[&confirmed[..], &["new", "smtp", "-n", "linkding", "--generate", "PASSWORD"]].concat()));
    warned(&workspace.run(&[&confirmed[..], &["recipients", PRODUCTION, "--update"]].concat()));
    let set = [&confirmed[..], &["set", PRODUCTION, "stringData.LD_SUPERUSER_PASSWORD"]].concat();
    warned(&workspace.pipe(&set, "hunter2hunter2"));
}

#[test]
fn a_value_of_a_secret_is_not_set_in_plain_text_whoever_made_the_file() {
    let workspace = Workspace::new();
    let config = workspace.read("clusters/staging/.sops.yaml");
    let recipient = config.lines().find_map(|line| line.trim().strip_prefix("age: ")).unwrap();
    let new = fluxdeck::sops::NewFile {
        mac_only_encrypted: true,
        ..fluxdeck::sops::NewFile::for_recipients(&[recipient.to_owned()], "^token$")
    };
    let plain = "apiVersion: v1\nkind: Other\nmetadata:\n    name: a\nstringData:\n    PASSWORD: x\n    token: y\n";
    let text = fluxdeck::secret::Secret::new(plain);
    let made = fluxdeck::sops::create(fluxdeck::sops::Format::Yaml, &text, &new, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let file = "apps/staging/linkding/foreign-secret.yaml";
    workspace.write(file, &made.replace("kind: Other", "kind: Secret"));
    let before = workspace.read(file);
    let set = workspace.pipe(&["secret", "set", file, "stringData.PASSWORD"], "hunter2hunter2");
    assert_eq!(set.status.code(), Some(3), "{}", said(&set));
    assert!(
        said(&set).contains("encrypted_regex: ^token$") && said(&set).contains("stringData.PASSWORD"),
        "{}",
        said(&set)
    );
    for refused in [
        ["secret", "unset", file, "stringData.token"].as_slice(),
        &["secret", "rotate", file],
        &["secret", "recipients", file, "--add", &stranger().1],
    ] {
        assert_eq!(workspace.run(refused).status.code(), Some(3), "{refused:?}: {}", said(&workspace.run(refused)));
    }
    assert_eq!(workspace.read(file), before);
    let looked = said(&workspace.run(&["secret", "verify"]));
    assert!(looked.contains("[secret-plaintext]") && looked.contains("[secret-scope]"), "{looked}");
    workspace.expect(0, &["secret", "encrypt", "--again", file]);
    let set = workspace.pipe(&["secret", "set", file, "stringData.PASSWORD"], "hunter2hunter2");
    assert!(set.status.success() && !workspace.read(file).contains("hunter2"), "{}", said(&set));
}

#[test]
fn a_plain_file_is_encrypted_by_the_rule_that_is_for_it() {
    let workspace = Workspace::new();
    let file = "apps/staging/linkding/new-secret.yaml";
    let plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: new\n  namespace: linkding\nstringData:\n  # was: hunter1\n  a: hunter2hunter2\n";
    workspace.write(file, plain);
    let said_so = workspace.expect(0, &["secret", "encrypt", file]);
    assert!(said_so.contains("rule 1 of clusters/staging/.sops.yaml"), "{said_so}");
    let text = workspace.read(file);
    assert!(!text.contains("hunter") && text.contains("name: new"), "{text}");
    assert_eq!(workspace.expect(0, &["secret", "decrypt", file]), plain);
    // Once more there is nothing to encrypt, and nothing is touched.
    let again = workspace.run(&["secret", "encrypt", file]);
    assert!(!again.status.success() && workspace.read(file) == text, "{}", said(&again));
    workspace.write("elsewhere.yaml", plain);
    let refused = workspace.run(&["secret", "encrypt", "elsewhere.yaml", "--confirm", "production"]);
    assert!(!refused.status.success() && workspace.read("elsewhere.yaml") == plain);
    assert!(said(&refused).contains("no rule says how elsewhere.yaml is encrypted"), "{}", said(&refused));
    workspace.expect(0, &["secret", "encrypt", "--again", file]);
    assert!(workspace.read(file) != text);
    assert_eq!(workspace.expect(0, &["secret", "decrypt", file]), plain);
}

#[test]
fn a_new_key_is_kept_outside_of_the_repository_and_its_rollout_explained() {
    use std::os::unix::fs::PermissionsExt as _;
    let workspace = Workspace::new();
    let inside = workspace.root().join("keys");
    let refused =
        workspace.run(&["secret", "age-key", "--env", "staging", "--generate", "--keys", inside.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(!inside.exists());
    let made = workspace.expect(0, &["secret", "age-key", "--env", "staging", "--generate"]);
    assert!(made.contains("--all --update --env staging") && made.contains("age-key --replace"), "{made}");
    let key = std::fs::read_to_string(workspace.key("staging")).unwrap();
    assert_eq!(key.matches("AGE-SECRET-KEY-1").count(), 2, "the old identity stays beside the new");
    assert_eq!(workspace.key("staging").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!made.contains("AGE-SECRET-KEY"), "{made}");

    // The steps, one after the other, as far as they need no cluster.
    let recipient = made.lines().find_map(|line| line.trim().strip_prefix("public key: ")).unwrap();
    let config = workspace.read("clusters/staging/.sops.yaml");
    let old = config.lines().find_map(|line| line.trim().strip_prefix("age: ")).unwrap();
    workspace.write("clusters/staging/.sops.yaml", &config.replace(old, &format!("{old},{recipient}")));
    workspace.expect(0, &["--env", "staging", "secret", "recipients", "--all", "--update"]);
    let both = workspace.read(STAGING);
    assert!(both.contains(old) && both.contains(recipient));
    workspace.write("clusters/staging/.sops.yaml", &config.replace(old, recipient));
    workspace.expect(0, &["--env", "staging", "secret", "recipients", "--all", "--update"]);
    // The new key is in no commit yet: it is named on purpose.
    let refused = workspace.run(&["--env", "staging", "secret", "rotate", "--all"]);
    assert!(!refused.status.success() && said(&refused).contains(recipient), "{}", said(&refused));
    workspace.expect(0, &["--env", "staging", "secret", "rotate", "--all", "--reader", recipient]);
    let new = workspace.read(STAGING);
    assert!(!new.contains(old) && new.contains(recipient));
    let looked = said(&workspace.run(&["secret", "verify"]));
    assert!(looked.contains("0 errors") && looked.contains("is a new reader"), "{looked}");
    workspace.git(&["commit", "--quiet", "--all", "-m", "another key"]);
    let looked = workspace.run(&["secret", "verify"]);
    assert!(said(&looked).contains("0 errors, 0 warnings"), "{}", said(&looked));
}

#[test]
fn a_value_among_the_arguments_is_not_repeated() {
    let workspace = Workspace::new();
    let before = workspace.read(STAGING);
    let new = ["secret", "new", "n", "-n", "linkding", "--env", "staging"];
    let calls: [&[&str]; 8] = [
        &["secret", "set", STAGING, "stringData.P=hunter2hunter2"],
        &["secret", "set", STAGING, "/stringData/P=hunter2hunter2"],
        &["secret", "set", STAGING, "stringData.P", "hunter2hunter2"],
        &["secret", "unset", STAGING, "stringData.P=hunter2hunter2"],
        &[&new[..], &["--key", "P=hunter2hunter2"]].concat(),
        &[&new[..], &["--generate", "P=hunter2hunter2"]].concat(),
        &[&new[..], &["--from-file", "P=hunter2hunter2"]].concat(),
        &["secret", "set", STAGING, "P=hunter2hunter2"],
    ];
    for call in calls {
        let output = workspace.pipe(call, "piped");
        assert_eq!(output.status.code(), Some(2), "{call:?}: {}", said(&output));
        assert!(!said(&output).contains("hunter2"), "{call:?}: {}", said(&output));
    }
    assert_eq!(workspace.read(STAGING), before);
    let journal =
        std::fs::read_to_string(workspace.home().join(".local/state/fluxdeck/journal.jsonl")).unwrap_or_default();
    assert!(!journal.contains("hunter2"), "{journal}");
}

#[test]
fn values_are_added_and_taken_out_again() {
    let workspace = Workspace::new();
    let before = workspace.expect(0, &["secret", "decrypt", STAGING]);
    let added = workspace.pipe(&["secret", "set", STAGING, "stringData.tls.crt"], "throwaway\n");
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    assert!(!said(&added).contains("throwaway"), "{}", said(&added));
    let encoded = workspace.pipe(&["secret", "set", STAGING, "/data/key.bin"], "throwaway\n");
    assert_eq!(encoded.status.code(), Some(0), "{}", said(&encoded));
    let after = workspace.expect(0, &["secret", "decrypt", STAGING]);
    assert!(
        after.contains("tls.crt: throwaway\n") && after.contains("data:\n") && after.contains("key.bin: dGhyb3dhd2F5"),
        "{after}"
    );
    let misspelt = workspace.pipe(&["secret", "set", STAGING, "stringDate.password"], "x");
    assert_eq!(misspelt.status.code(), Some(2), "{}", said(&misspelt));
    workspace.expect(2, &["secret", "unset", STAGING, "stringData.nothing"]);
    workspace.expect(0, &["secret", "unset", STAGING, "/stringData/tls.crt"]);
    workspace.expect(0, &["secret", "unset", STAGING, "/data/key.bin"]);
    let rest = workspace.expect(0, &["secret", "decrypt", STAGING]);
    assert!(rest.starts_with(&before) && !rest.contains("throwaway\n"), "{rest}");
    let looked = workspace.run(&["secret", "verify"]);
    assert!(said(&looked).contains("0 errors"), "{}", said(&looked));
}

#[test]
fn a_new_secret_is_encrypted_in_the_right_overlay_and_read_from_there() {
    let workspace = Workspace::new();
    let made = workspace.pipe(
        &["--env", "staging", "secret", "new", "smtp", "-n", "linkding", "--key", "PASSWORD", "--generate", "TOKEN=40"],
        "throwaway-smtp\n",
    );
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let file = "apps/staging/linkding/smtp-secret.yaml";
    assert!(said(&made).contains(file) && !said(&made).contains("throwaway"), "{}", said(&made));
    let diff = workspace.git(&["diff", "--unified=0"]);
    let added: Vec<&str> = diff
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(added, ["+  - smtp-secret.yaml"], "{diff}");
    let plain = workspace.expect(0, &["secret", "decrypt", file]);
    assert!(plain.contains("PASSWORD: throwaway-smtp\n") && plain.contains("namespace: linkding"), "{plain}");
    let token = plain.lines().find_map(|line| line.trim().strip_prefix("TOKEN: ")).unwrap();
    assert_eq!(token.len(), 40);
    assert!(!workspace.read(file).contains("throwaway"));
    let listed = workspace.expect(0, &["--env", "staging", "secrets"]);
    assert!(listed.lines().any(|line| line.contains("linkding/smtp") && line.contains("enc")), "{listed}");
    assert!(said(&workspace.run(&["secret", "verify"])).contains("0 errors, 0 warnings"));

    // Once more there is a file of that name, and nothing is touched.
    let before = workspace.read("apps/staging/linkding/kustomization.yaml");
    let again = workspace.run(&["--env", "staging", "secret", "new", "smtp", "-n", "linkding", "--generate", "A"]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    assert_eq!(workspace.read("apps/staging/linkding/kustomization.yaml"), before);
}

#[test]
fn every_type_of_secret_is_made_as_the_server_wants_it() {
    let workspace = Workspace::new();
    workspace.write("../tls.crt", "-----BEGIN CERTIFICATE-----\nthrowaway\n-----END CERTIFICATE-----\n");
    workspace.write("../tls.key", "-----BEGIN PRIVATE KEY-----\nthrowaway\n-----END PRIVATE KEY-----\n");
    workspace.write("../app.env", "# from compose\nexport ONE='1 2'\nTWO=\"a\\nb\"\n");
    std::fs::write(workspace.home().join("store.jks"), [0_u8, 255, 1]).unwrap();
    let new = |arguments: &[&str], input: &str| {
        let mut all = vec!["--env", "staging", "secret", "new", "-n", "linkding"];
        all.extend(arguments);
        workspace.pipe(&all, input)
    };
    let plain =
        |name: &str| workspace.expect(0, &["secret", "decrypt", &format!("apps/staging/linkding/{name}-secret.yaml")]);
    let good: [(&[&str], &str, &str, &[&str]); 5] = [
        (
            &["site", "--type", "tls", "--from-file", "tls.crt=../tls.crt", "--from-file", "tls.key=../tls.key"],
            "",
            "site",
            &["type: kubernetes.io/tls", "BEGIN CERTIFICATE"],
        ),
        (
            &["pull", "--type", "docker-registry", "--docker-username", "me"],
            "throwaway\n",
            "pull",
            &["kubernetes.io/dockerconfigjson", "bWU6dGhyb3dhd2F5"],
        ),
        (
            &["login", "--type", "basic-auth", "--key", "username", "--key", "password"],
            "me\nthrowaway\n",
            "login",
            &["kubernetes.io/basic-auth", "username: me"],
        ),
        (&["settings", "--from-env-file", "../app.env"], "", "settings", &["ONE: 1 2", "TWO:"]),
        (&["store", "--from-file", "store.jks=../store.jks"], "", "store", &["data:", "store.jks: AP8B"]),
    ];
    for (arguments, input, name, wanted) in good {
        let made = new(arguments, input);
        assert_eq!(made.status.code(), Some(0), "{arguments:?}: {}", said(&made));
        let text = plain(name);
        assert!(wanted.iter().all(|words| text.contains(words)), "{arguments:?}: {text}");
    }
    let bad: [(&[&str], &str, &str); 7] = [
        (
            &["crossed", "--type", "tls", "--from-file", "tls.crt=../tls.key", "--from-file", "tls.key=../tls.crt"],
            "",
            "exchanged",
        ),
        (&["half", "--type", "tls", "--from-file", "tls.crt=../tls.crt"], "", "needs tls.key"),
        (&["Upper", "--generate", "A"], "", "is not a valid name"),
        (&["odd", "--generate", "a b"], "", "is not a valid key"),
        (&["none"], "", "no values"),
        (&["few", "--key", "A", "--key", "B"], "one\n", "2 values"),
        (&["astray", "--generate", "A", "--folder", "docs"], "", "no Kustomization of staging reads"),
    ];
    for (arguments, input, words) in bad {
        let refused = new(arguments, input);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", said(&refused));
        assert!(said(&refused).contains(words), "{arguments:?}: {}", said(&refused));
    }
    assert!(
        said(&workspace.run(&["secret", "verify"])).contains("0 errors"),
        "{}",
        said(&workspace.run(&["secret", "verify"]))
    );
}

/// Writes an editor: a script that notes where its file is, and does something to it.
fn editor(workspace: &Workspace, body: &str) -> String {
    let (script, notes) = (workspace.home().join("editor.sh"), workspace.home().join("notes"));
    let text = format!(
        "printf '%s\\n%s\\n%s\\n' \"$1\" \"$(stat -f -c %T \"$1\")\" \"$(stat -c %a \"$1\" \"${{1%/*}}\" | xargs)\" > {}\n{body}\n",
        notes.display()
    );
    std::fs::write(&script, text).unwrap();
    format!("--editor=sh {}", script.display())
}

#[test]
fn an_editor_of_ones_own_gets_a_file_in_memory_that_is_gone_afterwards() {
    let workspace = Workspace::new();
    let before = workspace.read(STAGING);
    let plain = workspace.expect(0, &["secret", "decrypt", STAGING]);
    let notes = || std::fs::read_to_string(workspace.home().join("notes")).unwrap();
    let changes =
        editor(&workspace, "sed -i 's/^\\( *LD_SUPERUSER_NAME: \\).*/\\1throwaway-edited/' \"$1\"; cp \"$1\" \"$1~\"");
    let done = workspace.run(&["secret", "edit", &changes, STAGING]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("stringData.LD_SUPERUSER_NAME") && !said(&done).contains("throwaway-edited"));
    let told = notes();
    let [file, system, modes] = told.lines().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((system, modes), ("tmpfs", "600 700"));
    assert!(file.ends_with("/linkding-container-env-secret.yaml"), "{file}");
    assert!(!Path::new(file).parent().unwrap().exists(), "it is gone, and what the editor left beside it");
    assert!(workspace.expect(0, &["secret", "decrypt", STAGING]).contains("LD_SUPERUSER_NAME: throwaway-edited\n"));
    // Nothing below the home holds the text: neither the repository, nor a state, nor a cache.
    let found = Command::new("grep").args(["-rl", "throwaway-edited"]).arg(workspace.home()).output().unwrap();
    assert_eq!(said(&found).trim(), workspace.home().join("editor.sh").to_str().unwrap());

    let saved = workspace.read(STAGING);
    assert_ne!(saved, before);
    for (body, code, words) in [
        ("true", 0, "nothing was changed"),
        ("exit 3", 1, "status 3"),
        ("echo 'kind: twice' >> \"$1\"", 1, "cannot be saved"),
        ("rm \"$1\"", 1, "cannot read"),
        // The shell between us and the script may or may not have made way for it.
        (
            "p=$PPID; [ \"$(cat /proc/$p/comm)\" = fluxdeck ] || p=$(cut -d' ' -f4 /proc/$p/stat); kill -TERM $p; sleep 1",
            1,
            "told us to end",
        ),
    ] {
        let left = workspace.run(&["secret", "edit", &editor(&workspace, body), STAGING]);
        assert_eq!(left.status.code(), Some(code), "{body}: {}", said(&left));
        assert!(said(&left).contains(words), "{body}: {}", said(&left));
        assert_eq!(workspace.read(STAGING), saved, "{body}");
        let told = notes();
        assert!(!Path::new(told.lines().next().unwrap()).exists(), "{body}");
    }
    assert_ne!(plain, workspace.expect(0, &["secret", "decrypt", STAGING]));
}

#[test]
fn a_saved_value_is_followed_into_the_cluster_and_the_workload_restarted() {
    let workspace = Workspace::new();
    let edit = "1/apps/staging/linkding/linkding-cont<enter><enter>jjjjjje<ctrl-u>throwaway-new<enter>S<enter>";
    let screen = |keys: &str| {
        let keys = format!("{edit}{keys}");
        workspace.expect(0, &["snapshot", "--demo", "--scenario", "healthy", "--size", "110x34", "--keys", &keys])
    };
    let saved = screen("V");
    assert!(saved.contains("~ committed      not yet") && saved.contains(". in staging"), "{saved}");
    let pushed = "V<enter><space>csecrets: new<ctrl-s>Py<esc>";
    let live = screen(pushed);
    for words in ["= pushed", "apps has applied it", "has the new values", "~ restart        Deployment/linkding"] {
        assert!(live.contains(words), "{words}: {live}");
    }
    let restarted = screen(&format!("{pushed}Gk<enter>"));
    assert!(restarted.contains("Restart Deployment/linkding in staging: rolled out"), "{restarted}");
    assert!(!live.contains("throwaway-new"));
}

#[test]
fn the_list_tells_where_a_change_waits_and_compares_again_once_flux_has_applied_it() {
    let workspace = Workspace::new();
    let edit = "1/apps/staging/linkding/linkding-cont<enter><enter>jjjjjje<ctrl-u>throwaway-new<enter>S<enter><esc>";
    let screen = |keys: &str| {
        let keys = format!("{edit}S/container-env<enter>{keys}");
        workspace.expect(0, &["snapshot", "--demo", "--scenario", "healthy", "--size", "120x34", "--keys", &keys])
    };
    let waits = screen("");
    let row =
        |screen: &str| screen.lines().find(|line| line.contains("linkding/linkding-container-env")).unwrap().to_owned();
    assert!(row(&waits).contains("x 1 differs, uncommitted") && row(&waits).contains("= same"), "{waits}");
    assert!(waits.contains("1 not as in Git") && waits.contains("why      the file is not committed"), "{waits}");
    assert!(waits.contains("Deployment/linkding (environment: restart it to see a change)"), "{waits}");
    let unpushed = screen("V<enter><space>csecrets: new<ctrl-s><esc><esc>");
    assert!(row(&unpushed).contains("x 1 differs, unpushed"), "{unpushed}");
    let applied = screen("V<enter><space>csecrets: new<ctrl-s>Py<esc><esc>");
    assert!(row(&applied).matches("= same").count() == 2 && !applied.contains("not as in Git"), "{applied}");
}

#[test]
fn values_are_asked_for_on_a_terminal_and_never_shown() {
    let workspace = Workspace::new();
    let deck = |arguments: &[&str]| {
        let stage = Stage::fluxdeck().with(arguments).inside(workspace.root());
        stage.knowing("HOME", workspace.home()).knowing("XDG_CONFIG_HOME", workspace.home().join(".config")).open()
    };
    let new = ["--env", "staging", "secret", "new", "smtp", "-n", "linkding", "--key", "USER", "--key", "TOKEN"];
    let mut asked = deck(&new);
    asked.sees("value of USER: ");
    asked.press("throwaway-a<enter>");
    asked.sees("value of TOKEN: ");
    asked.press("throwaway-b<enter>");
    assert_eq!(asked.ends().code(), Some(0), "{}", asked.text());
    assert!(!asked.text().contains("throwaway-"), "{}", asked.text());
    let made = "apps/staging/linkding/smtp-secret.yaml";
    let plain = workspace.expect(0, &["secret", "decrypt", made]);
    assert!(plain.contains("USER: throwaway-a") && plain.contains("TOKEN: throwaway-b"), "{plain}");
    let mut asked = deck(&["secret", "set", made, "stringData.TOKEN"]);
    asked.sees("new value of stringData.TOKEN");
    asked.press("throwaway-c<enter>");
    assert_eq!(asked.ends().code(), Some(0), "{}", asked.text());
    assert!(!asked.text().contains("throwaway-c"), "{}", asked.text());
    assert!(workspace.expect(0, &["secret", "decrypt", made]).contains("TOKEN: throwaway-c"));
    // Whoever types nothing changes nothing.
    let mut asked = deck(&["secret", "set", made, "stringData.TOKEN"]);
    asked.sees("new value of stringData.TOKEN");
    asked.press("<ctrl-c>");
    asked.tells("nothing was typed");
    assert_eq!(asked.ends().code(), Some(2), "{}", asked.text());
}
