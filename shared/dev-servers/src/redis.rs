//! A private Redis of Debian's package.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    Error,
    account::Account,
    folder::Folder,
    process::{Server, free_port},
};

/// A running private Redis; ends when dropped, after writing its data into its folder.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    port: u16,
    url: String,
}

impl Redis {
    /// Starts Redis in `folder` and waits until it answers.
    pub fn start(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let program = Path::new("/usr/bin/redis-server");
        if !program.exists() {
            return Err(Error::Missing { program: "redis-server" });
        }
        let folder = Folder::open(folder.as_ref())?;
        let account = Account::unprivileged(&["redis", "nobody"], folder.path())?;
        let port = free_port()?;
        let mut command = account.command("TERM", program);
        // No configuration file: the one of the machine's own Redis must not be read.
        command.arg("--bind").arg("127.0.0.1").arg("--port").arg(port.to_string());
        command.arg("--dir").arg(folder.path()).args(["--appendonly", "yes", "--appendfsync", "everysec"]);
        let mut server = Server::start("Redis", command, Signal::TERM, &folder)?;
        server.wait_until(Duration::from_mins(1), || answers(port))?;
        Ok(Self { server, port, url: format!("redis://127.0.0.1:{port}") })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// Whether the server on this port has loaded its data and answers a ping.
fn answers(port: u16) -> bool {
    let ask = || {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(&answer == b"+PONG")
    };
    ask().unwrap_or(false)
}
