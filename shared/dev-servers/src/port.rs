//! Ports for servers that are told where to listen before they start.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, TcpListener};
use std::ops::Range;

use crate::{Error, process::run_error};

/// Below those that the kernel lends to outgoing connections (from 32768 on unless `ip_local_port_range` says otherwise): any
/// client on the machine may take one of them between the look here and the server's start.
const PORTS: Range<u16> = 10_000..30_000;
/// Ports that are tried.
const TRIES: u16 = 100;

/// A TCP port of `address` that was free a moment ago and that is given to nobody but who asks for it by number.
pub fn free_port(address: IpAddr) -> Result<u16, Error> {
    // Hashers differ from each other by chance of the operating system: good enough to not meet another process here.
    let chance = RandomState::new();
    let count = u64::from(PORTS.end - PORTS.start);
    let mut taken = None;
    for attempt in 0..TRIES {
        let port = PORTS.start + u16::try_from(chance.hash_one(attempt) % count).unwrap_or_default();
        match TcpListener::bind((address, port)) {
            Ok(_) => return Ok(port),
            Err(error) => taken = Some(error),
        }
    }
    let error = taken.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
    Err(run_error(&format!("a listener on {address}"))(error))
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
}
