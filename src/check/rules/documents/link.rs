//! A link to a file, a heading or an image that is not there.

use regex::Regex;
use std::sync::LazyLock;

use super::{is_document, prose};
use crate::check::{Context, File, Finding, Look, Rule};
use crate::repo::path;

pub(in crate::check) const RULE: Rule = Rule {
    id: "document-link",
    about: "a link of a document to a file, heading or image that is not there",
    look: Look::File(look),
};

/// `[text](target)` and `![text](target "title")`.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\]\(<?([^)<>\s]+)>?(?:\s+["'(][^)]*)?\)"#).ok());

fn look(file: &File, context: &Context<'_>, found: &mut Vec<Finding>) {
    let (Some(link), true) = (LINK.as_ref(), is_document(&file.path)) else { return };
    let text = file.text.as_deref().unwrap_or_default();
    for (number, line) in prose(text) {
        // What stands in backquotes is code.
        let shown: String =
            line.split('`').enumerate().filter(|(index, _)| index % 2 == 0).map(|(_, part)| part).collect();
        for target in link.captures_iter(&shown).filter_map(|hit| hit.get(1)).map(|hit| hit.as_str()) {
            if target.contains("://")
                || target.starts_with("mailto:")
                || target.starts_with("tel:")
                || target.contains('{')
            {
                continue;
            }
            if let Some(message) = missing(file, context, target) {
                let why = "who follows it in trouble finds nothing";
                let fix = "correct the link, or add what it leads to";
                found.push(Finding::new(RULE.id, &file.path, message, why, fix).on(number).warning());
            }
        }
    }
}

fn missing(file: &File, context: &Context<'_>, target: &str) -> Option<String> {
    let (place, heading) = target.split_once('#').map_or((target, None), |(place, heading)| (place, Some(heading)));
    let place = place.split('?').next().unwrap_or_default().replace("%20", " ");
    let root = &context.snapshot.root;
    let (name, text) = if place.is_empty() {
        (file.path.clone(), file.text.clone())
    } else {
        // From the folder of the document, or from the root when it begins with a slash, as GitHub reads it.
        let name = match place.strip_prefix('/') {
            Some(rest) => path::resolve("", rest),
            None => path::resolve(path::parent(&file.path), &place),
        };
        // What leads out of the repository cannot be looked at.
        let name = name?;
        let full = root.join(&name);
        if !full.exists() {
            return Some(format!("the link to {target} leads nowhere: there is no {name}"));
        }
        let text = std::fs::read_to_string(&full).ok();
        (name, text)
    };
    let heading = heading.filter(|_| is_document(&name))?;
    // GitHub's own anchors, such as L10 of a file or fragments of text.
    let is_special = heading.is_empty() || heading.starts_with(":~:");
    let known = anchors(&text?);
    (!is_special && !known.contains(&heading.to_lowercase())).then(|| format!("{name} has no heading #{heading}"))
}

/// Lists the anchors that GitHub gives the headings of a document: small letters, no punctuation, dashes for spaces, numbered when twice;
/// and those that are written as HTML.
fn anchors(text: &str) -> Vec<String> {
    let (mut found, mut slugs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut last = "";
    for (_, line) in prose(text) {
        let under = !last.trim().is_empty()
            && !line.trim().is_empty()
            && (line.chars().all(|c| c == '=') || line.chars().all(|c| c == '-'));
        let title = match line.trim_start_matches('#') {
            rest if rest.len() < line.len() && rest.starts_with(' ') => Some(rest),
            _ if under => Some(last),
            _ => None,
        };
        if let Some(title) = title {
            let slug: String = title
                .trim()
                .trim_end_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect();
            let count = slugs.iter().filter(|known| **known == slug).count();
            found.push(if count == 0 { slug.clone() } else { format!("{slug}-{count}") });
            slugs.push(slug);
        }
        for mark in ["id=\"", "name=\""] {
            found.extend(line.split(mark).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_lowercase())));
        }
        last = line;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::anchors;

    #[test]
    fn headings_have_the_anchors_of_github() {
        let found = anchors(
            "# Set it up!\n\n## Keys & recipients\nUnder\n-----\n<a id=\"Own\"></a>\n```\n# no heading\n```\n## Set it up!\n",
        );
        for anchor in ["set-it-up", "keys--recipients", "under", "own", "set-it-up-1"] {
            assert!(found.iter().any(|known| known == anchor), "{anchor}: {found:?}");
        }
        assert!(!found.iter().any(|known| known == "no-heading"));
    }
}
