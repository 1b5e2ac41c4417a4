use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{connect, connect_with};
use crate::cluster::Kubeconfig;
use crate::model::{Clock, Env, Exposure, FaultKind};

/// Serves one answer to every request, and keeps the requests' heads.
async fn server(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    kept.lock().unwrap().push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (port, heads)
}

fn kubeconfig(folder: &tempfile::TempDir, port: u16, user: &str, cluster: &str) -> PathBuf {
    let path = folder.path().join("kubeconfig");
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}/behind/a/path'{cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\ncontexts: [{{name: staging, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

const REVIEW: &str = "HTTP/1.1 201 Created\r\ncontent-length: 43\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\r\n\
                      {\"status\":{\"userInfo\":{\"username\":\"jane\"}}}";

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_told_and_not_sent() {
    let (port, heads) = server(REVIEW).await;
    let folder = tempfile::tempdir().unwrap();
    let lines = folder.path().join("lines");
    std::fs::write(&lines, "to\nken\n").unwrap();
    let plugin = folder.path().join("plugin");
    std::fs::write(
        &plugin,
        "#!/bin/sh\nprintf '%s' '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \
         \"status\": {\"token\": \"to\\nken\"}}'\n",
    )
    .unwrap();
    std::fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for user in [
        "token: \"t0ken\\n\"".to_owned(),
        "token: \"t0ken\\nX-Other: 1\"".to_owned(),
        format!("tokenFile: '{}'", lines.display()),
        format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: '{}'}}",
            plugin.display()
        ),
    ] {
        let path = kubeconfig(&folder, port, &user, "");
        let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
        let fault = cluster.user().await.unwrap_err();
        assert!(fault.why.contains("line break or another control character"), "{user}: {fault}");
        assert!(!format!("{fault:?}").contains("ken\\n"), "{fault:?}");
    }
    assert!(heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn after_a_refusal_the_credentials_are_read_anew_and_for_the_same_server_alone() {
    const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 8192];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    let head = String::from_utf8_lossy(&buffer[..length]).to_lowercase();
                    let answer = if head.contains("authorization: bearer new") { REVIEW } else { REFUSED };
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, port, "token: old", "");
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    for _ in 0..2 {
        assert!(cluster.user().await.unwrap_err().why.contains("does not accept the credentials"));
    }
    kubeconfig(&folder, port, "token: new", "");
    assert_eq!(cluster.user().await.unwrap(), "jane");

    // Another server under the same name gets nothing, and what cannot be read changes nothing.
    let (other, heads) = server(REVIEW).await;
    let path = kubeconfig(&folder, port, "token: old", "");
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    assert!(cluster.user().await.is_err());
    kubeconfig(&folder, other, "token: new", "");
    assert!(cluster.user().await.is_err());
    std::fs::write(&path, "users: [").unwrap();
    assert!(cluster.user().await.is_err());
    assert!(heads.lock().unwrap().is_empty());
    kubeconfig(&folder, port, "token: new", "");
    assert_eq!(cluster.user().await.unwrap(), "jane");
}

#[tokio::test]
async fn requests_carry_who_we_are_and_answers_tell_the_time() {
    let (port, heads) = server(REVIEW).await;
    let folder = tempfile::tempdir().unwrap();
    let path = kubeconfig(&folder, port, "token: t0ken, as: jane, as-groups: [ops]", "");
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    assert!(heads.lock().unwrap().is_empty(), "nothing is asked before something is wanted");
    assert_eq!(cluster.user().await.unwrap(), "jane");
    assert_eq!(cluster.user().await.unwrap(), "jane");
    let heads = heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1, "asked once");
    let head = heads[0].to_lowercase();
    for line in [
        "post /behind/a/path/apis/authentication.k8s.io/v1/selfsubjectreviews http/1.1",
        concat!("user-agent: fluxdeck/", env!("CARGO_PKG_VERSION")),
        "authorization: bearer t0ken",
        "impersonate-user: jane",
        "impersonate-group: ops",
    ] {
        assert!(head.contains(line), "{line}\n{head}");
    }
    let told: jiff::Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let off = cluster.server_now(&Clock::system()).duration_since(told);
    assert!(off.abs().as_secs() < 60, "{off}");
}

#[tokio::test]
async fn a_proxy_is_asked_to_connect() {
    let (port, heads) = server("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    let folder = tempfile::tempdir().unwrap();
    let proxy = format!(", proxy-url: 'http://me:pass@127.0.0.1:{port}'");
    let path = kubeconfig(&folder, 1, "token: t", &proxy);
    let text = std::fs::read_to_string(&path).unwrap().replace("http://127.0.0.1:1/", "https://127.0.0.1:1/");
    std::fs::write(&path, text).unwrap();
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    let fault = cluster.user().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("CONNECT 127.0.0.1:1 HTTP/1.1") && head.contains("Basic bWU6cGFzcw=="), "{head}");
    assert!(!fault.to_string().contains("pass@"), "{fault}");
}

#[tokio::test]
async fn a_proxy_before_a_server_without_tls_is_given_the_whole_address() {
    let (port, heads) = server(REVIEW).await;
    let folder = tempfile::tempdir().unwrap();
    let proxy = format!(", proxy-url: 'http://me:pass@127.0.0.1:{port}'");
    let path = kubeconfig(&folder, 1, "token: t", &proxy);
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    assert_eq!(cluster.user().await.unwrap(), "jane");
    let head = heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("POST http://127.0.0.1:1/behind/a/path/apis/"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic bwu6cgfzcw=="), "{head}");
}

#[tokio::test]
async fn a_plug_in_that_is_refused_runs_again() {
    let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 26\r\n\r\n{\"message\":\"Unauthorized\"}";
    let (port, heads) = server(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let script = format!(
        "echo run >> {}; echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"fresh\"}}}}'",
        count.display()
    );
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [-c, {script:?}]}}"
    );
    let path = kubeconfig(&folder, port, &user, "");
    let cluster = connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap();
    assert!(!count.exists(), "the plug-in does not run before something is wanted");
    let fault = cluster.user().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.why.contains("does not accept the credentials (Unauthorized)"), "{fault}");
    cluster.user().await.unwrap_err();
    assert_eq!(std::fs::read_to_string(&count).unwrap().lines().count(), 2);
    assert!(heads.lock().unwrap()[1].to_lowercase().contains("authorization: bearer fresh"));
}

#[tokio::test]
async fn a_user_without_a_password_logs_in_by_his_name() {
    for (user, header) in [
        ("username: me", "authorization: basic bwu6"),
        ("username: me, password: pw", "authorization: basic bwu6chc="),
        ("username: '', token: t", "authorization: bearer t"),
    ] {
        let (port, heads) = server(REVIEW).await;
        let folder = tempfile::tempdir().unwrap();
        let config = Kubeconfig::read(&[kubeconfig(&folder, port, user, "")]).unwrap().config_for("staging").unwrap();
        connect_with(Env(0), "staging", config).user().await.unwrap();
        let head = heads.lock().unwrap()[0].to_lowercase();
        assert!(head.contains(&format!("{header}\r\n")), "{user}: {head}");
    }
}

#[tokio::test]
async fn a_refused_connection_says_where_and_what_to_do() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let config = Kubeconfig::read(&[kubeconfig(&folder, port, "token: t", "")]).unwrap().config_for("staging").unwrap();
    let fault = connect_with(Env(0), "staging", config).user().await.unwrap_err();
    assert_eq!(fault.what, "cannot ask who we are in staging");
    assert!(fault.why.starts_with(&format!("no connection to 127.0.0.1:{port}: ")), "{fault}");
    assert!(fault.why.contains("Connection refused") && fault.todo.contains("is the cluster up"), "{fault:?}");
}

#[tokio::test]
async fn a_way_that_is_not_safe_is_known_before_anything_is_sent() {
    let exposure = |server: &str, more: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: '{server}'{more}}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n\
             contexts: [{{name: staging, context: {{cluster: c, user: u}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        connect(Env(0), "staging", &Kubeconfig::load(Some(&path)).unwrap(), "staging").unwrap().exposure()
    };
    let skip = ", insecure-skip-tls-verify: true";
    assert_eq!(exposure("https://10.0.0.1:6443", ""), None);
    assert_eq!(exposure("https://10.0.0.1:6443", skip), Some(Exposure::Unverified));
    assert_eq!(exposure("https://127.0.0.1:6443", skip), Some(Exposure::Unverified), "a tunnel may lead anywhere");
    assert_eq!(exposure("http://10.0.0.1:8001", ""), Some(Exposure::Unencrypted));
    for here in ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"] {
        assert_eq!(exposure(here, ""), None, "{here}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn clients_are_made_here_and_in_the_simulation_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let inside = file.strip_prefix(&root).unwrap();
        // These files are compiled for tests only.
        let testing = inside.ends_with("tests.rs") || inside.ends_with("testing.rs");
        if testing || inside == Path::new("cluster/connect.rs") || inside.starts_with("sim") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests may put their own services behind a client.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in ["kube::Client::new", "Client::try_from", "Client::try_default"] {
            assert!(!code.contains(word), "{} uses {word}: connect through cluster::connect", inside.display());
        }
    }
}
