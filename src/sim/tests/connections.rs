//! Exec and port-forward through kube's own client.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use super::{get, start};
use crate::cluster::Cluster;
use crate::cluster::exec::{ExecRequest, Streams};
use crate::cluster::verbs::Forward;
use crate::model::permit::grant;
use crate::sim::json::text;

async fn pod(cluster: &Cluster) -> String {
    let pods = get(cluster, "/api/v1/namespaces/linkding/pods").await;
    text(&pods, "/items/0/metadata/name").to_owned()
}

async fn connect(cluster: &Cluster, path: &str) -> Result<kube::client::Connection, kube::Error> {
    cluster.client().connect(http::Request::get(path).body(Vec::new()).unwrap()).await
}

/// Reads until the server closes, each channel's text.
async fn rest(
    stream: &mut (impl futures::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
) -> Vec<(u8, String)> {
    let mut all: Vec<(u8, String)> = Vec::new();
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Binary(bytes) = message {
            let said = String::from_utf8_lossy(&bytes[1..]).into_owned();
            match all.last_mut() {
                Some((channel, text)) if *channel == bytes[0] => text.push_str(&said),
                _ => all.push((bytes[0], said)),
            }
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_command_answers_on_its_channels_and_tells_how_it_ended() {
    let (_simulation, staging, _) = start("healthy");
    let pod = pod(&staging).await;
    let exec = format!("/api/v1/namespaces/linkding/pods/{pod}/exec?stdout=true&stderr=true");
    let said =
        rest(&mut connect(&staging, &format!("{exec}&command=echo&command=a+b")).await.unwrap().into_stream()).await;
    assert_eq!(said, [(1, "a b\n".to_owned()), (3, r#"{"metadata":{},"status":"Success"}"#.to_owned())]);
    let missing = rest(&mut connect(&staging, &format!("{exec}&command=nonsense")).await.unwrap().into_stream()).await;
    let status: Value = serde_json::from_str(&missing[0].1).unwrap();
    assert!(text(&status, "/message").contains("exec: \"nonsense\": executable file not found in $PATH"));
    let gone = connect(&staging, "/api/v1/namespaces/linkding/pods/gone/exec?command=sh").await.err().unwrap();
    assert!(
        matches!(gone, kube::Error::Api(status) if status.code == 404 && status.message == "pods \"gone\" not found")
    );
}

#[tokio::test(start_paused = true)]
async fn a_shell_echoes_runs_lines_and_ends_with_its_exit_code() {
    let (_simulation, staging, _) = start("healthy");
    let pod = pod(&staging).await;
    let path = format!("/api/v1/namespaces/linkding/pods/{pod}/exec?stdin=true&stdout=true&tty=true&command=sh");
    let connection = connect(&staging, &path).await.unwrap();
    assert!(connection.supports_stream_close());
    let mut stream = connection.into_stream();
    stream.send(Message::Binary(b"\0hostname\rnope\rexit 3\r".to_vec().into())).await.unwrap();
    let said = rest(&mut stream).await;
    let expected = format!("/ # hostname\r\n{pod}\r\n/ # nope\r\nsh: nope: not found\r\n/ # exit 3\r\n");
    assert_eq!(said[0], (1, expected));
    let status: Value = serde_json::from_str(&said[1].1).unwrap();
    assert_eq!(text(&status, "/reason"), "NonZeroExitCode");
    assert_eq!(text(&status, "/details/causes/0/message"), "3");
}

#[tokio::test(start_paused = true)]
async fn a_forwarded_port_answers_http_and_a_closed_one_says_so() {
    let (_simulation, staging, _) = start("healthy");
    let pod = pod(&staging).await;
    let path = format!("/api/v1/namespaces/linkding/pods/{pod}/portforward?ports=");
    let mut stream = connect(&staging, &format!("{path}9090")).await.unwrap().into_stream();
    for channel in [0, 1] {
        let Message::Binary(first) = stream.next().await.unwrap().unwrap() else { panic!("no port") };
        assert_eq!(first.as_ref(), [channel, 0x82, 0x23]);
    }
    stream.send(Message::Binary(b"\0GET /health HTTP/1.1\r\nHost: x\r\n\r\n".to_vec().into())).await.unwrap();
    let Message::Binary(page) = stream.next().await.unwrap().unwrap() else { panic!("no page") };
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(page.contains("200 OK") && page.ends_with(&format!("{pod} answers GET /health HTTP/1.1\n")), "{page}");
    let refused = rest(&mut connect(&staging, &format!("{path}1")).await.unwrap().into_stream()).await;
    assert!(refused.iter().any(|(channel, text)| *channel == 1 && text.contains("connection refused")), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_given_time_and_replaced_and_a_deleted_kustomization_prunes() {
    let (simulation, staging, _) = start("healthy");
    let name = pod(&staging).await;
    let delete = |path: &str| http::Request::delete(path.to_owned()).body(Vec::new()).unwrap();
    let path = format!("/api/v1/namespaces/linkding/pods/{name}");
    let last: Value = staging.client().request(delete(&path)).await.unwrap();
    assert_eq!(last["metadata"]["deletionGracePeriodSeconds"], 30);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let new = pod(&staging).await;
    assert_ne!(new, name);
    let _: Value = staging.client().request(delete(&super::kustomization("apps"))).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(simulation.object("staging", &super::kustomization_ref("apps")).is_none());
    let pods = get(&staging, "/api/v1/namespaces/linkding/pods").await;
    assert!(super::super::json::list(&pods, "/items").is_empty(), "what it applied is pruned");
}

fn order(command: &[&str]) -> ExecRequest {
    ExecRequest { container: None, command: command.iter().map(|word| (*word).to_owned()).collect(), terminal: false }
}

/// Runs a command as the cockpit does, without a terminal; returns its output, its error output, and its result.
async fn run(
    cluster: &Cluster,
    object: &str,
    order: &ExecRequest,
) -> Result<(String, String, i32), crate::model::Fault> {
    let session = cluster.exec(&object.parse().unwrap(), order, &grant()).await?;
    let (_typed, input) = tokio::sync::mpsc::channel(1);
    let (output, mut said) = tokio::sync::mpsc::channel(64);
    let (errors, mut complained) = tokio::sync::mpsc::channel(64);
    let (_sized, size) = tokio::sync::watch::channel((80, 24));
    let code = session.talk(Streams { input, output, errors, size }).await?;
    let mut texts = [Vec::new(), Vec::new()];
    for (text, stream) in texts.iter_mut().zip([&mut said, &mut complained]) {
        while let Some(piece) = stream.recv().await {
            text.extend(piece);
        }
    }
    let [said, complained] = texts.map(|bytes| String::from_utf8(bytes).unwrap());
    Ok((said, complained, code))
}

#[tokio::test(start_paused = true)]
async fn the_cockpit_runs_a_command_in_a_pod_or_behind_a_workload() {
    let (_simulation, staging, _) = start("healthy");
    let name = pod(&staging).await;
    let ended = run(&staging, "Deployment.apps/linkding/linkding", &order(&["hostname"])).await.unwrap();
    assert_eq!(ended, (format!("{name}\n"), String::new(), 0));
    let pod = format!("Pod/linkding/{name}");
    let (_, complained, code) = run(&staging, &pod, &order(&["sh", "-c", "nope"])).await.unwrap();
    assert_eq!((complained.as_str(), code), ("sh: nope: not found\n", 127));
    let missing = run(&staging, &pod, &order(&["nonsense"])).await.unwrap_err();
    assert!(missing.todo.contains("kubectl debug"), "{missing}");
    let strange = ExecRequest { container: Some("db".to_owned()), ..order(&["true"]) };
    assert!(run(&staging, &pod, &strange).await.unwrap_err().why.starts_with("it has no container db, only "));
}

/// Uses real sockets, and so real time.
#[tokio::test]
async fn a_port_behind_a_service_is_reached_on_loopback_until_it_is_stopped() {
    let (_simulation, staging, _) = start("healthy");
    let verb = Forward { local: None, remote: None, via: "maria@jump".to_owned() };
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let object = "Service/linkding/linkding".parse().unwrap();
    let clock = super::clock();
    let mut steps = move |step: crate::model::Step| drop(tell.send(step));
    let permit = grant();
    let forward = crate::cluster::verbs::perform(&staging, &verb, &object, &clock, &mut steps, &permit);
    let asked = async {
        let here = loop {
            let step = told.recv().await.unwrap();
            if step.step == "here" {
                break step.message;
            }
        };
        let port: u16 = here.split([':', ' ']).nth(1).unwrap().parse().unwrap();
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            socket.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut page = [0; 4096];
            let count = socket.read(&mut page).await.unwrap();
            answers.push(String::from_utf8_lossy(&page[..count]).into_owned());
        }
        (port, answers)
    };
    let (port, answers) = tokio::select! {
        outcome = forward => panic!("it ended by itself: {outcome:?}"),
        asked = asked => asked,
    };
    assert!(answers.iter().all(|answer| answer.contains("200 OK")), "{answers:?}");
    let told: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).map(|step| step.message).collect();
    let way = format!("ssh -L {port}:127.0.0.1:{port} maria@jump");
    assert!(told.iter().any(|message| message.contains(&way) && message.contains("of 2 connections")), "{told:?}");
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err(), "dropping it closes the port");
}
