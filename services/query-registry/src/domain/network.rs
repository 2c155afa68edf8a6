//! Office networks (H3.1): CIDR blocks.

use std::net::IpAddr;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    bits: u128,
    prefix: u32,
    v4: bool,
}

impl Network {
    /// Reads `10.2.0.0/16`, `2001:db8::/32` or a single address; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        (prefix <= width).then(|| Self {
            bits: bits(address),
            prefix: prefix + 128 - width,
            v4: address.is_ipv4(),
        })
    }

    /// Whether `address` lies in it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if address.is_ipv4() != self.v4 {
            return false;
        }
        let shift = 128 - self.prefix;
        shift >= 128 || (bits(address) ^ self.bits) >> shift == 0
    }
}

/// IPv4 addresses use the low 32 bits.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_block_and_in_no_other() {
        let office = Network::parse("10.2.0.0/16").unwrap();
        assert!(office.contains("10.2.255.1".parse().unwrap()));
        assert!(office.contains("::ffff:10.2.0.9".parse().unwrap()));
        assert!(!office.contains("10.3.0.1".parse().unwrap()));
        assert!(!office.contains("::a02:1".parse().unwrap()));
        let one = Network::parse("192.0.2.7").unwrap();
        assert!(one.contains("192.0.2.7".parse().unwrap()) && !one.contains("192.0.2.6".parse().unwrap()));
        assert!(Network::parse("2001:db8::/32").unwrap().contains("2001:db8:ffff::1".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("198.51.100.1".parse().unwrap()));
        for text in ["", "10.2.0.0/33", "office", "10.2.0.0/x"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
