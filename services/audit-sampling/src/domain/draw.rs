//! The draw (H8.2): repeatable by anyone, steered by nobody.
//!
//! seed = SHA-256(plan digest ‖ randomness text); numbers come from SHA-256(seed ‖ "," ‖ k), k = 0, 1, … in decimal,
//! as the first eight bytes, big-endian; values past the last whole multiple of the range are rejected, repeated ones
//! passed over. Accounts are drawn with SHA-256(seed ‖ "accounts"), the records of an account with
//! SHA-256(seed ‖ account id).

use std::collections::{BTreeMap, BTreeSet};

use audit_sampling_types::{DrawProof, FrozenAccount, PlanCommitment};
use kernel::canonical::{self, sha256};
use kernel::ids::QueryId;
use rule_pack::Ratio;
use uuid::Uuid;

/// Why a proof of a draw does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// A digest is not 32 bytes of hexadecimal.
    #[error("{0} is no SHA-256 digest")]
    Digest(&'static str),
    /// The commitment has no canonical form.
    #[error("the commitment has no canonical form")]
    Canonical,
    /// The commitment is not what was committed to.
    #[error("the commitment does not give the plan's digest")]
    Commitment,
    /// The population is not ordered by account id, or names one twice.
    #[error("the population is not in order")]
    Order,
    /// The population is not what was frozen.
    #[error("the population does not give the frozen root")]
    Population,
    /// The randomness was recorded before the plan was frozen or before it was published, or by one person alone.
    #[error("the order of freezing, publication and two recordings does not hold")]
    Time,
    /// The drawn accounts or records are not those that the seed gives.
    #[error("the seed gives another sample")]
    Sample,
    /// The queries of an account do not give its root.
    #[error("the queries of an account do not give its root")]
    Chain,
    /// The sample is not what was committed to.
    #[error("the sample does not give its digest")]
    SampleDigest,
}

/// The chain hash of an account after `query`; begins with 32 zero bytes.
pub fn link(root: &[u8; 32], query: QueryId) -> [u8; 32] {
    sha256(&[root.as_slice(), query.0.as_bytes()].concat())
}

/// The chain hash of an account over its queries, in the order in which they were recorded.
pub fn account_root<'a>(queries: impl IntoIterator<Item = &'a QueryId>) -> [u8; 32] {
    queries.into_iter().fold([0; 32], |root, query| link(&root, *query))
}

/// The chain hash over the population, ordered by account id.
pub fn population_root(population: &[FrozenAccount]) -> Result<[u8; 32], DrawError> {
    population.iter().try_fold([0; 32], |root, account| {
        let own = digest("an account's root", &account.root)?;
        let count = account.count.to_be_bytes();
        Ok(sha256(&[&root, account.account.0.as_bytes().as_slice(), &count, &own].concat()))
    })
}

/// The seed of a draw.
pub fn seed(plan_digest: &[u8; 32], randomness: &str) -> [u8; 32] {
    sha256(&[plan_digest.as_slice(), randomness.as_bytes()].concat())
}

/// `count` different numbers below `range`, ascending; all of them when there are no more.
pub fn sample(seed: &[u8; 32], range: u64, count: u64) -> Vec<u64> {
    if count >= range {
        return (0..range).collect();
    }
    let mut chosen = BTreeSet::new();
    // The largest multiple of `range` that fits into 64 bits: without rejection small numbers would come more often.
    let limit = u64::MAX - u64::MAX % range;
    let mut k: u64 = 0;
    while u64::try_from(chosen.len()).unwrap_or(u64::MAX) < count {
        let block = sha256(&[seed.as_slice(), b",", k.to_string().as_bytes()].concat());
        k += 1;
        let mut head = [0; 8];
        head.copy_from_slice(block.get(..8).unwrap_or(&[0; 8]));
        let value = u64::from_be_bytes(head);
        if value < limit {
            chosen.insert(value % range);
        }
    }
    chosen.into_iter().collect()
}

/// What the seed gives: indices of accounts in the population, each with the positions of its records.
pub fn draw(
    commitment: &PlanCommitment,
    plan_digest: &[u8; 32],
    population: &[FrozenAccount],
    randomness: &str,
) -> Vec<(usize, Vec<u64>)> {
    let seed = seed(plan_digest, randomness);
    let used = u64::try_from(population.len()).unwrap_or(u64::MAX);
    let ratio = Ratio { parts: commitment.parts, of: commitment.of };
    let accounts = sample(&sha256(&[seed.as_slice(), b"accounts"].concat()), used, ratio.ceil_of(used));
    accounts
        .into_iter()
        .filter_map(|index| {
            let index = usize::try_from(index).ok()?;
            let account = population.get(index)?;
            let own = sha256(&[seed.as_slice(), account.account.0.as_bytes()].concat());
            Some((index, sample(&own, account.count, commitment.least_records.into())))
        })
        .collect()
}

/// The digest (RFC 8785, SHA-256) of a value.
pub fn digest_of<T: serde::Serialize>(value: &T) -> Result<[u8; 32], DrawError> {
    canonical::bytes(value).map(|bytes| sha256(&bytes)).map_err(|_| DrawError::Canonical)
}

/// Reads a SHA-256 digest.
pub fn digest(what: &'static str, text: &str) -> Result<[u8; 32], DrawError> {
    let bytes = hex::decode(text).map_err(|_| DrawError::Digest(what))?;
    bytes.try_into().map_err(|_| DrawError::Digest(what))
}

/// Repeats a draw offline and compares everything with what was committed to.
pub fn verify_draw(proof: &DrawProof) -> Result<(), DrawError> {
    let commitment = &proof.commitment;
    let plan_digest = digest("the plan's digest", &proof.plan_digest)?;
    if digest_of(commitment)? != plan_digest {
        return Err(DrawError::Commitment);
    }
    if !proof.population.is_sorted_by(|a, b| a.account < b.account) {
        return Err(DrawError::Order);
    }
    let root = digest("the population's root", &commitment.population_root)?;
    let accounts = u64::try_from(proof.population.len()).unwrap_or(u64::MAX);
    if accounts != commitment.accounts || population_root(&proof.population)? != root {
        return Err(DrawError::Population);
    }
    verify_times(proof)?;
    let expected = draw(commitment, &plan_digest, &proof.population, &proof.randomness.text);
    verify_sample(proof, &expected)?;
    if digest_of(&proof.drawn)? != digest("the sample's digest", &proof.sample_digest)? {
        return Err(DrawError::SampleDigest);
    }
    Ok(())
}

fn verify_times(proof: &DrawProof) -> Result<(), DrawError> {
    let (commitment, randomness) = (&proof.commitment, &proof.randomness);
    let published = commitment.source.publishes_at;
    let confirmed = randomness.confirmed_at.zip(randomness.confirmed_by);
    let holds = commitment.frozen_at < published
        && published <= randomness.recorded_at
        && confirmed.is_some_and(|(at, by)| randomness.recorded_at <= at && by != randomness.recorded_by);
    if holds { Ok(()) } else { Err(DrawError::Time) }
}

fn verify_sample(proof: &DrawProof, expected: &[(usize, Vec<u64>)]) -> Result<(), DrawError> {
    let chains: BTreeMap<Uuid, &[QueryId]> =
        proof.chains.iter().map(|c| (c.account.0, c.queries.as_slice())).collect();
    if expected.len() != proof.drawn.len() {
        return Err(DrawError::Sample);
    }
    for ((index, positions), drawn) in expected.iter().zip(&proof.drawn) {
        let frozen = proof.population.get(*index).ok_or(DrawError::Sample)?;
        let given: Vec<u64> = drawn.queries.iter().map(|q| q.position).collect();
        let missing = u64::from(proof.commitment.least_records).saturating_sub(frozen.count);
        let same =
            drawn.account == frozen.account && drawn.count == frozen.count && drawn.shortfall == missing;
        if !same || given != *positions {
            return Err(DrawError::Sample);
        }
        let queries = chains.get(&drawn.account.0).ok_or(DrawError::Chain)?;
        let whole = u64::try_from(queries.len()).is_ok_and(|n| n == frozen.count);
        if !whole || account_root(*queries) != digest("an account's root", &frozen.root)? {
            return Err(DrawError::Chain);
        }
        let opened = drawn.queries.iter().all(|q| {
            usize::try_from(q.position).ok().and_then(|p| queries.get(p)).is_some_and(|id| *id == q.query)
        });
        if !opened {
            return Err(DrawError::Chain);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
