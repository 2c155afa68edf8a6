//! Ports for servers that are told where to listen before they start.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, TcpListener};
use std::ops::Range;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Mutex;

use crate::{Error, process::run_error};

/// Below those that the kernel lends to outgoing connections (from 32768 on unless `ip_local_port_range` says otherwise): any
/// client on the machine may take one of them between the look here and the server's start.
const PORTS: Range<u16> = 10_000..30_000;
/// Ports that are tried.
const TRIES: u16 = 100;
/// Ports that a process keeps for itself; by then the servers of earlier ones listen themselves.
const KEPT: usize = 200;

/// What marks the ports that this process was given, the oldest first.
static MARKS: Mutex<VecDeque<UnixDatagram>> = Mutex::new(VecDeque::new());

/// A TCP port of `address` that was free a moment ago and that is given to nobody but who asks for it by number: not to a
/// client by the kernel, nor to another caller of this on the machine before its server listens.
pub fn free_port(address: IpAddr) -> Result<u16, Error> {
    // Hashers differ from each other by chance of the operating system: good enough to not meet another process here.
    let chance = RandomState::new();
    let count = u64::from(PORTS.end - PORTS.start);
    let mut taken = None;
    for attempt in 0..TRIES {
        let port = PORTS.start + u16::try_from(chance.hash_one(attempt) % count).unwrap_or_default();
        match mark(port).and_then(|()| TcpListener::bind((address, port))) {
            Ok(_) => return Ok(port),
            Err(error) => taken = Some(error),
        }
    }
    let error = taken.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(run_error(&format!("a listener on {address}"))(error))
}

/// Marks a port as given, by a name that only one process of a network namespace can have and that ends with it.
fn mark(port: u16) -> io::Result<()> {
    let name = SocketAddr::from_abstract_name(format!("datawarden-port-{port}"))?;
    let mark = UnixDatagram::bind_addr(&name)?;
    let mut marks = MARKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    marks.push_back(mark);
    if marks.len() > KEPT {
        marks.pop_front();
    }
    drop(marks);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_and_no_client_gets_it() {
        let port = free_port(crate::LOOPBACK).unwrap();
        assert!(PORTS.contains(&port));
        let held = TcpListener::bind((crate::LOOPBACK, port)).unwrap();
        assert_eq!(held.local_addr().unwrap().port(), port);
    }

    #[test]
    fn a_port_is_given_once() {
        let port = free_port(crate::LOOPBACK).unwrap();
        assert_eq!(mark(port).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
