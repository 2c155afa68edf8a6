//! A way to a server that a test can cut: connections through it end, and new ones are refused, until it is mended.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The way.
pub struct Link {
    /// Where clients connect.
    pub address: SocketAddr,
    to: SocketAddr,
    listening: Option<JoinHandle<()>>,
    open: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Link {
    /// A way to `to`.
    pub async fn to(to: SocketAddr) -> Self {
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut link = Self { address: free, to, listening: None, open: Arc::default() };
        link.mend().await;
        link
    }

    /// Cuts it; nothing comes through any more when this returns.
    pub async fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            end(listening).await;
        }
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for connection in open {
            end(connection).await;
        }
    }

    /// Mends it, at the same address.
    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (to, open) = (self.to, Arc::clone(&self.open));
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                open.lock().unwrap().push(tokio::spawn(pass(client, to)));
            }
        }));
    }
}

/// Whatever the task held is let go when this returns.
async fn end(task: JoinHandle<()>) {
    task.abort();
    let _ = task.await;
}

async fn pass(mut client: TcpStream, to: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(to).await {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
