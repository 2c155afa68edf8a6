//! How many requests one client may send to a service in a minute (429): a client is whom the token names, or an
//! address where no token holds. Replicas count together in the ephemeral store; while that is away each counts alone,
//! so nobody is refused for its sake.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use identity::Principal;

use crate::context::Context;
use crate::ephemeral::{Ephemeral, InProcess};
use crate::problem::{self, Problem};

/// Seconds of a window. It begins at full minutes, for every replica alike.
const WINDOW: u32 = 60;
/// The shared store answers within this, or is away.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a store that was away is not asked again.
const PAUSE: Duration = Duration::from_secs(5);

/// Whose requests are counted together.
#[derive(Debug, PartialEq, Eq)]
pub enum Client {
    /// The `sub` of a valid token: a person, an agency system, a service.
    Subject(String),
    /// An address; of IPv6 the network that one customer has.
    Address(String),
    /// A card by its thumbprint: tries to get a token with it, with wrong signatures too.
    Card(String),
    /// Logins that are prepared at an address.
    Logins(String),
}

impl Client {
    /// Whom the token names.
    pub fn of(principal: &Principal) -> Self {
        Self::Subject(principal.subject.clone())
    }

    /// Where a request without a valid token comes from.
    pub fn at(address: Option<IpAddr>) -> Self {
        Self::Address(address.map_or_else(|| "unknown".to_owned(), network))
    }

    /// The logins that are prepared at `address`.
    pub fn logins_at(address: IpAddr) -> Self {
        Self::Logins(network(address))
    }
}

fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Counts the requests of clients.
pub struct Limiter {
    shared: Arc<dyn Ephemeral>,
    own: InProcess,
    away_since: Mutex<Option<Instant>>,
}

impl Limiter {
    /// A limiter that counts in `shared`.
    pub fn new(shared: Arc<dyn Ephemeral>) -> Self {
        Self { shared, own: InProcess::default(), away_since: Mutex::new(None) }
    }

    /// Counts a request of `client`; 429 when it is one too many.
    pub async fn take(&self, context: &Context, client: &Client) -> Result<(), Problem> {
        let limits = &context.settings().http.limits;
        let (kind, name, limit) = match client {
            Client::Subject(name) => ("subject", name, limits.authenticated),
            Client::Address(name) => ("address", name, limits.anonymous),
            Client::Card(name) => ("card", name, limits.logins),
            Client::Logins(name) => ("logins", name, limits.logins),
        };
        if limit == 0 {
            return Ok(());
        }
        let now = context.now().timestamp();
        let (window, passed) = (now.div_euclid(WINDOW.into()), now.rem_euclid(WINDOW.into()));
        let key = format!("limit/{}/{kind}/{name}/{window}", context.name());
        if self.count(&key).await <= u64::from(limit) {
            return Ok(());
        }
        let wait = WINDOW - u32::try_from(passed).unwrap_or_default();
        let text = format!("At most {limit} requests a minute: go on in {wait} s.");
        Err(Problem::new(&problem::TOO_MANY, text).retry_after(wait))
    }

    async fn count(&self, key: &str) -> u64 {
        let kept = Duration::from_secs(u64::from(2 * WINDOW));
        if !self.is_away() {
            match tokio::time::timeout(PATIENCE, self.shared.count(key, kept)).await {
                Ok(Ok(count)) => return count,
                Ok(Err(error)) => tracing::warn!(%error, "requests are counted by this replica alone"),
                Err(_) => tracing::warn!("no answer in time: requests are counted by this replica alone"),
            }
            *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        self.own.step(key, kept)
    }

    fn is_away(&self) -> bool {
        let since = *self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_customer_counts_as_one_and_a_mapped_address_as_ipv4() {
        let at = |text: &str| Client::at(Some(text.parse().unwrap()));
        let address = |text: &str| Client::Address(text.to_owned());
        assert_eq!(at("192.0.2.1"), address("192.0.2.1"));
        assert_eq!(at("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::/64"));
        assert_eq!(at("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
