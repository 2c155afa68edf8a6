//! Private PostgreSQL, Kafka and Redis servers as child processes, for the start on a bare machine and
//! for tests. Not for production.
//!
//! Each server lives in a folder of its own, listens on 127.0.0.1 (unless told otherwise) on a port that was free, and never
//! touches a server that the machine already runs. A folder that is kept is a server that can be started
//! again on the same data.
//!
//! A server ends when its handle is dropped, and also when this process ends in any other way, `SIGKILL`
//! included: each child asks the kernel for a signal at its parent's death. The kernel means the parent
//! *thread*, so every child is born of one thread that lives as long as the process.
//!
//! All calls block; call them from a plain thread or `spawn_blocking` where that matters.
//!
//! ```no_run
//! use dev_servers::{Postgres, PostgresOptions};
//! # fn main() -> Result<(), dev_servers::Error> {
//! let postgres = Postgres::start(".data/postgres", &PostgresOptions::durable())?;
//! let url = postgres.create_database("account")?;
//! # let _ = url; Ok(()) }
//! ```

mod account;
mod error;
mod folder;
mod kafka;
mod port;
mod postgres;
mod process;
mod redis;
mod servers;

/// Where servers listen unless told otherwise.
pub(crate) const LOOPBACK: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub use error::Error;
pub use kafka::{KAFKA_VERSION, Kafka};
pub use port::free_port;
pub use postgres::{Postgres, PostgresOptions};
pub use redis::Redis;
pub use servers::{Servers, Wanted};
