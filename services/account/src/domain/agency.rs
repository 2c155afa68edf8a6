//! Agencies and registered systems (H2.2, H3.1, I2).

use std::collections::BTreeSet;

use account_types::events::{AgencyChanged, SystemChanged};
use account_types::{AgencyKind, UnitRecord};
use chassis::Document;
use kernel::ids::{AgencyId, SystemId, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A public body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agency {
    /// Its id.
    pub id: AgencyId,
    /// Name in Traditional Chinese.
    pub name: String,
    /// What it is.
    pub kind: AgencyKind,
    /// The agency above it.
    pub parent: Option<AgencyId>,
    /// Units.
    pub units: Vec<UnitRecord>,
    /// Office networks (CIDR).
    pub networks: Vec<String>,
    /// Thumbprints of its agency certificates.
    pub certificates: BTreeSet<String>,
    /// The regulations whose data it provides: its auditors read what is about them alone (H4.3).
    pub provides: BTreeSet<String>,
    /// Counts changes.
    pub revision: i64,
}

impl Document for Agency {
    const TABLE: &'static str = "agencies";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

impl Agency {
    /// Its state as others see it.
    pub fn event(&self) -> AgencyChanged {
        AgencyChanged {
            agency: self.id,
            name: self.name.clone(),
            kind: self.kind.code().to_owned(),
            units: self.units.iter().map(|u| (u.id, u.name.clone())).collect(),
            networks: self.networks.clone(),
            revision: self.revision,
        }
    }

    /// Whether `unit` is one of its units.
    pub fn has_unit(&self, unit: UnitId) -> bool {
        self.units.iter().any(|u| u.id == unit)
    }
}

/// Whether `text` is a network in CIDR notation whose host bits are zero.
pub fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let Ok(length) = length.parse::<u32>() else { return false };
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => length <= 32 && u32::from(ip).checked_shl(length).unwrap_or(0) == 0,
        Ok(std::net::IpAddr::V6(ip)) => length <= 128 && u128::from(ip).checked_shl(length).unwrap_or(0) == 0,
        Err(_) => false,
    }
}

/// Whether `text` is an origin as browsers send it (RFC 6454 §6.2): scheme, host, port where it is not the scheme's own.
/// Plain HTTP only where nothing leaves the machine.
pub fn is_origin(text: &str) -> bool {
    let (host, local) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(host), _) => (host, false),
        (None, Some(host)) => (host, true),
        (None, None) => return false,
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(plain)
        && port.parse::<u16>().is_ok()
        && (!local || matches!(name, "localhost" | "127.0.0.1"))
}

/// A registered system of an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Its id.
    pub id: SystemId,
    /// Code that rule packs list; its OAuth client id.
    pub code: String,
    /// Name.
    pub name: String,
    /// The agency that runs it.
    pub agency: AgencyId,
    /// Thumbprint of its certificate.
    pub thumbprint: Option<String>,
    /// Whether it attests the place of its users.
    pub attests_place: bool,
    /// Origins of its pages.
    #[serde(default)]
    pub origins: BTreeSet<String>,
    /// Whether it may ask.
    pub active: bool,
    /// Counts changes.
    pub revision: i64,
}

impl Document for System {
    const TABLE: &'static str = "systems";
    fn id(&self) -> Uuid {
        self.id.0
    }
}

impl System {
    /// Its state as others see it.
    pub fn event(&self) -> SystemChanged {
        SystemChanged {
            system: self.id,
            code: self.code.clone(),
            agency: self.agency,
            active: self.active,
            revision: self.revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_send_them_and_encrypted() {
        for good in ["https://welfare.example", "https://welfare.example:8443", "http://127.0.0.1:8080"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "https://welfare.example/",
            "http://welfare.example",
            "*",
            "null",
            "https://",
            "https://a:b",
            "https://A",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn networks_are_cidr_without_host_bits() {
        for good in ["10.1.2.0/24", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8"] {
            assert!(is_network(good), "{good}");
        }
        for bad in ["10.1.2.1/24", "10.1.2.0", "10.1.2.0/33", "x/8", "fd00::1/8"] {
            assert!(!is_network(bad), "{bad}");
        }
    }
}
