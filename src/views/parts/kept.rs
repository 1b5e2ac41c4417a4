//! Values derived for the screen, kept until their source changes, so that a key does not derive them again.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// Keeps the last derived value with its source.
#[derive(Debug)]
pub(crate) struct Kept<K, T>(RefCell<Option<(K, Arc<T>)>>);

impl<K, T> Default for Kept<K, T> {
    fn default() -> Self {
        Self(RefCell::new(None))
    }
}

impl<K: PartialEq, T> Kept<K, T> {
    /// Returns the value derived from the same source, else derives it.
    pub(crate) fn get_or_make(&self, of: K, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some((before, made)) = &*self.0.borrow()
            && *before == of
        {
            return Arc::clone(made);
        }
        let new = Arc::new(make());
        *self.0.borrow_mut() = Some((of, Arc::clone(&new)));
        new
    }

    /// Drops the value: something else that it depends on has changed.
    pub(crate) fn forget(&self) {
        self.0.take();
    }
}

/// Names one shared value, without keeping it alive: equal to itself alone, even if another value takes its address.
#[derive(Debug)]
pub(crate) struct SameValue<T: ?Sized>(Weak<T>);

impl<T: ?Sized> SameValue<T> {
    /// Names a value.
    pub(crate) fn new(value: &Arc<T>) -> Self {
        Self(Arc::downgrade(value))
    }
}

impl<T: ?Sized> PartialEq for SameValue<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, SameValue};
    use std::sync::Arc;

    #[test]
    fn it_is_made_once_for_each_thing() {
        let (one, other) = (Arc::new(1), Arc::new(1));
        let (kept, made) = (Kept::default(), std::cell::Cell::new(0));
        let ask = |of: &Arc<i32>| {
            kept.get_or_make(SameValue::new(of), || made.set(made.get() + 1));
        };
        ask(&one);
        ask(&one);
        assert_eq!(made.get(), 1);
        ask(&other);
        assert_eq!(made.get(), 2, "an equal value is another one");
        kept.forget();
        ask(&other);
        assert_eq!(made.get(), 3);
    }
}
