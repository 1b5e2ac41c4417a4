//! From the reconcile key to the PATCH on the wire: `kubectl proxy` speaks TLS with the server, so that the wire before it can be read.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::support::pty::Deck;
use super::support::testbed::{Testbed, said};
use super::table::{Measured, Table, median};

const ENV: &str = "staging";
const KEYS: usize = 7;

/// A link to the API server that tells when a PATCH passes.
struct Wire {
    kubeconfig: tempfile::NamedTempFile,
    patches: Receiver<Instant>,
    proxy: Child,
}

impl Wire {
    fn before(testbed: &Testbed) -> Self {
        let mut proxy = testbed
            .program("kubectl")
            .arg("--kubeconfig")
            .arg(testbed.kubeconfig())
            .args(["--context", ENV, "proxy", "--port=0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl proxy starts");
        let mut line = String::new();
        BufReader::new(proxy.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let server: u16 = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("its port");

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        let (sender, patches) = channel();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).expect("kubectl proxy");
                let (to_client, from_server) = (client.try_clone(), server.try_clone());
                let sender = sender.clone();
                std::thread::spawn(move || carry(client, server, Some(&sender)));
                std::thread::spawn(move || carry(from_server.expect("a socket"), to_client.expect("a socket"), None));
            }
        });
        let kubeconfig = tempfile::NamedTempFile::new().expect("a kubeconfig");
        std::fs::copy(testbed.kubeconfig(), kubeconfig.path()).expect("a copy of the kubeconfig");
        let server = format!("--server=http://127.0.0.1:{port}");
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(kubeconfig.path());
        said(kubectl.args(["config", "set-cluster", ENV, &server]));
        let mut kubectl = testbed.program("kubectl");
        kubectl.arg("--kubeconfig").arg(kubeconfig.path());
        said(kubectl.args(["config", "unset", &format!("clusters.{ENV}.certificate-authority-data")]));
        Self { kubeconfig, patches, proxy }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ended = self.proxy.kill();
        let _reaped = self.proxy.wait();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, patches: Option<&Sender<Instant>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if let Some(patches) = patches
            && buffer[..count].starts_with(b"PATCH ")
        {
            let _ended = patches.send(Instant::now());
        }
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

/// Measures the key.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    table.measure("a reconcile key to the PATCH on the wire", Measured::Time(Duration::from_millis(20)), || {
        let wire = Wire::before(testbed);
        let mut deck: Deck = testbed.deck_with(wire.kubeconfig.path(), &testbed.repository()).sized(180, 50).open();
        deck.lives(&["staging"]);
        let times = (0..KEYS).map(|_| {
            deck.rest(Duration::from_millis(500));
            let pressed = deck.press("R");
            let patched = wire.patches.recv_timeout(Duration::from_secs(20)).expect("a PATCH");
            deck.sees("Reconcile Kustomization/flux-system in staging: applied");
            deck.press("<esc>");
            deck.sees_no("Reconcile Kustomization/flux-system in staging");
            patched.saturating_duration_since(pressed)
        });
        Measured::Time(median(times.collect()))
    });
}
