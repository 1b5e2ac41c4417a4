//! The pages of a list, and its end: a server that names another page forever is reported.

use super::failure::Failure;

/// The most pages of a list: at 500 objects each, 200,000.
const MOST: usize = 400;

/// The size of a short page; after too many of them in a row the list counts as endless. With a selector, a server may
/// send short pages; it fills them as far as it can.
const SHORT: usize = 50;
const MOST_SHORT: usize = 100;

/// The greatest average length of a list's objects: etcd accepts 1.5 MiB by default, and no server is known to accept
/// more than 8.
const LONGEST_OBJECT: usize = 8 << 20;

/// The length of a page up to which its objects are not weighed.
const WEIGHED_FROM: usize = 16 << 20;

/// The most objects of a list, and of one page: some servers ignore the requested limit.
const MOST_OBJECTS: usize = 1_000_000;
const MOST_OF_PAGE: usize = 100_000;

/// The most bytes of a list: 100,000 whole pods are 1.2 GB.
const MOST_BYTES: usize = 2 << 30;

/// Counts the pages of a list.
#[derive(Debug, Default)]
pub(crate) struct Turning {
    turned: usize,
    objects: usize,
    bytes: usize,
    short: usize,
    last: String,
}

impl Turning {
    /// Counts a page: its objects, and its length.
    ///
    /// # Errors
    /// Fails where the list exceeds its limits.
    pub(crate) fn took(&mut self, objects: usize, bytes: usize) -> Result<(), Failure> {
        self.objects = self.objects.saturating_add(objects);
        self.bytes = self.bytes.saturating_add(bytes);
        self.short = if objects < SHORT { self.short + 1 } else { 0 };
        let what = if objects > MOST_OF_PAGE {
            format!("a page of a list holds more than {MOST_OF_PAGE} objects")
        } else if self.objects > MOST_OBJECTS {
            format!("a list has more than {MOST_OBJECTS} objects")
        } else if self.short > MOST_SHORT {
            format!("a list goes on for {MOST_SHORT} pages with next to nothing in them")
        } else if self.bytes > WEIGHED_FROM && self.bytes / self.objects.max(1) > LONGEST_OBJECT {
            format!("a list holds objects of more than {} MiB", LONGEST_OBJECT >> 20)
        } else if self.bytes > MOST_BYTES {
            format!("a list is longer than {} MiB", MOST_BYTES >> 20)
        } else {
            return Ok(());
        };
        Err(Failure::Unreadable(format!("{what}, and the rest was not read")))
    }

    /// Takes the token of the next page; returns `false` at the end of the list.
    ///
    /// # Errors
    /// Fails where the list does not end: the same page comes next, or there were too many.
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
        let turned = (0..MOST * 2).find(|page| turning.turn(&format!("page {page}")).is_err());
        assert_eq!(turned, Some(MOST - 1));
    }

    #[test]
    fn a_list_is_no_longer_than_any_list() {
        let pages = |objects: usize, bytes: usize| {
            let mut turning = Turning::default();
            (1..10_000).find(|_| turning.took(objects, bytes).is_err()).unwrap()
        };
        assert_eq!(pages(super::MOST_OF_PAGE + 1, 1), 1);
        assert_eq!(pages(500, 1), super::MOST_OBJECTS / 500 + 1);
        assert_eq!(pages(500, 64 << 20), (super::MOST_BYTES >> 26) + 1);
        assert_eq!((pages(1, 60 << 20), pages(1, 1 << 20)), (1, super::MOST_SHORT + 1));
    }
}
