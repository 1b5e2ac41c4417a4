//! try
use fluxdeck::{
    cluster::{Cluster, verbs},
    model::*,
};
use std::time::Duration;
#[tokio::main]
async fn main() {
    let config = kube::Config::infer().await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let cluster = Cluster::from_clients(Env(0), "vrb", client.clone(), client);
    let args: Vec<String> = std::env::args().skip(1).collect();
    let object: ObjectRef = args[1].parse().unwrap();
    let has = |f: &str| args.iter().any(|a| a == f);
    let verb = match args[0].as_str() {
        "suspend" => Verb::Suspend {
            reason: "trying".into(),
            by: "me".into(),
            until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        },
        "resume" => Verb::Resume { timeout: Duration::from_secs(90) },
        _ => Verb::Reconcile {
            with_source: has("-s"),
            force: has("-f"),
            reset: has("-r"),
            no_wait: has("-n"),
            timeout: Duration::from_secs(90),
        },
    };
    let start = std::time::Instant::now();
    let out = verbs::perform(&cluster, &verb, &object, &Clock::system(), &mut |s| {
        println!("{:6} ms {:?} {}: {}", start.elapsed().as_millis(), s.state, s.step, s.message)
    })
    .await;
    println!("{:6} ms {out:#?}", start.elapsed().as_millis());
}
