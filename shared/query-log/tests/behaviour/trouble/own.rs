//! A PostgreSQL of the test's own, and a way to it that a test can cut, hold up, or lead to another server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dev_servers::{Postgres, PostgresOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::common::World;

/// What PostgreSQL says when a batch is written: outside a transaction only after COMMIT.
pub const WRITTEN: &str = "INSERT 0 ";
/// What it says after the COMMIT of a batch that opens a month.
pub const COMMITTED: &str = "COMMIT\0";

/// The server; it ends before its folder goes.
pub struct Own {
    pub running: Option<Postgres>,
    pub way: Way,
    folder: tempfile::TempDir,
}

impl Own {
    /// Starts one in the folder `first`, with its own settings.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = block_in_place(|| Postgres::start(folder.path().join("first"), &options())).unwrap();
        let way = Way::to(running.address()).await;
        Self { running: Some(running), way, folder }
    }

    /// A fresh world that comes to it by the way.
    pub async fn world(&self) -> World {
        World::at(&self.url()).await
    }

    /// By the way.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.way.address)
    }

    pub fn running(&self) -> &Postgres {
        self.running.as_ref().unwrap()
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends it without warning.
    pub fn crash(&mut self) {
        let running = self.running.take().unwrap();
        block_in_place(|| running.crash()).unwrap();
    }

    /// Leads the way to the server that starts from the folder `name`.
    pub fn start_in(&mut self, name: &str) {
        let running = self.started(name);
        self.way.lead_to(running.address());
        self.running = Some(running);
    }

    /// Starts another server from the folder `name`.
    pub fn started(&self, name: &str) -> Postgres {
        block_in_place(|| Postgres::start(self.folder(name), &options())).unwrap()
    }
}

/// A server that does not wait for its disk, by default: when it crashes here its machine does not, and what a leader
/// commits must be on its way to the disk whatever the server's settings say.
fn options() -> PostgresOptions {
    let options = PostgresOptions::throwaway().with("full_page_writes", "on");
    options.with("shared_buffers", "32MB").with("max_connections", "60")
}

/// Where a way leads. Connections by it end when that changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Server(SocketAddr),
    /// Whoever comes is turned away.
    Nowhere,
    /// Whoever comes waits.
    Later,
}

/// The answer that is swallowed next.
type Swallows = Arc<Mutex<Option<&'static str>>>;

pub struct Way {
    pub address: SocketAddr,
    to: watch::Sender<To>,
    held: watch::Sender<bool>,
    swallows: Swallows,
}

impl Way {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let way = Self {
            address,
            to: watch::Sender::new(To::Server(server)),
            held: watch::Sender::new(false),
            swallows: Arc::default(),
        };
        let (to, held, swallows) = (way.to.clone(), way.held.clone(), Arc::clone(&way.swallows));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to.clone(), held.subscribe(), Arc::clone(&swallows)));
            }
        });
        way
    }

    /// Cuts it; nothing comes through any more when this returns.
    pub async fn cut(&self) {
        self.to.send_replace(To::Nowhere);
        self.to.closed().await;
    }

    pub fn lead_to(&self, server: SocketAddr) {
        self.to.send_replace(To::Server(server));
    }

    /// Nothing that a client says comes through any more, and nobody notices; or all of it does again.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// The next answer that says `what` is swallowed; then the connections end, and whoever comes waits until the way
    /// leads somewhere again.
    pub fn swallow(&self, what: &'static str) {
        *self.swallows.lock().unwrap() = Some(what);
    }

    pub async fn until_swallowed(&self) {
        self.to.subscribe().wait_for(|to| *to == To::Later).await.unwrap();
    }
}

async fn pass(client: TcpStream, to: watch::Sender<To>, held: watch::Receiver<bool>, swallows: Swallows) {
    let mut led = to.subscribe();
    let Ok(To::Server(address)) = led.wait_for(|to| *to != To::Later).await.map(|to| *to) else { return };
    let Ok(server) = TcpStream::connect(address).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        _ = led.changed() => {}
        () = asked(from_client, to_server, held) => {}
        swallowed = answered(from_server, to_client, &swallows) => if swallowed {
            to.send_replace(To::Later);
        },
    }
}

async fn asked(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, mut held: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = client.read(&mut bytes).await {
        if held.wait_for(|held| !held).await.is_err() || server.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Whether it swallowed an answer.
async fn answered(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, swallows: &Swallows) -> bool {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = server.read(&mut bytes).await {
        let answer = &bytes[..count];
        let says = |what: &mut &str| answer.windows(what.len()).any(|part| part == what.as_bytes());
        if swallows.lock().unwrap().take_if(says).is_some() {
            return true;
        }
        if client.write_all(answer).await.is_err() {
            return false;
        }
    }
    false
}
