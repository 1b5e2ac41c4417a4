//! What the documents of the project name is there: paths, modules and their items, tests, commands with their flags, and keys.
//!
//! Words in code (between backticks, and in indented or fenced lines of code) are looked at, and links. What only looks like one of these, such as a
//! path of the operator's machine, is none: a path counts where its first part is something of this repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

const DOCUMENTS: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "fuzz/README.md",
    "repo-template/README.md",
    "src/lib.rs",
];

/// What is made on the way, and is in no repository.
const MADE: [&str; 1] = ["fuzz/artifacts"];

/// Words of capitals stand for a name that is to be chosen, as in `src/commands/NAME.rs`.
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Z_]{2,}(\\.[a-z]+)?$").expect("what the project holds"));

static PATH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\w.-]+(/[\w.*-]+)+/?$|^[\w-]+\.(rs|md|toml|sh)$").expect("what the project holds"));

static ITEM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(suite |real )?\w+(::\w+)*(::)?$").expect("what the project holds"));

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A word in code of a document, or a link of it, with where it stands.
struct Named {
    at: String,
    text: String,
    link: bool,
}

fn named(document: &str, text: &str) -> Vec<Named> {
    let is_source = Path::new(document).extension().is_some_and(|end| end == "rs");
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        let at = format!("{document}:{}", number + 1);
        let line = match line.strip_prefix("//!") {
            Some(line) => line,
            None if is_source => continue,
            None => line,
        };
        let mut add = |text: &str, link| found.push(Named { at: at.clone(), text: text.to_owned(), link });
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            add(line.trim(), false);
        } else {
            line.split('`').skip(1).step_by(2).for_each(|code| add(code, false));
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                add(link, true);
            }
        }
    }
    found
}

/// Says whether a path is there, from one of some folders; a placeholder is any name, and a star is any part.
fn is_there(path: &str, from: &[PathBuf]) -> bool {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    from.iter().any(|folder| {
        let mut at = vec![folder.clone()];
        for part in &parts {
            let is_any = PLACEHOLDER.is_match(part) || part.contains('*');
            let ending = part.rsplit_once('.').map_or("", |(_, ending)| ending);
            at = at
                .iter()
                .flat_map(|folder| {
                    if !is_any {
                        return vec![folder.join(part)];
                    }
                    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
                    entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
                })
                .filter(|path| path.exists())
                .collect();
        }
        !at.is_empty()
    })
}

/// The sources below `src` and `tests`, by path without the ending and without `mod`.
static SOURCES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut found = BTreeMap::new();
    let mut next = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(folder).expect("what the project holds").flatten() {
            let path = entry.path();
            if path.is_dir() {
                next.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).expect("what the project holds").with_extension("");
                let name = name.to_string_lossy().trim_end_matches("/mod").to_owned();
                found.insert(name, std::fs::read_to_string(&path).expect("what the project holds"));
            }
        }
    }
    found
});

/// Says whether a module, an item of it, or a test is there: `render::tool::tests`, `World::ask_whole`, `suite guard::name`.
fn is_item(text: &str) -> bool {
    let (tests, path) = match text.split_once(' ') {
        Some((target, path)) => (Some(target), path),
        None => (None, text),
    };
    let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    let mut place = tests.map_or_else(|| "src".to_owned(), |target| format!("tests/{target}"));
    let mut rest = parts.as_slice();
    while let [first, others @ ..] = rest {
        let below = format!("{place}/{first}");
        if !SOURCES.keys().any(|known| *known == below || known.starts_with(&format!("{below}/"))) {
            break;
        }
        (place, rest) = (below, others);
    }
    let is_found_in_place = place != "src";
    // What a type has stands where the type is declared or implemented.
    let of_type = rest.first().filter(|_| !is_found_in_place).map(|first| {
        Regex::new(&format!(r"\b(struct|enum|trait|type|impl(<[^>]*>)?)\s+{first}\b|\bfor {first}\b"))
            .expect("what the project holds")
    });
    let inside: Vec<&String> = SOURCES
        .iter()
        .filter(|(known, _)| {
            **known == place
                || known.starts_with(&format!("{place}/"))
                || !is_found_in_place && known.starts_with("src")
        })
        .map(|(_, text)| text)
        .filter(|text| of_type.as_ref().is_none_or(|of_type| of_type.is_match(text)))
        .collect();
    // What else is named is an item, whatever stands around it.
    rest.iter().all(|item| {
        let declared = Regex::new(&format!(
            r"(?m)\b(fn|struct|enum|trait|type|const|static|mod|macro_rules!)\s+{item}\b|^\s+(pub(\([^)]*\))?\s+)?{item}(\(|,|\s*\{{|:)"
        ))
        .expect("what the project holds");
        inside.iter().any(|text| declared.is_match(text))
    })
}

fn output(arguments: &[&str]) -> String {
    let place = tempfile::tempdir().expect("what the project holds");
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxdeck"));
    command.args(arguments).env_clear().env("HOME", place.path()).env("KUBECONFIG", "/dev/null").env("LANG", "C.UTF-8");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(place.path());
    let done = command.output().expect("what the project holds");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The subcommands that a help lists.
fn subcommands(help: &str) -> BTreeSet<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// Says what of a command line of fluxdeck is not there.
fn wrong_in_command(words: &[&str]) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut help = output(&["--help"]);
    for word in words {
        let known = subcommands(&help);
        if known.is_empty() || !word.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            break;
        }
        if !known.contains(*word) {
            return Some(format!("no subcommand {word}"));
        }
        path.push(word);
        help = output(&[path.as_slice(), &["--help"]].concat());
    }
    let flags = words.iter().take_while(|word| **word != "--").filter(|word| word.starts_with("--"));
    let flag = |word: &&str| word.split('=').next().unwrap_or_default().to_owned();
    let unknown =
        flags.map(flag).find(|flag| !matches!(flag.as_str(), "--help" | "--version") && !help.contains(flag.as_str()));
    unknown.map(|flag| format!("no flag {flag}"))
}

#[test]
fn everything_that_a_document_names_is_there() {
    let tops: BTreeSet<String> = std::fs::read_dir(root())
        .expect("what the project holds")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "target" && name != ".git")
        .collect();
    let modules: BTreeSet<String> = std::fs::read_dir(root().join("src"))
        .expect("what the project holds")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".rs").to_owned())
        .collect();
    let mut wrong = Vec::new();
    let mut counted = BTreeMap::from([("path", 0), ("item", 0), ("command", 0)]);
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).expect("what the project holds");
        let folder = root().join(document).parent().expect("what the project holds").to_owned();
        let from = [root().to_owned(), root().join("src"), folder.clone()];
        for Named { at, text, link } in named(document, &text) {
            if link {
                let path = text.split('#').next().unwrap_or_default();
                if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                    wrong.push(format!("{at}: the link {text} leads nowhere"));
                }
                continue;
            }
            let code = text.split(" # ").next().unwrap_or_default();
            for word in code.split_whitespace().map(|word| word.trim_matches([',', ';', ':'])) {
                let first = word.split('/').next().unwrap_or_default();
                let is_ours = tops.contains(first) || modules.contains(first);
                let is_source = word.strip_suffix("rs").is_some_and(|stem| stem.ends_with('.'));
                if PATH.is_match(word) && (is_ours && word.contains('/') || is_source) {
                    *counted.get_mut("path").expect("what the project holds") += 1;
                    if !MADE.contains(&word) && !is_there(word, &from) {
                        wrong.push(format!("{at}: there is no {word}"));
                    }
                }
            }
            let first = text.split("::").next().unwrap_or_default();
            let is_module = modules.contains(first) || text.starts_with("suite ") || text.starts_with("real ");
            let is_type = first.starts_with(|letter: char| letter.is_ascii_uppercase());
            if text.contains("::") && ITEM.is_match(&text) && (is_module || is_type) {
                *counted.get_mut("item").expect("what the project holds") += 1;
                if !is_item(&text) {
                    wrong.push(format!("{at}: there is no {text}"));
                }
            }
            let words: Vec<&str> = code.split_whitespace().collect();
            let of_cargo = words.iter().position(|word| *word == "--").filter(|_| words.starts_with(&["cargo", "run"]));
            let begins = match of_cargo {
                Some(at) => Some(at),
                None => words
                    .iter()
                    .position(|word| *word == "fluxdeck")
                    .filter(|at| *at == 0 || words.get(at - 1) == Some(&"&&")),
            };
            if let Some(begins) = begins {
                *counted.get_mut("command").expect("what the project holds") += 1;
                wrong.extend(wrong_in_command(&words[begins + 1..]).map(|why| format!("{at}: {text}: {why}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        counted.values().all(|count| *count > 10),
        "so little was looked at that the test looks wrong: {counted:?}"
    );
}

#[test]
fn every_key_that_the_readme_lists_does_something() {
    let listed = output(&["keys"]);
    let mut known: BTreeSet<String> =
        ["j", "k", "g", "G", "/", "tab", "1", "3", "enter", "esc", "space"].map(str::to_owned).into();
    for line in listed.lines() {
        let keys = line.get(..17).unwrap_or(line);
        known.extend(keys.split_whitespace().map(str::to_owned));
    }
    let text = std::fs::read_to_string(root().join("README.md")).expect("what the project holds");
    let rows =
        text.lines().skip_while(|line| !line.starts_with("| key |")).skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        // The first column names keys; the second also tells those of a screen, with other words in code among them.
        let first = row.split('|').nth(1).unwrap_or_default();
        for key in first.split('`').skip(1).step_by(2) {
            count += 1;
            assert!(known.contains(key), "README.md lists the key {key}, which no command has:\n{listed}");
        }
    }
    assert!(count > 40, "so few keys were looked at that the test looks wrong: {count}");
}
