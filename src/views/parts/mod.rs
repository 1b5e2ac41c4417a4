//! Parts that several screens are made of: none of them is a screen, or opens anything by itself but the operator's editor.

pub mod chosen;
pub mod editor;
pub(crate) mod kept;
pub mod loaded;
pub mod page;
mod row_filter;
pub mod tabs;
