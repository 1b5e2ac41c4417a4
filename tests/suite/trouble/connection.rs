//! The cluster cannot be reached, or does not take who we are.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use super::super::support::api::{Api, error};
use super::super::support::proxy::{Link, Proxy};
use super::super::support::workspace::Workspace;

#[test]
fn a_refused_cluster_says_so_and_comes_back() {
    let api = Api::healthy();
    let proxy = Proxy::to(api.address(), Link::Refused);
    let workspace = Workspace::new();
    workspace.reaches(&format!("http://127.0.0.1:{}", proxy.port()), "token: hunter2");
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: unreachable", "production: unreachable", "PROTECTED"]);
    deck.tells("staging cannot be reached: no connection to 127.0.0.1");
    deck.tells("Connection refused");
    deck.tells("is the cluster up, and the VPN or tunnel to it open?");
    deck.tells(">? apps");
    deck.press("R");
    deck.tells("cannot look up Kustomization in staging: no connection to 127.0.0.1");
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert_eq!(code, 4);
    assert!(out.contains("Connection refused"), "{out}");
    proxy.becomes(Link::Up);
    deck.sees_row(&["staging: healthy", "production: healthy"]);
    deck.sees_no("cannot be reached");
}

#[test]
fn a_hanging_cluster_says_so_and_keys_are_answered_meanwhile() {
    let api = Api::healthy();
    let proxy = Proxy::to(api.address(), Link::Hanging);
    let workspace = Workspace::new();
    workspace.reaches(&format!("http://127.0.0.1:{}", proxy.port()), "token: hunter2");
    let mut deck = workspace.stage().patient(Duration::from_secs(40)).open();
    deck.sees_row(&["staging: connecting", "production: connecting"]);
    deck.press("1j");
    deck.sees_row(&[">", "settings.yaml"]);
    deck.tells("does not answer (waited 10 s)");
    deck.tells("is the cluster up, and the VPN or tunnel to it open?");
    deck.sees_row(&["staging: unreachable", "production: unreachable"]);
    proxy.becomes(Link::Up);
    deck.sees_row(&["staging: healthy", "production: healthy"]);
}

#[test]
fn a_certificate_that_nobody_looks_at_is_told_wherever_the_environment_is() {
    let workspace = Workspace::new();
    let cluster = "https://127.0.0.1:1', insecure-skip-tls-verify: true, tls-server-name: 'x";
    workspace.reaches(cluster, "token: hunter2");
    let (_, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(out.contains("staging: TLS not verified: anyone who answers"), "{out}");
    let (_, out, _) = workspace.run(["info"]);
    assert!(out.contains("env.staging.connection") && out.contains("TLS not verified"), "{out}");
    let (_, out, _) = workspace.run(["envs"]);
    assert!(out.contains("TLS not verified"), "{out}");
    let (_, out, _) = workspace.run(["-o", "json", "envs"]);
    assert_eq!(out.matches("\"exposed\": \"TLS not verified\"").count(), 2, "{out}");
    let mut deck = workspace.stage().open();
    deck.sees("production  TLS not verified");
}

#[test]
fn a_server_without_tls_is_told_as_that() {
    // It hangs up on whatever is not HTTP, as a server does.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || for_each_hang_up(&listener));
    let workspace = Workspace::new();
    workspace.reaches(&format!("https://127.0.0.1:{port}"), "token: hunter2");
    let mut deck = workspace.stage().open();
    deck.tells("staging cannot be reached: no connection to 127.0.0.1");
    deck.tells("does the server speak TLS at this address? compare `server` of this cluster in the kubeconfig");
}

fn for_each_hang_up(listener: &TcpListener) {
    use std::io::{Read as _, Write as _};
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let _hello = stream.read(&mut [0; 4096]);
        let _said = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    }
}

#[test]
fn an_expired_token_says_to_log_in_again() {
    let api = Api::new(|_| Some(error(401, "Unauthorized")));
    let workspace = Workspace::on(&api);
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: unreachable", "production: unreachable"]);
    deck.tells("does not accept the credentials");
    deck.tells("log in to staging again");
    deck.tells("log in to production again");
    let (code, out, complaint) = workspace.run(["status"]);
    assert_eq!(code, 4, "{complaint}");
    assert!(out.contains("log in to staging again") && !out.contains("hunter2"), "{out}");
    // Somebody logged in elsewhere: the token is taken again by itself.
    api.says(|_| None);
    deck.sees_row(&["staging: healthy", "production: healthy"]);
}

/// Names a plug-in in the kubeconfig.
fn plug_in(command: &str) -> String {
    format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: IfAvailable, command: '{command}', \
         installHint: 'get it from https://corp.example/login'}}"
    )
}

#[test]
fn a_missing_plug_in_is_told_with_its_install_hint() {
    let api = Api::healthy();
    let workspace = Workspace::new();
    workspace.reaches(&api.url(), &plug_in("corp-login"));
    let mut deck = workspace.stage().open();
    deck.tells("plug-in corp-login is not installed, or not in PATH");
    deck.tells("get it from https://corp.example/login");
    assert_eq!(api.count("GET", ""), 0, "nothing is asked without credentials");
}

#[test]
fn a_chatty_plug_in_tears_no_screen() {
    let api = Api::healthy();
    let workspace = Workspace::new();
    let login = workspace.script(
        "login",
        r#"printf '\033[2JWARNING: a new version is out\n' >&2; read -r answer
           echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'"#,
    );
    workspace.reaches(&api.url(), &plug_in(&login.to_string_lossy()));
    let mut deck = workspace.stage().open();
    deck.sees_row(&["staging: healthy", "production: healthy"]);
    assert!(!String::from_utf8_lossy(deck.raw()).contains("WARNING"));
    deck.press("q");
    deck.ends();
}

#[test]
fn a_plug_in_that_asks_is_lent_the_terminal_or_refused() {
    let api = Api::healthy();
    let workspace = Workspace::new();
    let login = workspace.script(
        "login",
        r#"printf 'Code of ABCD: ' >&2; read -r code; test "$code" = sesame || exit 1
           echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}'"#,
    );
    workspace.reaches(&api.url(), &plug_in(&login.to_string_lossy()).replace("IfAvailable", "Always"));
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(code == 4 && out.contains("needs a terminal (interactiveMode: Always)"), "{out}");
    let mut deck = workspace.stage().open();
    deck.tells("needs a terminal (interactiveMode: Always); without one it said: Code of ABCD:");
    deck.press("Z");
    // The cockpit itself shows the words of the first run: the lent terminal has nothing else.
    deck.wait_for("the lent terminal", |screen| screen.contents().trim() == "Code of ABCD:");
    deck.press("sesame<enter>");
    deck.sees("staging: healthy");
}

#[test]
fn a_failing_plug_in_is_told_in_its_last_words() {
    let api = Api::healthy();
    let workspace = Workspace::new();
    let login = workspace.script("login", r"echo trying >&2; printf '\033[31msession expired\033[0m\n\n' >&2; exit 2");
    workspace.reaches(&api.url(), &plug_in(&login.to_string_lossy()));
    let mut deck = workspace.stage().open();
    deck.tells("session expired (exit status: 2)");
    deck.tells("log in with it in a terminal (`kubectl get namespaces` runs it too)");
    let (code, out, _) = workspace.run(["status", "--env", "staging"]);
    assert!(code == 4 && out.contains(" failed: trying; session expired (exit status: 2)"), "{out}");
}
