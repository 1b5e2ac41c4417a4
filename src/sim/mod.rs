//! An API server in the process, scripted from scenarios, behind a real `kube::Client`: for the demo and for tests.
