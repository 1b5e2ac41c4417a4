//! The secret parts of a plain text, which a screen masks until the user reveals them.

use super::edit::draft;
use super::edit::opened::Opened;
use super::edit::seal::Plan;
use super::format::Format;
use crate::secret::Secret;

impl Opened {
    /// Returns for each line of a text such as of [`Opened::plaintext`] the character from which it is secret; `None`
    /// if it is not. In a text that cannot be parsed, such as during typing, every value is secret.
    pub fn hidden(&self, text: &Secret) -> Vec<Option<usize>> {
        let lines: Vec<&str> = text.expose().split('\n').collect();
        if self.file().format() == Format::Binary {
            return vec![Some(0); lines.len()];
        }
        let Ok(parsed) = draft::read(self.file().format(), text, &self.keep) else {
            return lines.into_iter().map(value_start).collect();
        };
        let plan = Plan::new(&parsed, &self.file().rule, &self.keep);
        let leaves = parsed.leaves.iter().zip(&plan.leaves).filter(|(leaf, _)| !leaf.alias);
        let values = leaves.filter(|(_, secret)| **secret).map(|(leaf, _)| leaf.span.clone());
        let comments = parsed.comments.iter().zip(&plan.comments);
        let comments = comments.filter(|(_, secret)| **secret).map(|(comment, _)| comment.span.clone());
        let mut ranges: Vec<_> = values.chain(comments).filter(|range| !range.is_empty()).collect();
        ranges.sort_by_key(|range| range.start);
        let mut found = Vec::with_capacity(lines.len());
        let mut start = 0_usize;
        for line in lines {
            let end = start.saturating_add(line.len());
            // Ranges may nest if a comment is in a value's lines; the first one decides.
            let first = ranges.iter().find(|range| range.start <= end && range.end > start);
            found.push(first.map(|range| {
                let indent = line.len().saturating_sub(line.trim_start().len());
                let at = range.start.checked_sub(start).unwrap_or(indent);
                line.get(..at).map_or(0, |before| before.chars().count())
            }));
            start = end.saturating_add(1);
        }
        found
    }
}

/// Finds the beginning of a line's value without parsing the text: after its colon or equals sign, else after its
/// indentation.
fn value_start(line: &str) -> Option<usize> {
    let body = line.trim_start();
    if body.trim_end().is_empty() || body.trim_end().ends_with(':') {
        return None;
    }
    let indent = line.len().saturating_sub(body.len());
    let at = [": ", "= ", "="].iter().filter_map(|sign| Some(line.find(sign)?.saturating_add(sign.len()))).min();
    Some(line.get(..at.unwrap_or(indent)).map_or(0, |before| before.chars().count()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::secret::Secret;
    use crate::sops::{Format, NewFile, Opened, SopsFile, create, generate};

    fn opened(format: Format, text: &str, regex: &str) -> Opened {
        let (key, recipient) = generate();
        let file = NewFile::for_recipients(&[recipient], regex);
        let sealed = create(format, &Secret::new(text), &file, Timestamp::UNIX_EPOCH).unwrap();
        let identities = crate::sops::Identities::from_text(&key).unwrap();
        SopsFile::parse(format, sealed).unwrap().decrypt(&identities).unwrap()
    }

    /// Returns a text as a masking screen shows it.
    fn masked(opened: &Opened, text: &str) -> String {
        let hidden = opened.hidden(&Secret::new(text));
        let lines = text.split('\n').zip(hidden).map(|(line, at)| match at {
            Some(at) => line.chars().take(at).collect::<String>() + "#",
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_is_encrypted_is_hidden_line_by_line_and_all_of_it_while_the_text_cannot_be_read() {
        let text = "kind: Secret # é\nmetadata:\n  name: app\nstringData:\n  # why\n  a: hunter2\n  b: |-\n    hunter3\n\n    hunter4\n  c: {d: hunter5, e: 1}\n  f: \"\"\n";
        let file = opened(Format::Yaml, text, "^stringData$");
        assert_eq!(
            masked(&file, text),
            "kind: Secret # é\nmetadata:\n  name: app\nstringData:\n  #\n  a: #\n  b: #\n    #\n#\n    #\n  c: {d: #\n  f: #\n"
        );
        let broken = "kind: Secret\nstringData:\n  a: hunter2\n  b: |-\n    hunter3\n  'x\n";
        assert_eq!(masked(&file, broken), "kind: #\nstringData:\n  a: #\n  b: #\n    #\n  #\n");
        let json = "{\n  \"a\": \"hunter2\",\n  \"b_x\": 1\n}\n";
        assert_eq!(masked(&opened(Format::Json, json, "^a$"), json), "{\n  \"a\": #\n  \"b_x\": 1\n}\n");
        let lines = "A=hunter2\nB=x\n";
        assert_eq!(masked(&opened(Format::Dotenv, lines, "^A$"), lines), "A=#\nB=x\n");
    }
}
