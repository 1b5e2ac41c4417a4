//! What the API server takes by itself for ten thousand pods, with curl: nothing that reads them can be faster.

use std::time::Duration;

use super::pods::ENV;
use super::support::testbed::{Testbed, said};
use super::table::{Measured, Table, median};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const RUNS: usize = 3;

/// Measures the server.
pub(crate) fn measure(testbed: &Testbed, table: &mut Table) {
    let asked = |query: &str, accept: &str| {
        let url = format!("https://{}/api/v1/pods?{query}", testbed.server(ENV));
        let seconds = || {
            let mut curl = std::process::Command::new("curl");
            curl.args(["--silent", "--fail", "--output", "/dev/null", "--write-out", "%{time_total}"]);
            curl.arg("--cacert").arg(testbed.authority(ENV)).args(["--header", &format!("Accept: {accept}")]);
            curl.args(["--header", &format!("Authorization: Bearer token-{ENV}"), &url]);
            Duration::from_secs_f64(said(&mut curl).parse().expect("seconds from curl"))
        };
        Measured::Time(median((0..RUNS).map(|_| seconds()).collect()))
    };
    table.floor("server: one pod and the count of the rest", || asked("limit=1", "application/json"));
    table.floor("server: a page of 500 pods", || asked("limit=500", "application/json"));
    table.floor("server: all pods as a table", || asked("includeObject=None", TABLE));
    table.floor("server: all pods as JSON", || asked("", "application/json"));
}
