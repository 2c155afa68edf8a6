//! A private Redis of Debian's package.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use rustix::process::Signal;

use crate::{Error, LOOPBACK, account::Account, folder::Folder, port::free_port, process::Server};

/// A running private Redis; ends when dropped, after writing its data into its folder.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    at: SocketAddr,
    url: String,
}

impl Redis {
    /// Starts Redis in `folder` on 127.0.0.1 and waits until it answers.
    pub fn start(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::start_at(folder, LOOPBACK)
    }

    /// As [`Redis::start`] on `address`. Everyone who reaches that address may use it.
    pub fn start_at(folder: impl AsRef<Path>, address: IpAddr) -> Result<Self, Error> {
        let program = Path::new("/usr/bin/redis-server");
        if !program.exists() {
            return Err(Error::Missing { program: "redis-server" });
        }
        let folder = Folder::open(folder.as_ref())?;
        let account = Account::unprivileged(&["redis", "nobody"], folder.path())?;
        let at = SocketAddr::from((address, free_port(address)?));
        let mut command = account.command("TERM", program);
        // No configuration file: the one of the machine's own Redis must not be read.
        command.arg("--bind").arg(address.to_string()).arg("--port").arg(at.port().to_string());
        // Without a password it would answer nobody but 127.0.0.1, wherever it listens.
        command.arg("--protected-mode").arg(if address.is_loopback() { "yes" } else { "no" });
        command.arg("--dir").arg(folder.path()).args(["--appendonly", "yes", "--appendfsync", "everysec"]);
        let mut server = Server::start("Redis", command, Signal::TERM, &folder)?;
        server.wait_until(Duration::from_mins(1), || answers(at))?;
        Ok(Self { server, at, url: format!("redis://{at}") })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.at.port()
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }
}

/// Whether the server there has loaded its data and answers a ping.
fn answers(at: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&at, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok::<_, std::io::Error>(&answer == b"+PONG")
    };
    ask().unwrap_or(false)
}
