//! The extent of parts of a YAML text: lines, commas, block scalars.

use std::ops::Range;

/// Returns the start of a position's line.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |position| position.saturating_add(1))
}

/// Returns the start of the line after a position's.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let after = text.get(at..).unwrap_or_default();
    at.saturating_add(after.find('\n').map_or(after.len(), |position| position.saturating_add(1)))
}

/// Extends a span to its whole lines.
pub(super) fn whole_lines(text: &str, span: &Range<usize>) -> Range<usize> {
    line_start(text, span.start)..line_end(text, span.end)
}

/// Extends the span of an entry in brackets to the comma that must go with it: the one before it, else the one after
/// it.
pub(super) fn with_comma(text: &str, span: &Range<usize>) -> Range<usize> {
    let before = text.get(..span.start).unwrap_or_default();
    if let Some(shorter) = before.trim_end().strip_suffix(',') {
        return shorter.len()..span.end;
    }
    let after = text.get(span.end..).unwrap_or_default();
    match after.trim_start().strip_prefix(',') {
        Some(rest) => span.start..text.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len()),
        None => span.clone(),
    }
}

/// Finds the end of the last read document: the next line with `---` or `...`, or the end of the text.
pub(super) fn document_end(text: &str, last_end: usize) -> usize {
    let rest = text.get(last_end..).unwrap_or_default();
    let mut offset = last_end;
    for line in rest.split_inclusive('\n') {
        let at_line_start = offset == 0 || text.get(..offset).is_some_and(|before| before.ends_with('\n'));
        if at_line_start && offset > last_end && (line.starts_with("---") || line.starts_with("...")) {
            return offset;
        }
        offset = offset.saturating_add(line.len());
    }
    text.len()
}

/// Finds the place for an empty value, which is after its colon or dash; `false` if it has neither, as in `{a, b}`. In
/// brackets the parser reports it before its colon.
pub(super) fn missing(text: &str, start: usize) -> (Range<usize>, bool) {
    let (before, rest) = text.split_at_checked(start).unwrap_or_default();
    let behind = rest.trim_start_matches([' ', '\t']);
    if behind.starts_with(':') {
        let position = start.saturating_add(rest.len().saturating_sub(behind.len())).saturating_add(1);
        return (position..position, true);
    }
    (start..start, before.trim_end().ends_with([':', '-']))
}

/// Finds the bytes of a block scalar. Its span excludes the header (`|-`) and runs on to the next token, over comments
/// and blank lines.
pub(super) fn block_scalar(text: &str, bytes: &Range<usize>) -> Range<usize> {
    let before = text.get(..bytes.start).unwrap_or_default();
    let header = header_start(before).unwrap_or(bytes.start);
    let content = text.get(header..bytes.end).unwrap_or_default();
    let mut lines = content.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let mut end = header.saturating_add(first.trim_end().len());
    let mut offset = header.saturating_add(first.len());
    let mut indent = None;
    for line in lines {
        let filled = line.trim_end_matches(['\n', '\r']);
        let depth = filled.len().saturating_sub(filled.trim_start_matches(' ').len());
        if !filled.trim().is_empty() {
            // With an explicit indentation indicator the first line may be the deepest, so the smallest indentation of
            // content counts.
            let least = *indent.get_or_insert(depth);
            if depth < least && filled.trim_start().starts_with('#') {
                break;
            }
            end = offset.saturating_add(filled.len());
        }
        offset = offset.saturating_add(line.len());
    }
    header..end
}

/// Finds the `|` or `>` that begins a block in the line before its content: the first with only an indicator or a
/// comment after it.
fn header_start(before: &str) -> Option<usize> {
    let start = before.trim_end().rfind('\n').map_or(0, |position| position.saturating_add(1));
    let line = before.get(start..)?;
    let (position, _) = line.match_indices(['|', '>']).find(|(position, indicator)| {
        let rest = line.get(position.saturating_add(indicator.len())..).unwrap_or_default();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
        after.trim().is_empty() || after.starts_with([' ', '\t']) && after.trim_start().starts_with('#')
    })?;
    Some(start.saturating_add(position))
}
