//! What the service holds in memory: the log, the keys of its registers, trusted roots, the ways to the providers and
//! the compiled index.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use anyhow::Context as _;
use chassis::revocations::Entry;
use chassis::{Context, Problem, Result};
use chrono::NaiveDate;
use diesel_async::AsyncPgConnection;
use identity::{CertificateIdentity, EndorsementError};
use kernel::configuration::ConfigurationKind;
use kernel::ids::PersonId;
use kernel::{Instant, NationalId, RegisterKey, days};
use query_log::{FileKeyStore, GOVERNANCE, KeyStore, Opening, QueryLog, ValueKeys};
use rule_pack::Regulation;

use crate::domain::directory::{Index, Record};
use crate::domain::refusal::Refusal;
use crate::domain::rules::{FIVE_YEARS, RuleBook, THREE_YEARS};
use crate::erasing;
use crate::gate::batches::Batches;
use crate::holders::{AuditService, Holders};
use crate::problems;
use crate::provider::{HttpProvider, Provider};
use crate::publishing;
use crate::store::directory;
use crate::successions;
use crate::witnesses::Witness;

/// The name of the register key under which citizens are matched across the suite's registers.
const SUBJECTS: &str = "subjects";
/// The name of the register key that seals reasons and conditions.
const QUERY_REGISTER: &str = "query-register";

/// The logs that this service keeps: one per retention class, and the governance log, which is never pruned. Of each the first of
/// a line: where the end of a log was lost for good, a successor goes on.
pub const LOGS: &[&str] = &[THREE_YEARS, FIVE_YEARS, GOVERNANCE];

/// The state of the query registry.
pub struct Registry {
    /// The query log: `three-year`, `five-year` and `governance`.
    pub log: QueryLog,
    /// Hashes national ids for matching; seals nothing.
    pub subjects: RegisterKey,
    /// Seals what belongs to no query alone: reasons of copies and returns, explanations, lines of files on their way in.
    pub register: RegisterKey,
    /// Seals contents of applications, each under a key of its own.
    pub values: ValueKeys,
    /// The gate's ways to the database.
    pub batches: Batches,
    providers: BTreeMap<Regulation, Endpoint>,
    index: RwLock<Index>,
}

/// The way to a provider, with the digest by which it is approved.
struct Endpoint {
    provider: Arc<dyn Provider>,
    digest: String,
}

impl Registry {
    /// Opens everything; called after migrations.
    pub async fn open(context: &Context) -> anyhow::Result<Self> {
        let settings = context.settings();
        let keys = settings
            .secrets
            .log_keys
            .as_ref()
            .context("secrets.log_keys: the query log needs a directory")?;
        let store: Arc<dyn KeyStore> = Arc::new(
            FileKeyStore::open(&keys.join("months"), &keys.join("kek")).context("secrets.log_keys")?,
        );
        let values = ValueKeys::new(Arc::clone(&store));
        let witnesses = Witness::all(settings)?;
        let log = QueryLog::open(Opening {
            database_url: secrecy::ExposeSecret::expose_secret(&settings.database.url),
            origin: &settings.log.origin,
            keys: store,
            clock: context.clock(),
            random: Arc::new(kernel::SystemRandom),
            anchors: Arc::new(Holders {
                witnesses: witnesses.clone(),
                audit: AuditService::of(context),
                context: context.clone(),
            }),
            quorum: settings.log.quorum().context("log")?,
            logs: LOGS,
        })?;
        tokio::spawn(publishing::run(log.clone(), context.clone()));
        tokio::spawn(successions::run(log.clone(), context.clone()));
        for witness in witnesses {
            tokio::spawn(witness.feed(log.clone()));
        }
        tokio::spawn(erasing::repeat(log.clone(), values.clone(), context.clone()));
        let root = settings.register_root()?;
        let mut providers = BTreeMap::new();
        for (name, provider) in &settings.providers {
            let regulation: Regulation =
                name.parse().map_err(|e: String| anyhow::anyhow!("providers.{name}: {e}"))?;
            let at = || format!("providers.{name}");
            let digest = provider.digest().with_context(at)?;
            let provider: Arc<dyn Provider> =
                Arc::new(HttpProvider::open(settings, provider).with_context(at)?);
            providers.insert(regulation, Endpoint { provider, digest });
        }
        let registry = Self {
            log,
            subjects: RegisterKey::derive(&root, SUBJECTS)?,
            register: RegisterKey::derive(&root, QUERY_REGISTER)?,
            values,
            batches: Batches::open(context),
            providers,
            index: RwLock::new(Index::new(RuleBook::new(context.packs().iter()))),
        };
        let mut conn = context.connection().await?;
        registry.refresh(&mut conn).await?;
        Ok(registry)
    }

    /// The way to the provider of a regulation's data, where one is set. Ask [`Self::check_approved`] first.
    pub fn provider(&self, regulation: &str) -> Option<Arc<dyn Provider>> {
        self.providers.get(&regulation.parse().ok()?).map(|endpoint| endpoint.provider.clone())
    }

    /// Refuses unless two persons approved the rule pack of `regulation` that is followed on `day` and the provider's
    /// endpoint (invariant 11). Data neither leave on an unapproved way nor under unapproved rules.
    pub fn check_approved(&self, regulation: &str, day: NaiveDate) -> std::result::Result<(), Refusal> {
        let index = self.index();
        let pack = index.rules.named(regulation, day).is_some_and(|rules| {
            let name = format!("{}@{}", rules.pack.id, rules.pack.version);
            index.is_approved(ConfigurationKind::RulePack, &name, rules.pack.digest(), day)
        });
        let endpoint = regulation.parse().ok().and_then(|r: Regulation| self.providers.get(&r));
        // Where none is set there is nothing to approve: the query is refused as the provider's absence.
        let way = endpoint.is_none_or(|endpoint| {
            index.is_approved(ConfigurationKind::ProviderEndpoint, regulation, &endpoint.digest, day)
        });
        if pack && way { Ok(()) } else { Err(Refusal::ConfigurationNotApproved) }
    }

    /// The index for one decision. Never held across an await.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what changed in the directory since the index was last brought up to date.
    pub async fn refresh(&self, conn: &mut AsyncPgConnection) -> Result<()> {
        let change = directory::change(conn).await?;
        self.refresh_to(conn, change).await
    }

    /// As [`Self::refresh`], when the directory's last change is known already: no query when nothing changed.
    pub async fn refresh_to(&self, conn: &mut AsyncPgConnection, change: i64) -> Result<()> {
        if !self.is_behind(change) {
            return Ok(());
        }
        let known = self.index().change;
        let rows = directory::changed_since(conn, known).await?;
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for (row_change, record) in rows {
            index.apply(record);
            index.change = index.change.max(row_change);
        }
        index.change = index.change.max(change);
        Ok(())
    }

    /// Whether the index lacks the directory's last change.
    pub fn is_behind(&self, change: i64) -> bool {
        self.index().change < change
    }

    /// Puts a record into the index alone: what the stream of revocations tells, and tests and benchmarks of decisions.
    pub fn apply(&self, record: Record) {
        self.index.write().unwrap_or_else(PoisonError::into_inner).apply(record);
    }

    /// The card behind an endorsement, which must hold and be the person's own: never a bare click (H4.2).
    pub fn own_card(
        &self,
        person: PersonId,
        checked: std::result::Result<CertificateIdentity, EndorsementError>,
        pointer: &str,
    ) -> Result<CertificateIdentity> {
        let card = checked.map_err(|error| {
            Problem::new(&problems::ENDORSEMENT_INVALID, "Sign again with your own card.")
                .clause("H4.2")
                .field(pointer, error.code())
        })?;
        if self.index().is_card_of(person, &card) {
            return Ok(card);
        }
        Err(Problem::new(&problems::CARD_NOT_BOUND, "Sign with the card that is bound to you.")
            .clause("H4.2")
            .into())
    }

    /// The reminder of liability of annex 2; tax data, which have no form of their own, carry the household one.
    pub fn reminder(&self, regulation: &str, now: Instant) -> String {
        let index = self.index();
        let day = days::taipei_date(now);
        let own =
            index.rules.named(regulation, day).map(crate::domain::rules::Rules::reminder).unwrap_or_default();
        if own.is_empty() {
            index
                .rules
                .on(Regulation::Household, day)
                .map(crate::domain::rules::Rules::reminder)
                .unwrap_or_default()
        } else {
            own
        }
    }
}

/// Takes what stands since an act into the index, before the event has come: the newer revision counts, whichever way
/// it came (invariant 7).
pub fn apply_revocation(context: &Context, entry: &Entry) {
    let Some(state) = entry.state.clone() else { return };
    match directory::parse(entry.kind.code(), state) {
        Ok(record) => context.state::<Registry>().apply(record),
        // Its tokens end all the same, and the event is still to come.
        Err(error) => tracing::error!(?error, seq = entry.seq, "a revocation's state cannot be read"),
    }
}

/// A national id of a request. The text of the problem never holds it.
pub fn national_id(context: &Context, text: &str, pointer: &str) -> Result<NationalId> {
    NationalId::parse(text, context.settings().sample_ids)
        .map_err(|error| Problem::invalid(pointer, error.to_string()).into())
}
