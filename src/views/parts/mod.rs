//! The shared parts of several screens: none is a screen, and only the editor part opens anything by itself.

pub(crate) mod abridged;
pub(crate) mod columns;
pub mod editor;
pub(crate) mod kept;
pub mod loaded;
pub mod page;
pub mod paged;
mod row_filter;
pub mod row_list;
mod row_order;
pub mod tabs;
