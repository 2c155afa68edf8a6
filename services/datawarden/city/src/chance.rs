//! Seeded chance. Each part of the city draws from a stream of its own, so that a change in one leaves the others.

use kernel::canonical::sha256;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// Root of all ids of the sample city (UUID version 5 over names).
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1d_2f60_5e0b_5a8e_9d3c_da7a_0a4d_e001);

/// The id that belongs to `name` among things of one `kind`; the same in every run.
pub(crate) fn id<T: From<Uuid>>(kind: &str, name: &str) -> T {
    Uuid::new_v5(&NAMESPACE, format!("{kind}/{name}").as_bytes()).into()
}

/// A stream of chance.
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream called `label` under `seed`.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut input = seed.to_be_bytes().to_vec();
        input.extend_from_slice(label.as_bytes());
        Self(ChaCha8Rng::from_seed(sha256(&input)))
    }

    /// A number below `n`; 0 when `n` is 0 or 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.0.random_range(0..n)).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// As [`Self::between`] for `u32`.
    pub(crate) fn between_u32(&mut self, low: u32, high: u32) -> u32 {
        self.0.random_range(low..=high.max(low))
    }

    /// True in `p` of 100 cases.
    pub(crate) fn percent(&mut self, p: u32) -> bool {
        self.0.random_range(0..100_u32) < p
    }

    /// One of `from`, which is never empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// An index of `weights`, in proportion to them.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut left = self.0.random_range(0..total.max(1));
        for (i, weight) in weights.iter().enumerate() {
            if left < *weight {
                return i;
            }
            left -= weight;
        }
        0
    }
}
