//! The terminal and the links that other tests rest on, tried on programs that are known.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::support::keys;
use super::support::proxy::{Link, Proxy};
use super::support::pty::{Deck, Stage};

fn shell(script: &str) -> Deck {
    Stage::new("/bin/sh").with(["-c", script]).open()
}

#[test]
fn keys_are_sent_as_a_terminal_sends_them() {
    assert_eq!(keys::bytes("jj<enter>"), b"jj\r");
    assert_eq!(keys::bytes("<ctrl-r><esc><up>"), b"\x12\x1b\x1b[A");
    assert_eq!(keys::bytes("a<lt>b>é"), "a<b>é".as_bytes());
}

#[test]
fn a_program_is_driven_by_its_screen() {
    let mut deck = shell("stty -echo; printf 'name? '; read name; printf '\\033[2J\\033[Hhello %s' \"$name\"");
    deck.sees("name?");
    let mark = deck.mark();
    let pressed = deck.press("flux<enter>");
    let seen = deck.sees_row(&["hello", "flux"]);
    deck.sees_no("name?");
    assert!(seen >= pressed && pressed > deck.started());
    assert!(deck.ends().success());
    assert_eq!(deck.written_since(mark), "\x1b[2J\x1b[Hhello flux".len());
    assert!(deck.raw().starts_with(b"name? "));
}

#[test]
fn an_escape_is_read_alone() {
    let look = "dd bs=9 count=1 status=none | od -An -c";
    let mut deck = shell(&format!("stty raw -echo; printf ready; sleep 0.1; {look}; {look}; printf done"));
    deck.sees("ready");
    deck.press("a<esc>");
    deck.press("bc");
    deck.sees("done");
    let read: String = deck.text().split_whitespace().collect();
    assert_eq!(read, "readya033bcdone");
}

#[test]
#[should_panic(expected = "before \"other\" on the screen")]
fn a_program_that_ends_too_early_fails_the_test() {
    shell("echo something").sees("other");
}

#[test]
#[should_panic(expected = "waited 50ms for")]
fn a_screen_that_never_comes_fails_the_test() {
    Stage::new("/bin/sh")
        .with(["-c", "printf waiting; read never"])
        .patient(Duration::from_millis(50))
        .open()
        .sees("other");
}

#[test]
fn the_size_and_signals_reach_the_program() {
    let mut deck =
        shell("trap 'stty size' WINCH; trap 'echo bye; exit 3' TERM; stty size; while :; do read line; done");
    deck.sees("36 120");
    deck.resize(80, 24);
    deck.sees("24 80");
    deck.signal(Signal::TERM);
    deck.sees("bye");
    assert_eq!(deck.ends().code(), Some(3));
}

#[test]
fn a_silent_program_is_measured_as_silent() {
    let mut deck = shell("printf ready; read go; printf done; read never");
    deck.sees("ready");
    assert_eq!(deck.listen(Duration::from_millis(30)), 0);
    deck.press("<enter>");
    deck.sees("done");
    assert_eq!(deck.rest(Duration::from_millis(30)), 0);
    assert!(deck.resident() > 0);
}

#[test]
fn a_program_knows_nothing_of_this_machine() {
    let mut deck = Stage::new("/usr/bin/env").knowing("KUBECONFIG", "/nowhere").open();
    assert!(deck.ends().success());
    let text = deck.text();
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "KUBECONFIG", "LANG", "PATH", "TERM"]);
}

/// Answers each line with the same line, for as many connections as come.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                    stream.write_all(format!("{line}\n").as_bytes()).unwrap();
                }
            });
        }
    });
    address
}

fn dial(proxy: &Proxy) -> std::io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
}

fn ask(stream: &mut TcpStream) -> std::io::Result<Duration> {
    let asked = Instant::now();
    stream.write_all(b"a\n")?;
    stream.read_exact(&mut [0; 2])?;
    Ok(asked.elapsed())
}

#[test]
fn a_slow_link_delays_each_way() {
    let proxy = Proxy::to(echo_server(), Link::Up);
    let mut stream = dial(&proxy).unwrap();
    ask(&mut stream).unwrap();
    proxy.becomes(Link::Slow(Duration::from_millis(30)));
    assert!(ask(&mut stream).unwrap() >= Duration::from_millis(60));
}

#[test]
fn a_hanging_link_accepts_and_says_nothing_until_it_recovers() {
    let proxy = Proxy::to(echo_server(), Link::Hanging);
    let mut stream = dial(&proxy).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = ask(&mut stream).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    proxy.becomes(Link::Up);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.read_exact(&mut [0; 2]).unwrap();
}

#[test]
fn a_refused_link_ends_what_was_open_and_comes_back_on_its_port() {
    let proxy = Proxy::to(echo_server(), Link::Up);
    let mut stream = dial(&proxy).unwrap();
    ask(&mut stream).unwrap();
    proxy.becomes(Link::Refused);
    assert!(matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_)), "the open connection ends");
    while dial(&proxy).is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(dial(&proxy).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    proxy.becomes(Link::Up);
    let mut again = loop {
        match dial(&proxy) {
            Ok(stream) => break stream,
            Err(_) => std::thread::yield_now(),
        }
    };
    ask(&mut again).unwrap();
}
