//! The registry over HTTP, with the provider simulator behind real mutual TLS.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

#[path = "api/applications.rs"]
mod applications;
#[path = "api/control.rs"]
mod control;
#[path = "api/erasing.rs"]
mod erasing;
#[path = "api/gate.rs"]
mod gate;
#[path = "api/holders.rs"]
mod holders;
#[path = "api/outputs.rs"]
mod outputs;
#[path = "api/proofs.rs"]
mod proofs;
#[path = "api/reading.rs"]
mod reading;
#[path = "api/revocations.rs"]
mod revocations;
#[path = "api/stage.rs"]
mod stage;
#[path = "api/successors.rs"]
mod successors;

/// The operations file and the routes name the same operations, and every problem type is in the service's catalogue.
#[test]
fn the_document_is_complete() {
    let document = query_registry::service().document().unwrap();
    let operations = document["paths"].as_object().unwrap().values().map(|p| p.as_object().unwrap().len());
    assert_eq!(operations.sum::<usize>(), 52);
}
