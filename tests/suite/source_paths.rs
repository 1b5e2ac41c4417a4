//! The paths that a Rust source names, in `use` items and in code, without what only its tests name.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as it is written, such as `crate::model::Env`, with groups of `use` taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourcePath {
    /// The line of its first segment, from 1.
    pub(crate) line: usize,
    /// Its segments; `*` stands for a glob.
    pub(crate) segments: Vec<String>,
    /// Whether it is named otherwise from there on; a trait that is only brought in, as `_`, is not.
    pub(crate) is_renamed: bool,
}

/// Returns the paths of more than one segment that a source names outside of `#[cfg(test)]` items, comments and strings.
pub(crate) fn paths(source: &str) -> Vec<SourcePath> {
    let tokens: TokenStream = source.parse().expect("Rust source");
    let mut found = Vec::new();
    walk(tokens, &mut found);
    found
}

/// Returns the strings that a source gives to `ProgramCommand::new`, `ProgramCommand::configured` and `Program::new` outside of tests, with their lines.
pub(crate) fn programs(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    started(source.parse().expect("Rust source"), &mut found);
    found
}

fn started(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' && only_in_tests(tokens.get(at + 1)) => {
                end_of_item(&tokens, at + 2)
            }
            TokenTree::Ident(_) => {
                let (segments, next) = path_at(&tokens, at);
                let last: Vec<&str> = segments.iter().rev().take(2).map(String::as_str).collect();
                if matches!(last[..], ["new" | "configured", "ProgramCommand" | "Program"])
                    && let Some(TokenTree::Group(group)) = tokens.get(next)
                {
                    found.extend(group.stream().into_iter().filter_map(|token| match token {
                        TokenTree::Literal(literal) => {
                            let text = literal.to_string().trim_matches('"').to_owned();
                            Some((literal.span().start().line, text))
                        }
                        _ => None,
                    }));
                }
                next
            }
            TokenTree::Group(group) => {
                started(group.stream(), found);
                at + 1
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
        };
    }
}

/// Returns the names of the types that a source declares for others, `pub` or `pub(crate)`, outside of tests.
pub(crate) fn declared_types(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    declared(source.parse().expect("Rust source"), &mut found);
    found
}

fn declared(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, word: &str| matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word);
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' && only_in_tests(tokens.get(at + 1)) => {
                end_of_item(&tokens, at + 2)
            }
            TokenTree::Ident(ident) if ident == "pub" => {
                let scope = match tokens.get(at + 1) {
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                        Some(group.stream().to_string())
                    }
                    _ => None,
                };
                let item = if scope.is_some() { at + 2 } else { at + 1 };
                let is_type = ["struct", "enum", "trait", "type", "union"].iter().any(|word| is(item, word));
                if is_type
                    && scope.is_none_or(|scope| scope == "crate")
                    && let Some(TokenTree::Ident(name)) = tokens.get(item + 1)
                {
                    found.push(name.to_string());
                }
                item
            }
            TokenTree::Group(group) => {
                declared(group.stream(), found);
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// Returns the strings that a source has outside of tests and comments, with their lines.
pub(crate) fn strings(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    written(source.parse().expect("Rust source"), &mut found);
    found
}

/// Whether this is the `[doc = "…"]` that a comment becomes.
fn is_comment(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}

fn written(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' && only_in_tests(tokens.get(at + 1)) => {
                end_of_item(&tokens, at + 2)
            }
            TokenTree::Group(group) if !is_comment(group) => {
                written(group.stream(), found);
                at + 1
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if let Some((_, text)) = text.split_once('"') {
                    found.push((
                        literal.span().start().line,
                        text.trim_end_matches('#').trim_end_matches('"').to_owned(),
                    ));
                }
                at + 1
            }
            _ => at + 1,
        };
    }
}

/// Returns the modules that a source declares for tests alone: `#[cfg(test)] mod NAME;`.
pub(crate) fn test_modules(source: &str) -> Vec<String> {
    let tokens: Vec<TokenTree> = source.parse::<TokenStream>().expect("Rust source").into_iter().collect();
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#') && only_in_tests(tokens.get(at + 1)) {
            let item = &tokens[at + 2..end_of_item(&tokens, at + 2)];
            let module = item.iter().position(|token| matches!(token, TokenTree::Ident(ident) if ident == "mod"));
            if let Some(TokenTree::Ident(name)) = module.and_then(|module| item.get(module + 1))
                && item.last().is_some_and(is_semicolon)
            {
                names.push(name.to_string());
            }
        }
    }
    names
}

fn walk(tokens: TokenStream, found: &mut Vec<SourcePath>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' && only_in_tests(tokens.get(at + 1)) => {
                end_of_item(&tokens, at + 2)
            }
            TokenTree::Ident(ident) if ident == "use" && !is_captured(tokens.get(at + 1)) => {
                let end = tokens[at..].iter().position(is_semicolon).map_or(tokens.len(), |length| at + length);
                use_tree(&[], &tokens[at + 1..end], found);
                end
            }
            TokenTree::Ident(ident) => {
                let line = ident.span().start().line;
                let (segments, next) = path_at(&tokens, at);
                if segments.len() > 1 {
                    found.push(SourcePath { line, segments, is_renamed: false });
                }
                next
            }
            TokenTree::Group(group) => {
                walk(group.stream(), found);
                at + 1
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
        };
    }
}

/// Whether this follows the `use` of `impl Trait + use<'a>`, which captures a lifetime and names nothing.
fn is_captured(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == '<')
}

/// Whether this is the `[cfg(test)]` of an attribute, or a `cfg` that contains `test` otherwise than in `not(…)`.
fn only_in_tests(attribute: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = attribute else { return false };
    let text = group.stream().to_string().replace(' ', "");
    group.delimiter() == Delimiter::Bracket && (text == "cfg(test)" || text.starts_with("cfg(all(test"))
}

/// Returns the place after an item: after its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_end = |token: &TokenTree| {
        is_semicolon(token) || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    // `use a::{b, c};` ends at its semicolon, not at its braces.
    let is_use = matches!(tokens.get(start), Some(TokenTree::Ident(ident)) if ident == "use");
    let length = tokens[start..].iter().position(|token| if is_use { is_semicolon(token) } else { is_end(token) });
    length.map_or(tokens.len(), |length| start + length + 1)
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    matches!((tokens.get(at), tokens.get(at + 1)), (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second)))
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':')
}

/// Reads `a::b::c` from an identifier on, and returns it with the place after it.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        segments.push(ident.to_string());
        at += 1;
        if !is_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    (segments, at)
}

fn use_tree(prefix: &[String], tokens: &[TokenTree], found: &mut Vec<SourcePath>) {
    for branch in tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')) {
        // `use ::kube::Client` names the crate as `use kube::Client` does.
        let branch = if is_separator(branch, 0) { &branch[2..] } else { branch };
        let Some(first) = branch.first() else { continue };
        let line = first.span().start().line;
        let (segments, next) = path_at(branch, 0);
        let mut path = [prefix, &segments].concat();
        let is_word = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if ident == word);
        let is_renamed = branch.get(next).is_some_and(|token| is_word(token, "as"))
            && !branch.get(next + 1).is_some_and(|token| is_word(token, "_"));
        // `use std::fs::{self as disk}` renames what stands before.
        if is_renamed && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        match branch.get(next) {
            Some(TokenTree::Group(group)) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                use_tree(&path, &inner, found);
                continue;
            }
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => path.push("*".into()),
            _ => {}
        }
        // What a macro calls by a variable, `use $module::$item`, is named where the macro is called.
        if !path.is_empty() {
            found.push(SourcePath { line, segments: path, is_renamed });
        }
    }
}

#[test]
fn paths_are_found_in_use_items_and_in_code() {
    let source = "//! crate::doc::comment\n\
        use crate::{model::{Env, ObjectRef as Reference}, app::*};\n\
        use ::kube::Client;\n\
        /// See crate::doc::too.\n\
        fn f<'a>() { tokio::spawn(async move { let s = \"crate::a::string\"; super::super::views::open(s) }); }\n";
    let found: Vec<String> =
        paths(source).iter().map(|path| format!("{} {}", path.line, path.segments.join("::"))).collect();
    assert_eq!(
        found,
        [
            "2 crate::model::Env",
            "2 crate::model::ObjectRef",
            "2 crate::app::*",
            "3 kube::Client",
            "5 tokio::spawn",
            "5 super::super::views::open"
        ]
    );
}

#[test]
fn what_a_macro_names_by_a_variable_is_found_where_it_is_called() {
    let source = "macro_rules! verbs { ($($module:ident::$verb:ident,)+) => { $(pub use $module::$verb;)+ } }\n\
        verbs! { delete::Delete, }";
    let found: Vec<String> = paths(source).iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(found, ["delete::Delete"]);
}

#[test]
fn modules_for_tests_alone_are_known() {
    let source = "#[cfg(test)]\npub(crate) mod testing;\nmod logs;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod inline { mod x; }\n\
        #[cfg(test)]\nuse crate::app::App;\nmod watch;";
    assert_eq!(test_modules(source), ["testing", "tests"]);
}

#[test]
fn a_captured_lifetime_is_no_use_item() {
    let found =
        paths("fn f<'a>(&'a self) -> impl Iterator<Item = crate::model::Env> + use<'a> { kube::Client::new() }");
    let found: Vec<String> = found.iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(found, ["crate::model::Env", "kube::Client::new"]);
}

#[test]
fn what_only_tests_name_is_left_out() {
    let source = "#[cfg(test)]\nuse crate::sim::{Sim, Scenario};\nuse crate::model::Env;\n\
        #[cfg(test)]\n#[path = \"x.rs\"]\nmod tests { use crate::app::App; }\n\
        #[cfg(not(test))]\nuse crate::yaml::parse;\n";
    let found: Vec<String> = paths(source).iter().map(|path| path.segments.join("::")).collect();
    assert_eq!(found, ["crate::model::Env", "crate::yaml::parse"]);
}
