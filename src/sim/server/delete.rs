//! Deleting objects: preconditions, finalizers, the grace period of pods, and owned objects.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::route::RequestTarget;
use super::{Asked, ServerResponse, status};
use crate::sim::agenda::Job;
use crate::sim::fields::Writer;
use crate::sim::json::{list, set, stamp, text};
use crate::sim::world::{SimulatedCluster, Site};

/// The time that the containers of a pod take to end; the grace period is thirty seconds.
const ENDS: Duration = Duration::from_millis(1400);

/// Answers a DELETE of an object.
pub(crate) fn delete(site: &Arc<Site>, target: RequestTarget<'_>, asked: &Asked) -> ServerResponse {
    let options: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let option = |name: &str| match asked.parameter(name) {
        "" => text(&options, &format!("/{name}")),
        given => given,
    };
    let propagation = option("propagationPolicy");
    if !matches!(propagation, "" | "Foreground" | "Background" | "Orphan") {
        return status::unknown_propagation(propagation);
    }
    let dry = option("dryRun") == "All" || list(&options, "/dryRun").iter().any(|one| one == "All");
    let key = target.served.object(target.namespace, target.name);
    site.with(|world| {
        let Some(live) = world.store.get(&key).cloned() else {
            return status::not_found(target.served, target.name);
        };
        for (field, pointer) in [("uid", "/metadata/uid"), ("resourceVersion", "/metadata/resourceVersion")] {
            let wanted = text(&options, &format!("/preconditions/{field}"));
            if !wanted.is_empty() && wanted != text(&live, pointer) {
                return status::precondition(target.served, target.name, field, wanted, text(&live, pointer));
            }
        }
        if dry {
            return done(target, &live);
        }
        let is_pod = target.served.kind == "Pod";
        if is_pod || !list(&live, "/metadata/finalizers").is_empty() {
            let marked = mark(world, &live, if is_pod { 30 } else { 0 });
            if is_pod {
                world.agenda.after(ENDS, Job::End(key));
            }
            return ServerResponse::json(StatusCode::OK, &marked);
        }
        if propagation == "Orphan" {
            world.delete_alone(&key)
        } else {
            world.delete(&key)
        };
        done(target, &live)
    })
}

/// Marks an object as being deleted; the owner of its finalizer acts on that.
fn mark(world: &mut SimulatedCluster, live: &Arc<Value>, grace: u32) -> Arc<Value> {
    if !text(live, "/metadata/deletionTimestamp").is_empty() {
        return Arc::clone(live);
    }
    let (key, now) = (crate::sim::json::reference(live), stamp(world.now()));
    let marked = world.update(&key, Writer::update("kube-apiserver"), |object| {
        set(object, &["metadata", "deletionTimestamp"], now);
        set(object, &["metadata", "deletionGracePeriodSeconds"], grace);
    });
    marked.unwrap_or_else(|| Arc::clone(live))
}

fn done(target: RequestTarget<'_>, last: &Value) -> ServerResponse {
    let mut details = status::details(target.served, target.name);
    set(&mut details, &["uid"], text(last, "/metadata/uid"));
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    ServerResponse::json(StatusCode::OK, &body)
}
