use super::decode;
use crate::model::{Row, State};

fn pod(body: &str) -> Row {
    let metadata = r#""metadata":{"name":"web","namespace":"apps","creationTimestamp":"2026-11-22T10:00:00Z"}"#;
    decode(format!("{{{metadata},{body}}}").as_bytes()).unwrap()
}

fn seen(row: &Row) -> (State, &str, &str, &str) {
    (row.state, &row.cells[0], &row.cells[1], &row.cells[2])
}

const TWO: &str = r#""spec":{"nodeName":"n1","containers":[{"name":"a"},{"name":"b"}]}"#;

#[test]
fn running_and_not_quite() {
    let ready = pod(&format!(
        r#"{TWO},"status":{{"phase":"Running","containerStatuses":[
            {{"name":"a","ready":true,"restartCount":1,"state":{{"running":{{}}}}}},
            {{"name":"b","ready":true,"restartCount":2,"state":{{"running":{{}}}}}}]}}"#
    ));
    assert_eq!(seen(&ready), (State::Ready, "2/2", "Running", "3"));
    assert_eq!(&*ready.cells[3], "n1");
    let half = pod(&format!(
        r#"{TWO},"status":{{"phase":"Running","containerStatuses":[
            {{"name":"a","ready":true,"state":{{"running":{{}}}}}},
            {{"name":"b","ready":false,"restartCount":7,"state":{{"waiting":{{"reason":"CrashLoopBackOff","message":"back-off 5m"}}}}}}]}}"#
    ));
    assert_eq!(seen(&half), (State::Failed, "1/2", "CrashLoopBackOff", "7"));
    assert_eq!(&*half.message, "b: back-off 5m");
    let creating = pod(&format!(
        r#"{TWO},"status":{{"phase":"Pending","containerStatuses":[{{"name":"a","state":{{"waiting":{{"reason":"ContainerCreating"}}}}}}]}}"#
    ));
    assert_eq!(seen(&creating), (State::Progressing, "0/2", "ContainerCreating", "0"));
}

#[test]
fn init_containers_and_sidecars() {
    let spec =
        r#""spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}]}"#;
    let first = pod(&format!(
        r#"{spec},"status":{{"phase":"Pending","initContainerStatuses":[{{"name":"i","state":{{"running":{{}}}}}}]}}"#
    ));
    assert_eq!(seen(&first), (State::Progressing, "0/2", "Init:0/2", "0"));
    let failing = pod(&format!(
        r#"{spec},"status":{{"phase":"Pending","initContainerStatuses":[
            {{"name":"i","restartCount":3,"state":{{"terminated":{{"exitCode":1,"reason":"Error"}}}}}}]}}"#
    ));
    assert_eq!(seen(&failing), (State::Failed, "0/2", "Init:Error", "3"));
    let up = pod(&format!(
        r#"{spec},"status":{{"phase":"Running","conditions":[{{"type":"Initialized","status":"True"}}],
            "initContainerStatuses":[{{"name":"i","restartCount":3,"state":{{"terminated":{{"exitCode":0}}}}}},
                {{"name":"s","ready":true,"started":true,"restartCount":1,"state":{{"running":{{}}}}}}],
            "containerStatuses":[{{"name":"a","ready":true,"state":{{"running":{{}}}}}}]}}"#
    ));
    assert_eq!(seen(&up), (State::Ready, "2/2", "Running", "1"));
}

#[test]
fn ends_of_a_pods_life() {
    let done = pod(r#""spec":{"containers":[{"name":"a"}]},"status":{"phase":"Succeeded","containerStatuses":[
            {"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}"#);
    assert_eq!(seen(&done), (State::Ready, "0/1", "Completed", "0"));
    let evicted = pod(
        r#""spec":{"containers":[{"name":"a"}]},"status":{"phase":"Failed","reason":"Evicted","message":"low on memory"}"#,
    );
    assert_eq!(seen(&evicted), (State::Failed, "0/1", "Evicted", "0"));
    assert_eq!(&*evicted.message, "low on memory");
    let going = decode(
        br#"{"metadata":{"name":"p","deletionTimestamp":"2026-11-22T10:00:00Z"},"spec":{"containers":[{"name":"a"}]},
            "status":{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]}}"#,
    )
    .unwrap();
    assert_eq!(seen(&going), (State::Progressing, "1/1", "Terminating", "0"));
    let nowhere = pod(r#""spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending","conditions":[
            {"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available"}]}"#);
    assert_eq!((nowhere.state, &*nowhere.message), (State::Waiting, "0/3 nodes are available"));
}

#[test]
fn a_pod_is_ready_by_its_condition() {
    let running = r#""containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},{"name":"b","ready":true,"state":{"running":{}}}]"#;
    let lost = pod(&format!(
        r#"{TWO},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"False"}}],{running}}}"#
    ));
    assert_eq!(seen(&lost), (State::Progressing, "2/2", "Running", "0"));
    assert_eq!(&*lost.message, "its containers were ready, and it is not: does node n1 answer?");
    let ready = pod(&format!(
        r#"{TWO},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True"}}],{running}}}"#
    ));
    assert_eq!(ready.state, State::Ready);
}

#[test]
fn a_crash_loop_tells_how_it_ended() {
    let row = pod(&format!(
        r#"{TWO},"status":{{"phase":"Running","containerStatuses":[{{"name":"b","restartCount":7,
            "state":{{"waiting":{{"reason":"CrashLoopBackOff","message":"back-off 5m"}}}},
            "lastState":{{"terminated":{{"exitCode":137,"reason":"OOMKilled","finishedAt":"2026-11-22T10:03:12Z"}}}}}}]}}"#
    ));
    assert_eq!(&*row.message, "b: ended with exit code 137 (OOMKilled) at 10:03:12Z");
}
