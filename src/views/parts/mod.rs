//! Parts that several screens are made of: none of them is a screen, or opens anything by itself but the operator's editor.

pub mod editor;
pub(crate) mod kept;
pub mod loaded;
pub mod page;
pub mod paged;
mod row_filter;
pub mod row_list;
pub mod tabs;
