//! The proof of a draw (H8.2): everything that anyone needs to repeat it and to see that nobody steered it.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{AccountId, PersonId, PlanId, QueryId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of public randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Numbers of a public draw, typed in by two persons.
    PublicDraw,
    /// The randomness of a drand round, as hexadecimal text.
    Drand,
}

/// The exact source of randomness that a plan names before it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomnessSource {
    /// Kind.
    pub kind: SourceKind,
    /// Which one exactly, e.g. `Uniform-Invoice draw of 2026-05-25, special prize` or `drand quicknet round 9000000`.
    pub name: String,
    /// When it is published; must lie after the plan is frozen.
    pub publishes_at: DateTime<Utc>,
}

/// The randomness as it was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Randomness {
    /// The text: ASCII digits, letters, spaces and commas.
    pub text: String,
    /// Who typed it in first.
    pub recorded_by: PersonId,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Who typed in the same text independently.
    pub confirmed_by: Option<PersonId>,
    /// When.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// An account in a frozen population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrozenAccount {
    /// The account.
    pub account: AccountId,
    /// Its records in the period.
    pub count: u64,
    /// Chain hash (hex) over the ids of its queries, in the order in which they were recorded.
    pub root: String,
}

/// What a plan commits to before the randomness is known; its RFC 8785 digest goes to the governance log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanCommitment {
    /// The plan.
    pub plan: PlanId,
    /// `household` or `tax`.
    pub regulation: String,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// Rule pack that it follows.
    pub rule_pack: String,
    /// Accounts to draw: so many parts …
    pub parts: u32,
    /// … of so many, rounded up.
    pub of: u32,
    /// Fewest records per drawn account.
    pub least_records: u32,
    /// The source of randomness.
    pub source: RandomnessSource,
    /// Accounts in the population.
    pub accounts: u64,
    /// Chain hash (hex) over (account, count, root) of every account, ordered by account id.
    pub population_root: String,
    /// When it was frozen.
    pub frozen_at: DateTime<Utc>,
}

/// A drawn record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrawnQuery {
    /// Its place among the account's records of the period, from 0.
    pub position: u64,
    /// The query.
    pub query: QueryId,
    /// Its log.
    pub log: String,
    /// Its place in the log.
    pub log_index: i64,
}

/// A drawn account with its drawn records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrawnAccount {
    /// The account.
    pub account: AccountId,
    /// Its records in the period.
    pub count: u64,
    /// How many records are missing to the least number (H8.2); 0 when there are enough.
    pub shortfall: u64,
    /// The drawn records, by position.
    pub queries: Vec<DrawnQuery>,
}

/// The ids of all queries of a drawn account, in the order in which they were recorded: opens its root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountChain {
    /// The account.
    pub account: AccountId,
    /// Its queries.
    pub queries: Vec<QueryId>,
}

/// Everything needed to repeat a draw offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DrawProof {
    /// What was committed to.
    pub commitment: PlanCommitment,
    /// SHA-256 (hex) of its RFC 8785 bytes, as it stands in the governance log.
    pub plan_digest: String,
    /// The population, ordered by account id.
    pub population: Vec<FrozenAccount>,
    /// The randomness.
    pub randomness: Randomness,
    /// What was drawn, ordered by account id.
    pub drawn: Vec<DrawnAccount>,
    /// The query ids of each drawn account.
    pub chains: Vec<AccountChain>,
    /// SHA-256 (hex) of the RFC 8785 bytes of `drawn`, as it stands in the governance log.
    pub sample_digest: String,
}
