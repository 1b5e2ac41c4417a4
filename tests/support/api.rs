//! A stand-in for an API server: plain HTTP on 127.0.0.1, which answers as a test tells it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What a server answers to a request, told as method and address, and in the next line the body.
#[derive(Clone)]
pub(crate) enum Answer {
    /// An object, with status 200.
    Object(Value),
    /// What is written out, with status 200.
    Text(String),
    /// An error of the API server: its code and its words.
    Error(u16, String),
    /// Changes in a watch, which stays open after them.
    Changes(Vec<Value>),
    /// A good answer that never ends, made of this.
    Endless(&'static str),
    /// An answer that points to another address.
    Elsewhere(String),
    /// The connection ends without a word.
    Nothing,
}

/// What a test says to a request; `None` answers as a server does on which Flux has one Kustomization, `apps`.
type Say = dyn Fn(&str) -> Option<Answer> + Send + Sync;

/// What the threads of a server share.
struct Shared {
    say: Mutex<Box<Say>>,
    ahead: SignedDuration,
    asked: Mutex<Vec<String>>,
    open: Mutex<Vec<TcpStream>>,
}

/// A server that runs until the test ends.
pub(crate) struct Api {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Api {
    /// Starts a server whose clock is ahead of ours by as much as told.
    pub(crate) fn ahead(ahead: SignedDuration, say: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let say: Box<Say> = Box::new(say);
        let (asked, open) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { say: Mutex::new(say), ahead, asked, open });
        let server = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = Arc::clone(&server);
                server.open.lock().expect("the streams").push(stream.try_clone().expect("a second handle"));
                std::thread::spawn(move || serve(&stream, &server));
            }
        });
        Self { address, shared }
    }

    /// Starts one at the right time that answers as told.
    pub(crate) fn new(say: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::ahead(SignedDuration::ZERO, say)
    }

    /// Starts one that answers as it should.
    pub(crate) fn healthy() -> Self {
        Self::new(|_| None)
    }

    /// Answers otherwise from now on.
    pub(crate) fn says(&self, say: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) {
        *self.shared.say.lock().expect("the answers") = Box::new(say);
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its address as a kubeconfig has it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Counts the requests so far that begin with a method and hold a part of an address.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        let asked = self.shared.asked.lock().expect("the requests");
        asked.iter().filter(|request| request.starts_with(method) && request.contains(part)).count()
    }

    /// Ends every connection, as a server does that is restarted.
    pub(crate) fn drops_connections(&self) {
        for stream in self.shared.open.lock().expect("the streams").drain(..) {
            // It may have ended by itself.
            let _ended = stream.shutdown(Shutdown::Both);
        }
    }
}

/// What comes before the places of the environments on a server.
pub(crate) const PLACE: &str = "/clusters/";

/// Answers the requests of a connection, one after the other.
fn serve(stream: &TcpStream, server: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = request(&mut reader) {
        server.asked.lock().expect("the requests").push(request.clone());
        let told = server.say.lock().expect("the answers")(&request);
        let now = Timestamp::now() + server.ahead;
        let answer = told.unwrap_or_else(|| usual(&request, now));
        if write(stream, &answer, now).is_err() {
            // A thread that keeps a handle would keep the connection open.
            let _ended = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Reads a request to its end: its method and address, and in the next line its body.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|read| *read > 0)?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if header.trim().is_empty() {
            break;
        }
    }
    let mut body = String::new();
    reader.by_ref().take(length).read_to_string(&mut body).ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1");
    // Which environment's place it is makes no difference to what is answered.
    let line = match line.split_once(PLACE) {
        Some((method, rest)) if method.ends_with(' ') => {
            format!("{method}/{}", rest.split_once('/').map_or("", |(_, address)| address))
        }
        _ => line.to_owned(),
    };
    Some(format!("{line}\n{body}"))
}

fn write(mut stream: &TcpStream, answer: &Answer, now: Timestamp) -> std::io::Result<()> {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let head = |code: u16| format!("HTTP/1.1 {code} X\r\ndate: {date}\r\ncontent-type: application/json\r\n");
    let whole = |code, body: String| format!("{}content-length: {}\r\n\r\n{body}", head(code), body.len());
    let text = match answer {
        Answer::Object(object) => whole(200, object.to_string()),
        Answer::Text(text) => whole(200, text.clone()),
        Answer::Error(code, message) => {
            let body =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message});
            whole(*code, body.to_string())
        }
        Answer::Changes(changes) => {
            let line = |change: &Value| format!("{change}\n");
            let chunk = |line: String| format!("{:x}\r\n{line}\r\n", line.len());
            let chunks: String = changes.iter().map(line).map(chunk).collect();
            format!("{}transfer-encoding: chunked\r\n\r\n{chunks}", head(200))
        }
        Answer::Endless(piece) => {
            stream.write_all(format!("{}transfer-encoding: chunked\r\n\r\n", head(200)).as_bytes())?;
            let piece = piece.repeat(65_536 / piece.len());
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            loop {
                stream.write_all(chunk.as_bytes())?;
            }
        }
        Answer::Elsewhere(to) => format!("{}location: {to}\r\ncontent-length: 0\r\n\r\n", head(302)),
        Answer::Nothing => return Err(std::io::ErrorKind::ConnectionAborted.into()),
    };
    stream.write_all(text.as_bytes())
}

/// Answers an error of the API server.
pub(crate) fn error(code: u16, message: &str) -> Answer {
    Answer::Error(code, message.to_owned())
}

/// Answers a change in a watch.
pub(crate) fn change(word: &str, object: &Value) -> Answer {
    Answer::Changes(vec![json!({"type": word, "object": object})])
}

/// The Kustomization that every server has: ready since three minutes and some seconds (rounding must not make it two) by its clock; `handled` is the last request that it has answered.
pub(crate) fn apps(now: Timestamp, handled: &str) -> Value {
    let since = (now - SignedDuration::from_secs(190)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let revision = "main@sha1:0123456789abcdef0123456789abcdef01234567";
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system", "uid": "1", "resourceVersion": "1", "generation": 1,
                     "creationTimestamp": since},
        "spec": {"interval": "10m", "path": "./apps", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
        "status": {
            "observedGeneration": 1, "lastAppliedRevision": revision, "lastHandledReconcileAt": handled,
            "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded",
                            "message": format!("Applied revision: {revision}"), "lastTransitionTime": since,
                            "observedGeneration": 1}],
        },
    })
}

/// What a server in order answers.
fn usual(request: &str, now: Timestamp) -> Answer {
    if request.contains("watch=") {
        return Answer::Changes(Vec::new());
    }
    let group = "kustomize.toolkit.fluxcd.io";
    let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
    let served = json!({"name": group, "versions": [version], "preferredVersion": version});
    let kustomizations = json!({
        "name": "kustomizations", "singularName": "kustomization", "namespaced": true, "kind": "Kustomization",
        "verbs": ["get", "list", "patch", "watch"], "shortNames": ["ks"],
    });
    let resources = |of: Vec<Value>| json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": of});
    let address = request.split([' ', '\n']).nth(1).unwrap_or_default();
    Answer::Object(match address.split('?').next().unwrap_or_default() {
        "/api/v1" => resources(Vec::new()),
        "/apis" => json!({"kind": "APIGroupList", "groups": [served]}),
        "/apis/kustomize.toolkit.fluxcd.io" => served,
        "/apis/kustomize.toolkit.fluxcd.io/v1" => resources(vec![kustomizations]),
        path if path.ends_with("/kustomizations/apps") => apps(now, ""),
        path => {
            let items = if path.ends_with("/kustomizations") { vec![apps(now, "")] } else { Vec::new() };
            json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
        }
    })
}
