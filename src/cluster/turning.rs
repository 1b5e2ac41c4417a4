//! Lists in pages, and that they end: a server that always names another page is told so.

use super::exchange::Failure;

/// The most pages of a list: at 500 objects each, a million.
const MOST: usize = 2000;

/// Counts the pages of a list.
#[derive(Debug, Default)]
pub(crate) struct Turning {
    turned: usize,
    last: String,
}

impl Turning {
    /// Takes where the next page begins; `false` is the end of the list.
    ///
    /// # Errors
    /// Fails where the list does not end: the page that was just read comes next, or there were too many.
    pub(crate) fn turn(&mut self, next: &str) -> Result<bool, Failure> {
        if next.is_empty() {
            return Ok(false);
        }
        if next == self.last {
            return Err(Failure::Unreadable("after a page of a list the same page comes again".to_owned()));
        }
        self.turned += 1;
        if self.turned >= MOST {
            return Err(Failure::Unreadable(format!("a list has more than {MOST} pages, and the rest was not read")));
        }
        next.clone_into(&mut self.last);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Turning};

    #[test]
    fn a_list_ends() {
        let mut turning = Turning::default();
        assert!(turning.turn("a").unwrap() && turning.turn("b").unwrap() && !turning.turn("").unwrap());
        assert!(turning.turn("b").unwrap_err().fault("staging", "list pods").why.contains("comes again"));
        let mut turning = Turning::default();
        let turned = (0..).find(|page| turning.turn(&format!("page {page}")).is_err());
        assert_eq!(turned, Some(MOST - 1));
    }
}
