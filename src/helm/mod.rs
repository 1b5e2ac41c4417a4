//! Helm for the inspector: releases decoded from their storage, values with their origin, differences of revisions.
//!
//! Based on helm 3.19, helm-controller 1.4 and fluxcd/pkg chartutil 1.15; no helm program is run.

pub mod diff;
pub mod inspector;
pub mod release;
pub mod revision;
pub mod storage;
pub mod strvals;
pub mod values;

pub use inspector::{Inspection, effective_values, history, inspect, release};
pub use release::HelmRelease;
pub use revision::{Comparison, RenderedManifest, compare, next_values, notes_of, rendered_of, values_of};
pub use storage::{Release, ReleaseRevision};
pub use values::ValueRow;
