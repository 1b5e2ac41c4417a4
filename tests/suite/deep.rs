//! Answers and files whose lists and mappings stand a hundred thousand deep in each other: each is refused with a word, and no stack overflows.

use super::support::api::{Answer, Api};
use super::support::workspace::Workspace;

/// How deep they are.
const DEPTH: usize = 100_000;

/// Opens a mapping within another, and closes all of them.
fn mappings() -> String {
    format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH))
}

fn lists() -> String {
    format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))
}

/// Puts something deep into an object of an API server, where its kind is read and where nobody looks.
fn objects(mappings: &str, lists: &str) -> [String; 2] {
    let of = |metadata: &str, rest: &str| {
        format!(
            "{{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":\"Kustomization\",\"metadata\":{{\"name\":\"apps\",\"namespace\":\"flux-system\"{metadata}}}{rest}}}"
        )
    };
    [
        of("", &format!(",\"spec\":{mappings},\"unknown\":{lists}")),
        of(&format!(",\"managedFields\":{lists}"), &format!(",\"status\":{{\"conditions\":{lists}}}")),
    ]
}

#[test]
fn a_deep_answer_of_a_server_is_refused_with_a_word() {
    let api = Api::healthy();
    let workspace = Workspace::on(&api);
    let calls: [&[&str]; 4] = [
        &["get", "kustomizations"],
        &["describe", "Kustomization/flux-system/apps", "--env", "staging"],
        &["tree", "Kustomization/flux-system/apps", "--env", "staging"],
        &["events"],
    ];
    let (mappings, lists) = (mappings(), lists());
    let [spec, conditions] = objects(&mappings, &lists);
    for object in [spec, conditions, mappings] {
        let list = format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"items\":[{object}]}}");
        let start = object.chars().take(120).collect::<String>();
        api.says(move |request| {
            let address = request.split([' ', '\n', '?']).nth(1).unwrap_or_default();
            Some(Answer::Text(if address.ends_with("/apps") { object.clone() } else { list.clone() }))
        });
        for call in calls {
            // A process that a signal ends, as an overflow does, has no exit code, and fails there.
            let (code, _, said) = workspace.run(call);
            assert!((0..=5).contains(&code) && !said.contains("panicked"), "{call:?} {start}: {code} {said}");
            assert!(said.len() < 10_000, "{call:?} {start} repeats it");
        }
    }
}

#[test]
fn a_deep_file_is_refused_with_a_word() {
    let workspace = Workspace::new();
    workspace.reaches("http://127.0.0.1:1", "token: hunter2");
    let sealed = "\"sops\":{\"mac\":\"ENC[AES256_GCM,data:,iv:,tag:,type:str]\",\"version\":\"3.9.0\",\"lastmodified\":\"2026-01-01T00:00:00Z\",\"age\":[]}";
    for deep in [mappings(), lists()] {
        let secret = format!("{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{deep},{sealed}}}");
        let texts = [
            ("apps/deep.json", deep.clone()),
            ("apps/deep.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: deep}}\ndata: {deep}\n")),
            ("apps/sealed.json", secret.clone()),
            ("apps/sealed.yaml", secret),
            ("apps/kustomization.yaml", format!("resources: {deep}\n")),
            (
                "clusters/staging/deep.yaml",
                format!("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {deep}\n"),
            ),
            (".sops.yaml", format!("creation_rules: {deep}\n")),
            (".fluxdeck.toml", format!("theme = {}\n", deep.replace("\"a\":", "a = "))),
        ];
        for (file, text) in texts {
            workspace.write(file, text);
            let calls: [&[&str]; 4] =
                [&["check"], &["secrets"], &["secret", "view", file], &["secret", "encrypt", file]];
            for call in calls {
                let (code, _, said) = workspace.run(call);
                assert!((0..=5).contains(&code) && !said.contains("panicked"), "{file}: {call:?}: {code} {said}");
                assert!(said.len() < 100_000, "{file}: {call:?} repeats it");
            }
            std::fs::remove_file(workspace.root().join(file)).unwrap();
        }
        std::fs::write(workspace.kubeconfig(), format!("apiVersion: v1\nkind: Config\nclusters: {deep}\n")).unwrap();
        let (code, _, said) = workspace.run(["pods", "--env", "staging"]);
        assert!((1..=5).contains(&code), "{said}");
    }
}
