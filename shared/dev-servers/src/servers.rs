//! Several servers at once, each in its folder under one parent.

use std::{net::IpAddr, path::Path, thread};

use crate::{Error, Kafka, LOOPBACK, Postgres, PostgresOptions, Redis};

/// Which servers to start.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where they listen.
    pub address: IpAddr,
    /// PostgreSQL, and how it treats its data.
    pub postgres: Option<PostgresOptions>,
    /// Whether to start Kafka.
    pub kafka: bool,
    /// Whether to start Redis.
    pub redis: bool,
}

impl Default for Wanted {
    /// Nothing, on 127.0.0.1.
    fn default() -> Self {
        Self { address: LOOPBACK, postgres: None, kafka: false, redis: false }
    }
}

/// The running servers; all end when dropped.
#[derive(Debug)]
pub struct Servers {
    /// PostgreSQL, where wanted.
    pub postgres: Option<Postgres>,
    /// Kafka, where wanted and to be had.
    pub kafka: Option<Kafka>,
    /// Why Kafka is not there although it was wanted: it, Java or Maven could not be had.
    pub without_kafka: Option<Error>,
    /// Redis, where wanted.
    pub redis: Option<Redis>,
}

impl Servers {
    /// Starts all `wanted` servers side by side in `folder`/`postgres`, `kafka` and `redis`.
    ///
    /// A server that fails ends those already started, with one exception: where Kafka cannot be had on
    /// this machine, the others run and [`Servers::without_kafka`] says why.
    pub fn start(folder: impl AsRef<Path>, wanted: &Wanted) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let (postgres, kafka, redis) = thread::scope(|scope| {
            let postgres = scope.spawn(|| {
                let options = wanted.postgres.clone().map(|options| options.at(wanted.address));
                options.map(|options| Postgres::start(folder.join("postgres"), &options)).transpose()
            });
            let kafka = scope.spawn(|| {
                let start = || Kafka::start_at(folder.join("kafka"), wanted.address);
                wanted.kafka.then(start).transpose()
            });
            let redis =
                wanted.redis.then(|| Redis::start_at(folder.join("redis"), wanted.address)).transpose();
            (join(postgres), join(kafka), redis)
        });
        let (kafka, without_kafka) = match kafka {
            Err(error @ (Error::Missing { .. } | Error::Fetch { .. })) => (None, Some(error)),
            other => (other?, None),
        };
        Ok(Self { postgres: postgres?, kafka, without_kafka, redis: redis? })
    }
}

/// The result of a thread; its panic, should there be one, goes on in this thread.
fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
