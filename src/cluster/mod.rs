//! The live clusters: connect, watch, read, follow logs, reconcile. The only importer of `kube::Client` beside `sim`.
