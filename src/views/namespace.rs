//! All objects of a namespace, as `kubectl get all` lists them and more: claims, ingresses, the objects of Flux and
//! operators.
//!
//! ```text
//! +> staging  namespace linkding  9 ------------------------------------+
//! | Pod 1                                                                |
//! |>linkding-5d8f7-x2x   1/1  Running  0                        2d       |
//! | Service 1                                                            |
//! +----------------------------------------------------------------------+
//! ```

use std::any::Any;

use super::parts::loaded::Loaded;
use super::parts::page::{Page, PageLine, SearchKey, SharedLines};
use super::parts::paged::Paged;
use crate::app::{Action, Ask, CommandTarget, MotionHint, Scene, Task, View};
use crate::cluster::{Resource, Table};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{Env, Fault, ObjectRef};
use crate::theme::Scope;
use crate::widgets::pad;

/// Kinds beside those of category `all` that users look for in a namespace.
const BESIDES: &[&str] = &["Ingress", "PersistentVolumeClaim", "ConfigMap", "Secret"];

/// Groups whose kinds are noise here: copies of another group's kinds, or events, which have a tab of their own.
const NOT: &[&str] = &["events.k8s.io", "metrics.k8s.io", "discovery.k8s.io", "coordination.k8s.io"];

/// Shows the objects of a namespace.
#[derive(Debug)]
pub struct Namespace {
    env: Env,
    name: String,
    page: Page,
    found: Loaded<Vec<(Resource, Table)>>,
}

/// Answers the task that lists everything.
struct Answer(Result<Vec<(Resource, Table)>, Fault>);

/// Opens a namespace.
pub fn open(target: &CommandTarget, _ask: &Ask<'_>) -> Option<Box<dyn View>> {
    match target {
        CommandTarget::Object(env, object) if object.kind == "Namespace" && object.group.is_empty() => {
            Some(Box::new(Namespace::new(*env, &object.name)))
        }
        _ => None,
    }
}

impl Namespace {
    /// Opens a namespace of an environment.
    pub fn new(env: Env, name: &str) -> Self {
        Self { env, name: name.to_owned(), page: Page::new(SearchKey::Filters).at(1), found: Loaded::default() }
    }

    fn listed(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let Some(found) = &self.found.value else { return self.found.in_place() };
        let mut lines = Vec::new();
        for (resource, table) in found.iter().filter(|(_, table)| !table.rows.is_empty()) {
            lines.push(PageLine::heading(format!("{} {}", resource.kind, table.rows.len())));
            let width = table.rows.iter().map(|row| row.key.name.len()).max().unwrap_or(0);
            for row in &table.rows {
                let cells =
                    table.columns.iter().zip(&row.cells).filter(|(column, cell)| !column.wide && !cell.is_empty());
                let cells: Vec<&str> = cells.map(|(_, cell)| cell.as_ref()).collect();
                let old = row.created.map(|created| age(scene.facts.now_in(self.env), created)).unwrap_or_default();
                let object = ObjectRef::new(&resource.kind, &resource.group, &row.key.namespace, &row.key.name);
                lines.push(
                    PageLine::cut(format!("{}  {old}", cells.join("  ")), Scope::Dim)
                        .after(format!("  {}  ", pad(&row.key.name, width)), Scope::Text)
                        .opens(Some(CommandTarget::Object(self.env, object))),
                );
            }
        }
        if lines.is_empty() {
            lines.push(PageLine::wrapped("there is nothing in it, or no such namespace", Scope::Text));
        }
        lines
    }
}

/// Lists every kind of category `all`, and the other kinds that users look for, in one namespace; all at the same time.
async fn all(task_context: &crate::app::TaskContext, env: Env, name: &str) -> Result<Vec<(Resource, Table)>, Fault> {
    let cluster = task_context.cluster(env)?;
    let served = cluster.served().await?;
    let wanted = served.into_iter().filter(|served| {
        let resource = &served.resource;
        let custom = resource.group.contains('.') && !resource.group.ends_with(".k8s.io");
        resource.namespaced
            && !NOT.contains(&resource.group.as_str())
            && (served.categories.iter().any(|category| category == "all")
                || BESIDES.contains(&resource.kind.as_str())
                || kinds::KINDS.iter().any(|kind| kind.group_kind() == resource.group_kind())
                || custom)
    });
    let lists = wanted.map(|served| {
        let cluster = &cluster;
        async move {
            // A kind without permission is left out: the others are worth showing.
            let table = cluster.table(&served.resource, name).await.unwrap_or_default();
            (served.resource, table)
        }
    });
    let mut found = futures::future::join_all(lists).await;
    // Pods come first, then the other kinds of the core and its neighbours, then custom resources.
    found.sort_by_key(|(resource, _)| {
        (resource.group.contains('.'), resource.kind != "Pod", resource.group.clone(), resource.kind.clone())
    });
    Ok(found)
}

impl Paged for Namespace {
    fn id(&self) -> &'static str {
        "namespace"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        format!("{}  namespace {}", scene.facts.name(self.env), self.name)
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        self.listed(scene).into()
    }

    fn load(&mut self, _scene: &Scene<'_>) -> Vec<Action> {
        let (env, name) = (self.env, self.name.clone());
        vec![Action::Task(Task::once(format!("all of namespace {name}"), move |task_context| async move {
            Answer(all(&task_context, env, &name).await)
        }))]
    }

    fn reply(&mut self, payload: Box<dyn Any + Send>, _scene: &Scene<'_>) -> Vec<Action> {
        if let Ok(answer) = payload.downcast::<Answer>() {
            self.found.take(answer.0.map(Some));
        }
        Vec::new()
    }

    fn motions(&self) -> &'static [MotionHint] {
        &[MotionHint::ENVIRONMENT]
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        Some(vec![Action::Replace(Box::new(Self::new(env, &self.name)))])
    }

    fn targets(&self, line: Option<&PageLine>, _scene: &Scene<'_>) -> Vec<CommandTarget> {
        let object = line.and_then(PageLine::link).cloned();
        vec![object.unwrap_or_else(|| CommandTarget::Object(self.env, ObjectRef::new("Namespace", "", "", &self.name)))]
    }
}
