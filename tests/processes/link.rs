//! A way to a server that a test can cut: connections through it end, and new ones are refused, until it is mended.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// The way.
pub struct Link {
    /// Where clients connect.
    pub address: SocketAddr,
    to: SocketAddr,
    listening: Option<AbortHandle>,
    open: Arc<Mutex<HashMap<u64, AbortHandle>>>,
}

impl Link {
    /// A way to `to`.
    pub async fn to(to: SocketAddr) -> Self {
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut link = Self { address: free, to, listening: None, open: Arc::default() };
        link.mend().await;
        link
    }

    /// Cuts it.
    pub fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
        for (_, connection) in self.open.lock().unwrap().drain() {
            connection.abort();
        }
    }

    /// Mends it, at the same address.
    pub async fn mend(&mut self) {
        let listener = listen(self.address).await;
        self.address = listener.local_addr().unwrap();
        let (to, open) = (self.to, Arc::clone(&self.open));
        let accepting = tokio::spawn(async move {
            let mut number = 0;
            while let Ok((client, _)) = listener.accept().await {
                number += 1;
                let passing = tokio::spawn(pass(client, to));
                open.lock().unwrap().insert(number, passing.abort_handle());
            }
        });
        self.listening = Some(accepting.abort_handle());
    }
}

/// The task that listened may take a moment to let go of the address.
async fn listen(address: SocketAddr) -> TcpListener {
    for _ in 0..500 {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{address} does not come free");
}

async fn pass(mut client: TcpStream, to: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(to).await {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
