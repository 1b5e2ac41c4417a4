//! Shells, commands and ports of containers, through a real API server and a kubelet that is kwok's.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::support::testbed::Testbed;

/// Asks source-controller's own health check, to which every port of every pod leads here.
fn health(port: u16) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the forwarded port");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("a request");
    // kwok leaves the stream open after the other end has hung up, whoever asks: the answer is over where its body is.
    let mut page = Vec::new();
    while !page.ends_with(b"\r\n\r\nok") {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).expect("an answer in time");
        assert!(count > 0, "the answer broke off: {}", String::from_utf8_lossy(&page));
        page.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(page).expect("text")
}

#[test]
fn a_shell_in_a_container_has_the_terminal() {
    let testbed = Testbed::find();
    let mut deck = testbed.deck().open();
    deck.lives(&["staging"]);
    deck.press("2p");
    deck.sees(">staging  pods");
    deck.press("/linkding-<enter>");
    deck.sees_row(&[">=", "linkding-", "1/1"]);
    deck.press("!");
    deck.sees("in staging; exit or Ctrl-D leads back");
    deck.press("echo $((6 * 7))<enter>");
    deck.sees_row(&["42"]);
    deck.press("stty size<enter>");
    deck.sees_row(&["36 120"]);
    deck.press("exit<enter>");
    deck.sees("sh has ended in linkding of Pod/linkding-");
    deck.press("q");
}

#[test]
fn a_command_writes_its_output_alone() {
    let testbed = Testbed::find();
    let run = |words: &[&str]| {
        let call = ["--env", "staging", "exec", "Deployment.apps/linkding/linkding", "--"];
        testbed.fluxdeck(call.iter().chain(words).copied().collect::<Vec<_>>())
    };
    let output = run(&["sh", "-c", "echo out; echo err >&2"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let missing = run(&["no-such-program"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("kubectl debug"), "{missing:?}");
}

#[test]
fn a_port_is_forwarded_and_refused_where_production_is_not_confirmed() {
    let testbed = Testbed::find();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut deck = testbed.deck().open();
    deck.lives(&["staging", "production"]);
    deck.press("3:pods<enter>");
    deck.sees_row(&[">", "production", "pods"]);
    deck.press("/linkding-<enter>");
    deck.sees_row(&[">=", "linkding-", "1/1"]);
    deck.press(&format!("F{free}:9090<enter>"));
    deck.sees("Forward a port?");
    assert!(TcpStream::connect(("127.0.0.1", free)).is_err(), "nothing is open before it is confirmed");
    deck.press("y");
    deck.sees_row(&["~ Forward", "ssh -L"]);
    for _ in 0..3 {
        let page = health(free);
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    }
    deck.press("O");
    deck.sees("of 3 connections open");
    deck.press("X");
    deck.sees("the port is closed");
    assert!(TcpStream::connect(("127.0.0.1", free)).is_err());
}
