//! Lists a kind in single namespaces where listing all namespaces is forbidden.
//!
//! No request returns the namespaces in which a user may list something, so the known ones are tried: those of the
//! settings, the kubeconfig's context, and the repository.

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;

use super::{Closed, ListForm, RARELY, WatchEvent, WatchScope, Watcher};
use crate::cluster::request;
use crate::model::{Connection, Fault};

/// The events of one namespace that wait for the others.
const WAITING: usize = 16;

impl Watcher {
    /// Follows the kind in every known namespace that permits it, until listing all is permitted, or until other
    /// namespaces are known.
    pub(super) fn narrow(&mut self, refused: Fault) -> BoxFuture<'_, Result<(), Closed>> {
        // A boxed future, because each namespace is followed by a watcher like this one.
        self.follow_namespaces(refused).boxed()
    }

    async fn follow_namespaces(&mut self, refused: Fault) -> Result<(), Closed> {
        let mut changed = self.cluster.namespaces.subscribe();
        let places = changed.borrow_and_update().clone();
        if places.is_empty() {
            self.tell(Connection::Forbidden(untried(refused, &self.cluster.name))).await?;
            tokio::select! {
                () = tokio::time::sleep(RARELY) => (),
                _ = changed.changed() => (),
            }
            return Ok(());
        }
        let (sender, mut events) = mpsc::channel(WAITING);
        let mut parts: FuturesUnordered<_> = places
            .iter()
            .enumerate()
            .map(|(at, place)| {
                let scope = WatchScope { namespace: place.clone(), ..self.scope.clone() };
                let (part, mut seen) = mpsc::channel(WAITING);
                let form = match &self.form {
                    ListForm::Objects(kind) => ListForm::Objects(kind),
                    ListForm::Printed(_) => ListForm::printed(),
                };
                let mut watcher = Watcher::new(self.cluster.clone(), self.resource.clone(), form, scope, part);
                let sender = sender.clone();
                async move {
                    let forward = async {
                        while let Some(event) = seen.recv().await {
                            if sender.send((at, event)).await.is_err() {
                                return;
                            }
                        }
                    };
                    tokio::select! {
                        _ = Box::pin(watcher.run()) => (),
                        () = forward => (),
                    }
                }
            })
            .collect();
        let mut links = vec![Connection::Connecting; places.len()];
        // Rows of an earlier time that do not come again are gone.
        self.known.restart();
        let mut listed = false;
        let mut again = tokio::time::interval_at(tokio::time::Instant::now() + RARELY, RARELY);
        loop {
            let (at, event) = tokio::select! {
                event = events.recv() => event.ok_or(Closed)?,
                Some(()) = parts.next() => continue,
                _ = changed.changed() => break,
                _ = again.tick() => {
                    if self.may_list_all().await {
                        break;
                    }
                    continue;
                }
            };
            match event {
                WatchEvent::Columns(columns) => self.send(WatchEvent::Columns(columns)).await?,
                WatchEvent::Rows(rows) => {
                    if listed {
                        for row in &rows {
                            self.known.add(&row.key);
                        }
                    } else {
                        self.known.list(&rows);
                    }
                    self.send(WatchEvent::Rows(rows)).await?;
                }
                WatchEvent::Gone(keys) => {
                    for key in &keys {
                        self.known.remove(key);
                    }
                    self.send(WatchEvent::Gone(keys)).await?;
                }
                WatchEvent::Link(link) => {
                    if let Some(known) = links.get_mut(at) {
                        *known = link;
                    }
                    if !listed && links.iter().all(Connection::is_settled) {
                        listed = true;
                        let gone = self.known.finish();
                        if !gone.is_empty() {
                            self.send(WatchEvent::Gone(gone)).await?;
                        }
                    }
                    let link = together(&places, &links, &refused, &self.cluster.name);
                    self.tell(link).await?;
                }
            }
        }
        if !listed {
            self.known.restart();
        }
        Ok(())
    }

    /// Requests one object of all namespaces, which is refused where listing them is forbidden.
    async fn may_list_all(&self) -> bool {
        request::read(&self.cluster, &self.resource.list("").with("limit", 1)).await.is_ok()
    }
}

/// Reports that no namespace to try is known.
fn untried(refused: Fault, environment: &str) -> Fault {
    Fault {
        todo: format!(
            "{}; or name the namespaces in which you may: namespaces = [\"…\"] below [env.{environment}] in your settings",
            refused.todo
        ),
        ..refused
    }
}

/// Combines the states of the lists of single namespaces.
fn together(places: &[String], links: &[Connection], refused: &Fault, environment: &str) -> Connection {
    let mut failing = links.iter().filter(|link| matches!(link, Connection::Unreachable(_) | Connection::Degraded(_)));
    if let Some(link) = failing.next() {
        return link.clone();
    }
    if !links.iter().all(Connection::is_settled) {
        return Connection::Syncing { received: 0, total: None };
    }
    if links.iter().all(|link| *link == Connection::Absent) {
        return Connection::Absent;
    }
    let of = |wanted: fn(&Connection) -> bool| -> String {
        let found = places.iter().zip(links).filter(|(_, link)| wanted(link));
        found.map(|(place, _)| place.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (seen, unseen) = (of(Connection::is_live), of(|link| matches!(link, Connection::Forbidden(_))));
    let todo =
        format!("further namespaces are tried where they are named: namespaces = [\"…\"] below [env.{environment}]");
    if seen.is_empty() {
        let why = format!("{}; nor in the namespaces {unseen}", refused.why);
        return Connection::Forbidden(Fault { why, todo: format!("{}; {todo}", refused.todo), ..refused.clone() });
    }
    let also = if unseen.is_empty() { String::new() } else { format!(", and not in {unseen}") };
    Connection::Partial(Fault {
        what: format!("only {seen} listed: {} in all namespaces", refused.what),
        why: format!("{}{also}", refused.why),
        todo,
        ..refused.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use tokio::sync::mpsc;

    use crate::cluster::testing::{Answer, Asked, cluster, error, ok};
    use crate::cluster::{WatchEvent, WatchScope, watch};
    use crate::kinds;
    use crate::model::Connection;

    fn answer(asked: &Asked) -> Answer {
        let place = asked.path.split("/namespaces/").nth(1).and_then(|rest| rest.split('/').next());
        let name = match place {
            Some("apps") => "web",
            Some("media") => "films",
            _ => return error(403, &format!("cannot list resource in {}", place.unwrap_or("all namespaces"))),
        };
        if asked.query.contains("watch=1") {
            return Answer::Open(Vec::new());
        }
        let item = json!({"metadata": {"name": name, "namespace": place}});
        ok(json!({"kind": "KustomizationList", "metadata": {"resourceVersion": "1"}, "items": [item]}))
    }

    /// Reads until a settled state of the link; returns it with the names of the rows.
    async fn settled(events: &mut mpsc::Receiver<WatchEvent>, names: &mut Vec<String>) -> Connection {
        loop {
            match events.recv().await.unwrap() {
                WatchEvent::Rows(rows) => names.extend(rows.iter().map(|row| row.key.name.to_string())),
                WatchEvent::Gone(keys) => names.retain(|name| !keys.iter().any(|key| *key.name == **name)),
                WatchEvent::Link(link) if link.is_settled() => return link,
                WatchEvent::Link(_) | WatchEvent::Columns(_) => {}
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_listed_in_some_namespaces_is_listed_there_and_said_so() {
        let cluster = Arc::new(cluster(answer));
        let (sender, mut events) = mpsc::channel(64);
        tokio::spawn(watch(Arc::clone(&cluster), kinds::KUSTOMIZATION, WatchScope::default(), sender));
        let mut names = Vec::new();
        let Connection::Forbidden(none) = settled(&mut events, &mut names).await else { panic!("{names:?}") };
        assert!(none.why.contains("all namespaces") && none.todo.contains("namespaces = ["), "{none:?}");
        // The repository was read meanwhile.
        cluster.look_in(["apps", "secrets", "media"].map(str::to_owned));
        let Connection::Partial(some) = settled(&mut events, &mut names).await else { panic!("{names:?}") };
        names.sort();
        assert_eq!(names, ["films", "web"]);
        assert!(some.what.starts_with("only apps, media listed"), "{some:?}");
        assert!(some.why.ends_with(", and not in secrets"), "{some:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_listed_nowhere_says_where_it_was_tried() {
        let cluster = Arc::new(cluster(answer));
        cluster.look_in(["secrets".to_owned()]);
        let (sender, mut events) = mpsc::channel(64);
        tokio::spawn(watch(cluster, kinds::KUSTOMIZATION, WatchScope::default(), sender));
        let Connection::Forbidden(none) = settled(&mut events, &mut Vec::new()).await else { panic!() };
        assert!(none.why.contains("all namespaces; nor in the namespaces secrets"), "{none:?}");
    }
}
