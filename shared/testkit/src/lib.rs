//! A service for tests: on port 0, against the real PostgreSQL that `make test` starts, with a database of its own, a
//! clock that the test moves, and a development PKI that makes every card and token the test asks for.

mod app;
mod database;
pub mod duties;
mod ocsp;
mod people;
mod response;

pub use app::{TestApp, TestAppBuilder};
pub use ocsp::OcspServer;
pub use people::TestPerson;
pub use response::TestResponse;
