//! What the repository says, on the screen: what is wrong with a file, what it becomes, and its documents, read and followed.

use jiff::Timestamp;
use serde_json::json;

use super::support::api::{Answer, Api, apps};
use super::support::pty::Deck;
use super::support::workspace::Workspace;

/// Prints the objects of a folder as they are written. It has nothing but what it is given: no other program, and no other folder.
const PRINTS_SETTINGS: &str = "for file in \"$4\"/*.yaml; do case $file in */kustomization.yaml) continue;; esac; echo ---; \
                               while IFS= read -r line; do echo \"$line\"; done <\"$file\"; done";

/// A repository with documents and something wrong, and a kustomize that prints the one object there is.
fn deck() -> (Workspace, Api, Deck) {
    let api = Api::healthy();
    let workspace = workspace(&api);
    let deck = open(&workspace);
    (workspace, api, deck)
}

fn workspace(api: &Api) -> Workspace {
    let workspace = Workspace::on(api);
    workspace.script("kustomize", PRINTS_SETTINGS);
    workspace.write(
        "README.md",
        "# Homelab\n\nSee [the settings](docs/settings.md#their-colour) and [what is gone](docs/gone.md).\n",
    );
    workspace.write(
        "docs/settings.md",
        "# Settings\n\n## Their colour\n\nBlue, in `apps/settings.yaml`.\n\n[back](../README.md)\n",
    );
    workspace.write("docs/lost.md", "# Lost\n\nNobody links to this page about teapots.\n");
    workspace.commit("documents");
    workspace
}

fn open(workspace: &Workspace) -> Deck {
    let path = format!("{}:{}", workspace.beside("").display(), std::env::var("PATH").unwrap_or_default());
    workspace.stage().knowing("PATH", path).sized(110, 34).open()
}

#[test]
fn what_is_wrong_stands_in_the_tree_and_at_its_file() {
    let (workspace, _api, mut deck) = deck();
    // The file itself, and a folder that is closed over one.
    deck.sees_row(&["README.md", "(!)"]);
    deck.press("C");
    deck.sees("0 errors, 1 warning, 1 hint");
    deck.press("/gone<enter><enter>");
    deck.sees(">README.md  read by no Kustomization");
    deck.sees("line 3: ");
    // It goes away with its cause, without a key.
    workspace.write("README.md", "# Homelab\n\nSee [the settings](docs/settings.md#their-colour).\n");
    deck.sees_no("line 3: ");
    deck.press("<esc>");
    // The filter stays, and says so; what is left is shown without it.
    deck.sees("0 errors, 0 warnings, 1 hint  0 found");
    deck.sees("nothing matches `gone`; esc shows all again");
    deck.press("/");
    deck.press("<esc>");
    deck.sees("document-unreached");
}

#[test]
fn what_no_node_of_the_live_cluster_can_give_is_found_and_nothing_where_nodes_may_not_be_listed() {
    let api = Api::healthy();
    let workspace = workspace(&api);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: large, namespace: default}\nspec:\n  containers:\n    - name: app\n      resources: {requests: {memory: 9Gi}}\n";
    workspace.write("apps/settings.yaml", pod);
    let nodes = |request: &str| {
        let node = json!({
            "kind": "Node", "apiVersion": "v1", "metadata": {"name": "one"},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}, "nodeInfo": {"architecture": "arm64"}},
        });
        let kind =
            json!({"name": "nodes", "singularName": "node", "namespaced": false, "kind": "Node", "verbs": ["list"]});
        match request.split([' ', '\n', '?']).nth(1)? {
            "/api/v1" => {
                Some(Answer::Object(json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [kind]})))
            }
            "/api/v1/nodes" => {
                Some(Answer::Object(json!({"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [node]})))
            }
            _ => None,
        }
    };
    api.says(nodes);
    let mut deck = open(&workspace);
    deck.sees_row(&["README.md", "(!)"]);
    deck.press("C");
    for env in ["staging", "production"] {
        let found = format!("{env}: Pod/default/large: its pod requests 9216 MiB of memory, and the largest node");
        deck.sees(&found);
    }
    deck.sees("2 errors");
    drop(deck);
    api.says(move |request| match request.split([' ', '\n', '?']).nth(1)? {
        "/api/v1/nodes" => Some(Answer::Error(403, "nodes is forbidden".to_owned())),
        _ => nodes(request),
    });
    let mut deck = open(&workspace);
    deck.press("C");
    deck.sees("0 errors");
    deck.sees_no("9216");
}

#[test]
fn a_file_says_what_it_becomes_in_each_environment() {
    let (_ground, _api, mut deck) = deck();
    deck.sees_row(&["README.md", "(!)"]);
    deck.press("<backtab>/settings.yaml<enter><enter>");
    deck.sees(">apps/settings.yaml  read by apps in production, staging");
    for env in ["staging", "production"] {
        deck.sees_row(&[&format!("becomes in {env}"), "ConfigMap/default/settings"]);
    }
    deck.sees("colour: blue");
}

#[test]
fn documents_are_searched_read_and_followed() {
    let (_ground, _api, mut deck) = deck();
    deck.sees_row(&["README.md", "(!)"]);
    deck.press("M");
    deck.sees(">documents: 3, / searches in all of them");
    deck.sees_no("teapots");
    deck.press("/teapots<enter>");
    deck.sees_row(&[">", "Nobody links to this page about teapots."]);
    deck.press("<enter>");
    deck.sees(">docs/lost.md");
    deck.press("<esc>");
    deck.sees(">documents: 3");
    deck.press("/See the<enter><enter>");
    deck.sees(">README.md");
    deck.sees("See the settings and what is gone.");
    deck.press("/the settings<enter>n<enter>");
    deck.sees(">docs/settings.md");
    deck.sees_row(&[">", "Their colour"]);
    deck.sees("Blue, in apps/settings.yaml.");
    deck.press("G<enter>");
    deck.sees("See the settings and what is gone.");
}

#[test]
fn changes_are_shown_with_what_they_do_what_they_break_and_what_is_not_applied() {
    let api = Api::healthy();
    let workspace = workspace(&api);
    // The remote has what is committed; the clusters have applied the commit before it.
    let before = String::from_utf8(workspace.try_git(&["rev-parse", "HEAD^"]).stdout).unwrap();
    api.says(move |request| {
        let listed = request.split([' ', '\n']).nth(1)?.split('?').next()?.ends_with("/kustomizations");
        let mut apps = apps(Timestamp::now(), "");
        apps["status"]["lastAppliedRevision"] = json!(format!("main@sha1:{}", before.trim()));
        let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [apps]});
        (listed && !request.contains("watch=")).then_some(Answer::Object(list))
    });
    let origin = workspace.beside("origin.git");
    workspace.git(&["clone", "--quiet", "--bare", ".", &origin.display().to_string()]);
    workspace.git(&["remote", "add", "origin", &origin.display().to_string()]);
    workspace.git(&["fetch", "--quiet", "origin"]);
    workspace.git(&["branch", "--quiet", "--set-upstream-to", "origin/main"]);
    let mut deck = open(&workspace);
    deck.sees_row(&["README.md", "(!)"]);
    deck.press("I");
    deck.sees("nothing is changed: what you edit appears here before it is pushed");
    for env in ["staging", "production"] {
        deck.sees(&format!("pushed, and not yet applied everywhere in {env}"));
    }
    deck.sees_row(&["  documents"]);
    let settings = std::fs::read_to_string(workspace.root().join("apps/settings.yaml")).unwrap();
    workspace.write("apps/settings.yaml", settings.replace("blue", "red"));
    // Nothing leads to the page of the README any more, and a link of it is new and leads nowhere.
    workspace.write("docs/settings.md", "# Settings\n\n## Their colour\n\n[gone](nowhere.md)\n");
    deck.sees("what they break");
    deck.sees_row(&["5", "the link to nowhere.md leads nowhere"]);
    let text = deck.text();
    assert!(!text.contains("docs/gone.md"), "that link was broken before: {text}");
    deck.sees_row(&["1 new finding"]);
}

#[test]
fn environments_are_compared_with_what_differs_folded() {
    let api = Api::healthy();
    let workspace = workspace(&api);
    let root = workspace.root();
    workspace.script("kustomize", PRINTS_SETTINGS);
    let settings = std::fs::read_to_string(root.join("apps/settings.yaml")).unwrap();
    workspace.write("other/settings.yaml", settings.replace("blue", "red"));
    let apps = std::fs::read_to_string(root.join("clusters/production/apps.yaml")).unwrap();
    workspace.write("clusters/production/apps.yaml", apps.replace("./apps", "./other"));
    workspace.commit("production is red");
    let mut deck = open(&workspace);
    deck.sees("production:");
    deck.press("E");
    deck.sees("environments compared: 2 differ, 0 the same");
    deck.sees_row(&["~ differs", "ConfigMap/default/settings  -1 +1"]);
    deck.sees_row(&["~ differs", "Kustomization/flux-system/apps  -1 +1"]);
    deck.sees_no("colour: red");
    deck.press("jj<right>");
    deck.sees_row(&["-  colour: blue"]);
    deck.sees_row(&["+  colour: red"]);
    deck.press("<left>");
    deck.sees_no("colour: red");
    deck.press("/red<enter>");
    deck.sees_row(&["+  colour: red"]);
    deck.sees_no("colour: blue");
}
