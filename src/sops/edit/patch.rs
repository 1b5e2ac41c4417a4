//! Replacing spans of a text, and nothing else in it.

use std::ops::Range;

use crate::secret::Secret;

/// Collects the replacements.
#[derive(Default)]
pub(in crate::sops) struct Patches(Vec<(Range<usize>, Secret)>);

impl Patches {
    /// Adds a replacement: the bytes, and their new text.
    pub(in crate::sops) fn put(&mut self, (span, text): (Range<usize>, Secret)) {
        self.0.push((span, text));
    }

    /// Returns the text with all replacements applied; `None` if two overlap or one is outside of the text.
    pub(in crate::sops) fn apply(mut self, text: &str) -> Option<Secret> {
        self.0.sort_by_key(|(span, _)| (span.start, span.end));
        let added: usize = self.0.iter().map(|(_, new)| new.len()).sum();
        // The full capacity from the start, so that growing leaves no copy of a secret in memory.
        let mut patched = String::with_capacity(text.len().saturating_add(added));
        let mut done = 0;
        for (span, new) in &self.0 {
            patched.push_str(text.get(done..span.start)?);
            patched.push_str(new.expose());
            done = span.end;
        }
        patched.push_str(text.get(done..)?);
        Some(Secret::new(patched))
    }
}

#[cfg(test)]
mod tests {
    use super::Patches;
    use crate::secret::Secret;

    #[test]
    fn replacements_come_in_any_order_but_never_overlap() {
        let apply = |spans: &[(usize, usize, &str)]| {
            let mut patches = Patches::default();
            for (start, end, new) in spans {
                patches.put((*start..*end, Secret::new(*new)));
            }
            patches.apply("0123456789").map(|text| text.expose().to_owned())
        };
        assert_eq!(apply(&[(7, 9, "b"), (1, 3, "aaaa")]).as_deref(), Some("0aaaa3456b9"));
        assert_eq!(apply(&[(1, 5, "a"), (3, 7, "b")]), None);
        assert_eq!(apply(&[(1, 50, "a")]), None);
    }
}
