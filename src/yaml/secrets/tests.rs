use super::super::manifest::{documents, may_hold_secrets};
use super::{Held, SourceUse, ValuePlacement, of_document, sources};

fn plain(text: &str) -> Vec<Held> {
    let found = documents(text).unwrap().iter().flat_map(of_document).collect::<Vec<_>>();
    found.into_iter().filter(|held| held.is_plain(false)).collect()
}

/// Every form of a value of a Secret in a document, with `VALUE` for it; its place and its path.
const FORMS: &[(&str, ValuePlacement, &str)] = &[
    ("kind: Secret\nstringData: {p: VALUE}\n", ValuePlacement::Secret, "stringData.p"),
    ("kind: List\nitems: [{kind: Secret, stringData: {p: VALUE}}]\n", ValuePlacement::Secret, "items[0].stringData.p"),
    ("kind: SecretList\nitems: [{stringData: {p: VALUE}}]\n", ValuePlacement::Secret, "items[0].stringData.p"),
    ("kind: Secret\nstringData: {a: {p: VALUE}}\n", ValuePlacement::Secret, "stringData.a.p"),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  resources:\n  - apiVersion: v1\n    kind: Secret\n    stringData: {p: VALUE}\n",
        ValuePlacement::Within,
        "spec.resources[0].stringData.p",
    ),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  steps:\n  - resources:\n    - {apiVersion: v1, kind: Secret, stringData: {p: VALUE}}\n",
        ValuePlacement::Within,
        "spec.steps[0].resources[0].stringData.p",
    ),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  resourcesTemplate: |\n    <<- if inputs.a >>\n    kind: Secret\n    stringData:\n      p: VALUE\n    <<- end >>\n",
        ValuePlacement::Text,
        "spec.resourcesTemplate.stringData.p",
    ),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  resourcesTemplate: |\n    kind: Secret\n    metadata: {name: << a >>: b}\n    stringData:\n      p: VALUE\n",
        ValuePlacement::Text,
        "spec.resourcesTemplate",
    ),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  inputs: [{a: b, pw: VALUE}]\n  resources:\n  - {apiVersion: v1, kind: Secret, stringData: {p: << inputs.pw >>}}\n",
        ValuePlacement::Input,
        "spec.inputs[0].pw",
    ),
    (
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  inputs: [{a: b, creds: {password: VALUE}}]\n  resourcesTemplate: |\n    kind: Secret\n    stringData: {url: \"a://u:<< inputs.creds.password >>@b\"}\n",
        ValuePlacement::Input,
        "spec.inputs[0].creds.password",
    ),
    (
        "kind: HelmRelease\nspec:\n  values:\n    extraObjects:\n    - {apiVersion: v1, kind: Secret, stringData: {p: VALUE}}\n",
        ValuePlacement::Within,
        "spec.values.extraObjects[0].stringData.p",
    ),
    (
        "kind: HelmRelease\nspec:\n  values:\n    extraDeploy:\n    - |\n      apiVersion: v1\n      kind: Secret\n      stringData: {p: VALUE}\n",
        ValuePlacement::Text,
        "spec.values.extraDeploy[0].stringData.p",
    ),
    (
        "extraObjects:\n- {apiVersion: v1, kind: Secret, stringData: {p: VALUE}}\n",
        ValuePlacement::Within,
        "extraObjects[0].stringData.p",
    ),
    (
        "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nspec: {forProvider: {manifest: {apiVersion: v1, kind: Secret, stringData: {p: VALUE}}}}\n",
        ValuePlacement::Within,
        "spec.forProvider.manifest.stringData.p",
    ),
    (
        "kind: ClusterPolicy\nspec:\n  rules:\n  - generate: {apiVersion: v1, kind: Secret, name: a, data: {kind: Secret, type: Opaque, stringData: {p: VALUE}}}\n",
        ValuePlacement::Within,
        "spec.rules[0].generate.data.stringData.p",
    ),
    (
        "kind: ConfigMap\ndata:\n  s.yaml: |\n    apiVersion: v1\n    kind: Secret\n    stringData: {p: VALUE}\n",
        ValuePlacement::Text,
        "data.s.yaml.stringData.p",
    ),
    (
        "kind: ConfigMap\ndata:\n  s.json: '{\"kind\":\"Secret\",\"stringData\":{\"p\":\"VALUE\"}}'\n",
        ValuePlacement::Text,
        "data.s.json.stringData.p",
    ),
    (
        "secretGenerator: [{name: x, literals: [a=, p=VALUE]}]\n",
        ValuePlacement::Generator,
        "secretGenerator[0].literals[1]",
    ),
    (
        "SecretGenerator: [{name: x, Literals: [\"p='VALUE'\"]}]\n",
        ValuePlacement::Generator,
        "SecretGenerator[0].Literals[0]",
    ),
    ("apiVersion: builtin\nkind: SecretGenerator\nliterals: [p=VALUE]\n", ValuePlacement::Generator, "literals[0]"),
    (
        "generators:\n- |\n  apiVersion: builtin\n  kind: SecretGenerator\n  literals: [p=VALUE]\n",
        ValuePlacement::Generator,
        "generators[0].literals[0]",
    ),
    (
        "patches:\n- patch: |\n    kind: Secret\n    metadata: {name: x}\n    stringData:\n      p: VALUE\n",
        ValuePlacement::Text,
        "patches[0].patch.stringData.p",
    ),
    (
        "patches:\n- target: {kind: Secret}\n  patch: |\n    kind: whatever\n    metadata: {name: x}\n    stringData: {p: VALUE}\n",
        ValuePlacement::Patch,
        "patches[0].patch.stringData.p",
    ),
    (
        "patchesStrategicMerge:\n- |\n  kind: Secret\n  stringData: {p: VALUE}\n",
        ValuePlacement::Text,
        "patchesStrategicMerge[0].stringData.p",
    ),
    (
        "patches:\n- target: {kind: Secret}\n  patch: |\n    - {op: add, path: /data/p, value: VkFMVUU=}\n",
        ValuePlacement::Patch,
        "patches[0].patch[0].value",
    ),
    (
        "patchesJson6902:\n- target: {kind: Secret, name: x}\n  patch: '[{\"op\": \"add\", \"path\": \"/stringData\", \"value\": {\"p\": \"VALUE\"}}]'\n",
        ValuePlacement::Patch,
        "patchesJson6902[0].patch[0].value.p",
    ),
    (
        "patches:\n- target: {kind: 'Sec.*'}\n  patch: |\n    - {op: replace, path: /data/p, value: VkFMVUU=}\n",
        ValuePlacement::Patch,
        "patches[0].patch[0].value",
    ),
    (
        "patches:\n- target: {kind: 'S[e]cret', name: x}\n  patch: |\n    - {op: add, path: /data, value: {p: VkFMVUU=}}\n",
        ValuePlacement::Patch,
        "patches[0].patch[0].value.p",
    ),
    (
        "kind: Kustomization\nspec:\n  patches:\n  - target: {kind: .ecret}\n    patch: |\n      kind: whatever\n      stringData: {p: VALUE}\n",
        ValuePlacement::Patch,
        "spec.patches[0].patch.stringData.p",
    ),
    ("apiVersion: v1\nkind: Secret\nstringdata: {p: VALUE}\n", ValuePlacement::Secret, "stringdata.p"),
    ("apiVersion: v1\nkind: Secret\nSTRINGDATA: {p: VALUE}\n", ValuePlacement::Secret, "STRINGDATA.p"),
    ("apiVersion: v1\nKind: Secret\nDATA: {p: VkFMVUU=}\n", ValuePlacement::Secret, "DATA.p"),
    ("apiVersion: v1\nkind: Secret\n\u{17f}tringData: {p: VALUE}\n", ValuePlacement::Secret, "\u{17f}tringData.p"),
    ("- {op: replace, path: /stringData/p, value: VALUE}\n", ValuePlacement::Patch, "[0].value"),
    (
        "kind: Kustomization\nspec:\n  patches:\n  - patch: |\n      - {op: replace, path: /stringData/p, value: VALUE}\n",
        ValuePlacement::Patch,
        "spec.patches[0].patch[0].value",
    ),
    (
        "replacements:\n- sourceValue: VALUE\n  targets: [{select: {kind: Secret}, fieldPaths: [data.p]}]\n",
        ValuePlacement::Patch,
        "replacements[0].sourceValue",
    ),
];

#[test]
fn a_value_is_found_in_every_form_and_no_form_is_of_what_others_fill_in() {
    for (text, form, path) in FORMS {
        for (value, encoded) in [("hunter2hunter2", "aHVudGVyMmh1bnRlcjI="), ("throwaway7", "dGhyb3dhd2F5Nw==")] {
            let text = text.replace("VkFMVUU=", encoded).replace("VALUE", value);
            let found: Vec<_> = plain(&text);
            assert!(
                matches!(found.as_slice(), [held] if held.form == *form && held.path == *path),
                "{text}: {found:#?}"
            );
            assert!(may_hold_secrets(&text), "{text}");
        }
        for value in ["", "${PASSWORD}", "<< inputs.elsewhere >>", "op://vault/item/field"] {
            let encoded = if value.is_empty() { "" } else { "${PASSWORD}" };
            let quoted = |text: &str| text.replace("VkFMVUU=", encoded).replace("VALUE", value);
            // In braces and quotes some of these would be other YAML.
            let Ok(read) = documents(&quoted(text)) else { continue };
            let found: Vec<_> = read.iter().flat_map(of_document).filter(|held| held.is_plain(false)).collect();
            assert_eq!(found, [], "{}", quoted(text));
        }
    }
}

#[test]
fn what_an_operator_or_a_chart_makes_a_secret_of_is_judged_by_what_it_says_itself() {
    for (text, path) in [
        (
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  target: {template: {data: {dbPassword: VALUE}}}\n",
            "spec.target.template.data.dbPassword",
        ),
        (
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  target:\n    template:\n      data:\n        app.ini: |\n          user = app\n          password = VALUE\n",
            "spec.target.template.data.app.ini",
        ),
        (
            "apiVersion: external-secrets.io/v1beta1\nkind: ClusterExternalSecret\nspec:\n  externalSecretSpec: {target: {template: {data: {url: 'postgres://a:VALUE@db/a'}}}}\n",
            "spec.externalSecretSpec.target.template.data.url",
        ),
        (
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  target:\n    template:\n      templateFrom:\n      - literal: |\n          user: app\n          password: VALUE\n",
            "spec.target.template.templateFrom[0].literal",
        ),
        (
            "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nspec:\n  template: {data: {token: VALUE}}\n",
            "spec.template.data.token",
        ),
        (
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData: {}\n  template: {data: {password: VALUE}}\n",
            "spec.template.data.password",
        ),
        (
            "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nspec:\n  provider: {fake: {data: [{key: db-password, value: VALUE}]}}\n",
            "spec.provider.fake.data[0].value",
        ),
        (
            "apiVersion: external-secrets.io/v1\nkind: SecretStore\nspec:\n  provider: {fake: {data: [{key: a, valueMap: {password: VALUE}}]}}\n",
            "spec.provider.fake.data[0].valueMap.password",
        ),
        (
            "apiVersion: generators.external-secrets.io/v1alpha1\nkind: Fake\nspec: {data: {password: VALUE}}\n",
            "spec.data.password",
        ),
        (
            "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nspec:\n  secretTemplates: [{name: a, stringData: {password: VALUE}}]\n",
            "spec.secretTemplates[0].stringData.password",
        ),
        (
            "kind: HelmRelease\nspec:\n  values: {secrets: {app: {stringData: {APP_PASSWORD: VALUE}}}}\n",
            "spec.values.secrets.app.stringData.APP_PASSWORD",
        ),
        (
            "kind: ResourceSet\napiVersion: fluxcd.controlplane.io/v1\nspec:\n  resourcesTemplate: |\n    apiVersion: external-secrets.io/v1\n    kind: ExternalSecret\n    spec: {target: {template: {data: {password: VALUE}}}}\n",
            "spec.resourcesTemplate.spec.target.template.data.password",
        ),
    ] {
        let found = plain(&text.replace("VALUE", "hunter2hunter2"));
        assert!(
            matches!(found.as_slice(), [held] if held.form == ValuePlacement::Template && held.path == path),
            "{text}: {found:#?}"
        );
        assert!(may_hold_secrets(text), "{text}");
        for value in ["", "${PASSWORD}", "{{ .password }}", "op://vault/item/field"] {
            let text = text.replace("'postgres://a:VALUE@db/a'", "\"postgres://a:VALUE@db/a\"").replace("VALUE", value);
            // In braces some of these would be other YAML.
            let Ok(read) = documents(&text) else { continue };
            let found: Vec<_> = read.iter().flat_map(of_document).filter(|held| held.is_plain(false)).collect();
            assert_eq!(found, [], "{text}");
        }
    }
    for open in [
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nspec:\n  target:\n    template:\n      data:\n        HOST: db.example.org\n        DB_NAME: app\n        LOG_LEVEL: info\n        LISTEN: ':8080'\n        URL: 'postgres://{{ .user }}:{{ .password }}@db/app'\n        password: '{{ .password }}'\n        dex.github.clientID: Iv23li0GuWmH00jCKhzh\n        auth: '{{ .a }}:{{ .b }}'\n        config.js: |\n          module.exports = {\n            apiKey: \"{{.KEY}}\",\n            radarr: [\"http://radarr.svc.local/?apikey={{ .KEY }}\"],\n            find: f(\"http://prowlarr.svc.local\", \"{{.KEY}}\", \"x\"),\n          };\n        auth.ini: |\n          client_id = app\n          client_secret = {{ .secret }}\n          token_endpoint_auth_method = client_secret_post\n          existingSecret = app-secret\n          url = https://example.org/login\n",
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec:\n  encryptedData: {password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq}\n  template: {type: Opaque, metadata: {name: a}}\n",
        "kind: HelmRelease\nspec:\n  values: {secrets: {app: {stringData: {TZ: Etc/UTC, HOST: a.example.org, PASSWORD: '${PASSWORD}'}}}}\n",
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nspec:\n  provider: {fake: {data: [{key: domain, value: example.org}]}}\n",
        "patches:\n- target: {kind: '.*'}\n  patch: |\n    - {op: add, path: /data/level, value: debug}\n    - {op: add, path: /data/password-policy, value: strict}\n",
        "patches:\n- target: {name: x}\n  patch: |\n    - {op: add, path: /data/key, value: hunter2}\n",
    ] {
        assert_eq!(plain(open), [], "{open}");
    }
    // A patch for any kind may be one for a Secret: a value that marks itself as a password counts.
    for target in ["{kind: '.*'}", "{name: x}", "{labelSelector: a=b}"] {
        let text = format!(
            "patches:\n- target: {target}\n  patch: |\n    - {{op: add, path: /data/password, value: aHVudGVyMg==}}\n"
        );
        assert_eq!(plain(&text).len(), 1, "{text}");
    }
}

#[test]
fn what_names_a_secret_holds_none() {
    for text in [
        "kind: HelmRelease\nspec:\n  valuesFrom: [{kind: Secret, name: a, valuesKey: b}]\n  values: {data: {a: b}}\n",
        "kind: ExternalSecret\nspec:\n  target: {template: {data: {p: \"{{ .p }}\"}}}\n",
        "kind: Pod\nspec: {env: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}}}]}\n",
        "kind: ClusterPolicy\nspec: {rules: [{match: {any: [{resources: {kinds: [Secret]}}]}, generate: {kind: Secret, data: {kind: Secret, type: Opaque}}}]}\n",
        "secretGenerator: [{name: x, files: [a.txt], envs: [b.env]}]\n",
        "configMapGenerator: [{name: x, literals: [a=hunter2]}]\n",
        "patches:\n- target: {kind: Secret}\n  patch: |\n    - {op: add, path: /metadata/labels/a, value: hunter2}\n",
        "patches:\n- target: {kind: ConfigMap}\n  patch: |\n    - {op: add, path: /data/a, value: hunter2}\n",
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  inputs: [{tenant: team1}]\n  resources:\n  - {apiVersion: v1, kind: Secret, metadata: {name: << inputs.tenant >>}}\n",
        "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  inputs: [{tenant: team1}]\n  resources:\n  - {apiVersion: v1, kind: Secret, stringData: {host: \"<< inputs.tenant >>.example.org\"}}\n",
        "kind: CustomResourceDefinition\nspec: {properties: {kind: {type: string}, data: {type: object}}}\n",
        "apiVersion: secrets.example.com/v1\nkind: Secret\nstringData: {p: hunter2}\n",
    ] {
        assert_eq!(plain(text), [], "{text}");
    }
}

#[test]
fn an_input_is_doubtful_where_the_template_that_takes_it_is_encrypted() {
    let set = "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nspec:\n  inputs: [{tenant: team1, secretName: a, pw: hunter2}]\n  resources:\n  - {apiVersion: v1, kind: Secret, stringData: {p: \"ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]\"}}\n";
    let found: Vec<_> = of_document(&documents(set).unwrap()[0]).into_iter().filter(|held| held.doubtful).collect();
    assert!(
        matches!(found.as_slice(), [held] if held.path == "spec.inputs[0].pw" && !held.is_plain(false)),
        "{found:?}"
    );
}

#[test]
fn the_files_of_which_secrets_are_made_are_named() {
    let text = "secretGenerator:\n- {name: a, envs: [a.env], env: b.env, files: [c/d.txt, k=e.txt]}\ngenerators:\n- g.yaml\n- |\n  kind: SecretGenerator\n  metadata: {name: g}\n  files: [f]\npatches:\n- {path: p.yaml, target: {kind: Secret}}\n- {path: q.yaml, target: {kind: Deployment}}\n";
    let found: Vec<_> =
        sources(&documents(text).unwrap()[0]).into_iter().map(|one| (one.file, one.taker, one.usage)).collect();
    let value = |key: &str| SourceUse::Value(key.to_owned());
    let generator = |name: &str| format!("secretGenerator {name}");
    assert_eq!(
        found,
        [
            ("a.env".to_owned(), generator("a"), SourceUse::Env),
            ("b.env".to_owned(), generator("a"), SourceUse::Env),
            ("c/d.txt".to_owned(), generator("a"), value("d.txt")),
            ("e.txt".to_owned(), generator("a"), value("k")),
            ("f".to_owned(), generator("g"), value("f")),
            ("p.yaml".to_owned(), "a patch for Secrets".to_owned(), SourceUse::Patch),
        ]
    );
    assert_eq!(SourceUse::Env.plain("# a=b\nUSER=admin\nPASSWORD=hunter2\n"), Some((3, "PASSWORD".to_owned())));
    assert_eq!(SourceUse::Env.plain("USER=admin\nPASSWORD=\nTOKEN=${TOKEN}\n"), None);
    assert_eq!(value("p.txt").plain("hunter2"), Some((1, "p.txt".to_owned())));
    assert_eq!(value("host").plain("db.example.org"), None);
    // Bytes that are no text.
    let keystore = b"\xfe\xed\xfe\xed\0\0\0\x02".as_slice();
    assert_eq!(value("app.jks").plain_bytes(keystore), Some((None, "app.jks".to_owned())));
    assert_eq!(SourceUse::Env.plain_bytes(b"USER=\xe9\nPASSWORD=hunter2\n"), Some((Some(2), "PASSWORD".to_owned())));
    let certificate = b"\x30\x82\x03\x01\x30\x82\x02\x01\xa0\x03\x02\x01\x02".as_slice();
    for other in [certificate, b"\x89PNG\r\n\x1a\n", b"age-encryption.org/v1\n-> X25519\n\xff", b"\0GITCRYPT\0\xff"] {
        assert_eq!(value("k").plain_bytes(other), None, "{other:?}");
    }
    let patch = "- op: add\n  path: /data/p\n  value: aHVudGVyMg==\n";
    assert_eq!(SourceUse::Patch.plain(patch), Some((2, "data.p".to_owned())));
}
