//! What takes time inside the process, without a terminal or a cluster: `cargo bench`. Figures that an operator feels are measured by
//! `tests/testbed/run.sh --figures`.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a benchmark prints, and ends where it cannot measure")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fluxdeck::app::{App, Effect, Facts, Keymap, Msg};
use fluxdeck::cluster::WatchEvent;
use fluxdeck::commands::COMMANDS;
use fluxdeck::kinds;
use fluxdeck::model::{Connection, Env, Environment, Row, RowKey};
use fluxdeck::repo::{Loader, template};
use fluxdeck::secret::Secret;
use fluxdeck::sops::{Format, Identities, SopsFile};
use fluxdeck::theme::{Depth, Theme};
use fluxdeck::views::home::Home;
use fluxdeck::views::list::List;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// How long each is repeated.
const REPEAT: Duration = Duration::from_secs(2);

/// Repeats work and prints its best and its middle time; the best is what the machine can, the middle what it does.
fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < REPEAT || times.len() < 5 {
        let started = Instant::now();
        black_box(work());
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let (best, middle) =
        (times.first().copied().unwrap_or_default(), times.get(times.len() / 2).copied().unwrap_or_default());
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:<58} {:>9.3} ms {:>9.3} ms {:>7}", milliseconds(best), milliseconds(middle), times.len());
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git").current_dir(folder).args(arguments).status().expect("git runs");
    assert!(status.success(), "git {arguments:?}");
}

/// A pod as an API server sends it, in the size that pods have.
fn pod(number: usize) -> Vec<u8> {
    let pod = serde_json::json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "default", "name": format!("worker-{number:05}"), "uid": format!("uid-{number}"),
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "worker", "pod-template-hash": "5d4f8c7b9"},
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {"f:conditions": {}}}}]},
        "spec": {"nodeName": "node-1", "containers": [{"name": "worker", "image": "registry.example/worker:1.2.3",
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}]},
        "status": {"phase": "Running", "podIP": "10.42.0.17", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "worker", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:03Z"}}}]},
    });
    serde_json::to_vec(&pod).expect("JSON")
}

/// A cockpit whose list of pods has so many rows.
fn cockpit(count: usize) -> (App, Terminal<TestBackend>) {
    let kind = kinds::find("Pod").expect("pods");
    let environment = Environment {
        env: Env(0),
        name: "staging".to_owned(),
        context: Some("staging".to_owned()),
        protected: false,
        protected_by: None,
        path: None,
        recipients: Vec::new(),
        colour: None,
    };
    let theme = Theme::load("terminal", Depth::Ansi, true).expect("the theme");
    let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).expect("the keys");
    let mut app = App::new(Facts::new(jiff::Timestamp::UNIX_EPOCH), theme, keymap, COMMANDS, Box::new(Home::new()));
    app.start_with(Box::new(List::new(Env(0), "Pod")));
    let effects = app.update(Msg::Environments(vec![environment], vec![None]));
    let generation = effects.iter().find_map(|effect| match effect {
        Effect::Watch { kind: watched, generation, .. } if watched.kind == kind.kind => Some(*generation),
        _ => None,
    });
    let like = (kind.decode)(&pod(0)).expect("a pod");
    let named = |number: usize| Row {
        key: RowKey { namespace: "default".into(), name: format!("worker-{number:06}").into() },
        ..like.clone()
    };
    let generation = generation.expect("pods are watched");
    for change in [WatchEvent::Rows((0..count).map(named).collect()), WatchEvent::Link(Connection::Live)] {
        app.update(Msg::Watched { env: Env(0), kind, generation, change, pending: None });
    }
    (app, Terminal::new(TestBackend::new(180, 50)).expect("a terminal"))
}

/// Presses keys as the loop does: each changes the state, and is drawn.
fn press(app: &mut App, terminal: &mut Terminal<TestBackend>, keys: &str) {
    for key in fluxdeck::app::key::parse_keys(keys).expect("keys") {
        black_box(app.update(Msg::Key(key)));
        terminal.draw(|frame| app.render(frame)).expect("a frame");
    }
}

/// Measures what one key costs, in lists of several lengths that are shown in several ways.
fn keys() {
    for count in [100, 10_000, 100_000] {
        for (how, before) in [("by name", ""), ("by restarts", "oooooo"), ("found by name", "/worker<enter>")] {
            let (mut app, mut terminal) = cockpit(count);
            press(&mut app, &mut terminal, before);
            press(&mut app, &mut terminal, "jk");
            measure(&format!("ten keys in a list of {count} pods {how}"), || {
                press(&mut app, &mut terminal, "jjkjjkjkkk");
            });
        }
    }
}

fn main() {
    println!("{:<58} {:>12} {:>12} {:>7}", "", "best", "middle", "runs");
    keys();
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("homelab");
    template::write_into(&root).expect("the template");
    git(&root, &["init", "--quiet"]);
    git(&root, &["add", "."]);
    let author = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"];
    git(&root, &[&author[..], &["commit", "--quiet", "-m", "a homelab"]].concat());
    measure("the repository found (git asked)", || Loader::open(&root));
    measure("the template's tree listed, for the first frame", || Loader::open(&root).list());
    measure("the template at a glance, for the first links", || Loader::open(&root).glance());
    measure("the template read in full", || Loader::open(&root).load());
    let mut loader = Loader::open(&root);
    loader.load();
    measure("the template read again, nothing changed", || loader.load());

    let pods: Vec<Vec<u8>> = (0..10_000).map(pod).collect();
    let kind = kinds::find("Pod").expect("pods");
    measure("10,000 pods decoded into rows", || {
        pods.iter().filter_map(|bytes| (kind.decode)(bytes).ok()).collect::<Vec<_>>()
    });

    let (name, key) = template::KEYS.first().expect("a throwaway key");
    let secret = root.join(format!("apps/{name}/linkding/linkding-container-env-secret.yaml"));
    let text = std::fs::read_to_string(&secret).expect("an encrypted file of the template");
    let identities = Identities::from_text(&Secret::new(*key)).expect("the throwaway key");
    measure("a secret of the template decrypted and its MAC verified", || {
        SopsFile::parse(Format::Yaml, text.as_str()).expect("a SOPS file").decrypt(&identities).expect("its values")
    });
}
