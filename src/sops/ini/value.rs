//! The values of an INI file, and writing one with the same meaning.

use crate::secret::Secret;
use crate::sops::value::Value;

/// The quotes around literal text, over several lines, too.
const RAW: [&str; 2] = ["\"\"\"", "`"];

/// Holds a written value.
pub(super) struct Written {
    /// Its start after the delimiter, and its length, in bytes.
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) says: Secret,
}

/// Reads the value at the start of a text, which goes on to the end of the file; the error names the fault.
pub(super) fn read(text: &str) -> Result<Written, &'static str> {
    let line = text.split('\n').next().unwrap_or_default();
    let start = line.len().saturating_sub(line.trim_start().len());
    let rest = text.get(start..).unwrap_or_default();
    let line = line.trim();
    let written = |length: usize, says: &str| Ok(Written { start, length, says: Secret::new(says) });
    // As in that library, three quotes alone on a line are no opening.
    if let Some(quote) = RAW.into_iter().find(|quote| line.starts_with(quote) && (*quote == "`" || line.len() > 3)) {
        return raw(rest, quote).map(|(length, says)| Written { start, length, says: Secret::new(says) });
    }
    if line.ends_with('\\') {
        return Err("a value that ends with a backslash goes on in the next line; put it between backquotes (`…`)");
    }
    if line.contains(['#', ';']) {
        return Err("what follows # or ; is taken for a comment and cut off; put the value between backquotes (`…`)");
    }
    let surrounded = ['\'', '"'].into_iter().find_map(|quote| {
        let inner = line.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    });
    written(line.len(), surrounded.unwrap_or(line))
}

/// Reads the text between raw quotes: to the last of them on the line, else to the last on the first line that has one.
fn raw<'a>(text: &'a str, quote: &str) -> Result<(usize, &'a str), &'static str> {
    let open = quote.len();
    let body = text.get(open..).unwrap_or_default();
    let mut offset: usize = 0;
    for line in body.split_inclusive('\n') {
        if let Some(position) = line.rfind(quote) {
            let end = offset.saturating_add(position);
            if !line.get(position.saturating_add(open)..).unwrap_or_default().trim().is_empty() {
                return Err("something stands behind the closing quote and is cut off");
            }
            let length = open.saturating_add(end).saturating_add(open);
            return Ok((length, body.get(..end).unwrap_or_default()));
        }
        offset = offset.saturating_add(line.len());
    }
    Err("the closing quote is missing")
}

/// Writes a value, in quotes if it needs them. The read-back finds a value that no quotes can hold.
pub(in crate::sops) fn plain(value: &Value) -> Secret {
    let text = value.canonical.expose();
    if read(text).is_ok_and(|bare| bare.says.expose() == text && !text.contains(['\n', '\r'])) {
        return value.canonical.duplicate();
    }
    let quoted = ["`", "\"\"\""].map(|quote| Secret::new(format!("{quote}{text}{quote}")));
    let [first, second] = quoted;
    if read(first.expose()).is_ok_and(|bare| bare.says.expose() == text) { first } else { second }
}

#[cfg(test)]
mod tests {
    use super::{plain, read};
    use crate::sops::value::Value;

    #[test]
    fn values_are_read_as_the_library_of_sops_reads_them() {
        let says = |text: &str| read(text).map(|written| written.says.expose().to_owned());
        for (text, value) in [
            (" a b \n", "a b"),
            ("\"a\"", "a"),
            ("'a'\nb", "a"),
            ("\"a\"b\"", "\"a\"b\""),
            ("hun\"ter2", "hun\"ter2"),
            (" `a ; b`", "a ; b"),
            ("\"\"\"x\ny\"\"\"\nz", "x\ny"),
            ("", ""),
            ("\"", "\""),
        ] {
            assert_eq!(says(text).as_deref(), Ok(value), "{text}");
        }
        for text in ["a # b", "http://x#y", "a;b", "a\\", "`a", "`a` b"] {
            assert!(says(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_says_the_same() {
        for text in ["a", "", " a ", "a;b", "a\\", "\"a\"", "'", "`", "a\nb\n", "it's", "\"\"\"", "x`y#z", "é"] {
            let written = plain(&Value::text(text));
            let again = read(written.expose()).map(|written| written.says.expose().to_owned());
            assert_eq!(again.as_deref(), Ok(text), "{}", written.expose());
        }
        assert_eq!(plain(&Value::text("a b")).expose(), "a b");
    }
}
