//! What a service runs on, compared with what two persons approved (invariant 11). The account service decides and
//! tells; every service keeps the approvals beside its own tables. Before the first start nothing is approved, and
//! nothing is compared.

use kernel::configuration::{ConfigurationChanged, ConfigurationItem, ConfigurationKind};
use kernel::{canonical, configuration, days};
use rule_pack::PackSet;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use anyhow::Context as _;

use crate::consume::EventMeta;
use crate::context::Context;
use crate::db::Tx;
use crate::document::{self, Document, Filter};
use crate::error::{Error, Result};
use crate::settings::Settings;

/// The files of `identity.roots`.
const ROOTS: [&str; 3] = ["citizen", "agency", "internal"];
/// Time between two looks at a database that was away at the start.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);
/// Most items that are looked at.
const MOST: i64 = 10_000;

/// An item with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// The item.
    pub item: ConfigurationItem,
    /// Whether it may be used, from its day on.
    pub approved: bool,
    /// Counts changes.
    pub revision: i64,
}

impl Document for Approval {
    const TABLE: &'static str = "approved_configuration";
    fn id(&self) -> Uuid {
        self.item.id()
    }
}

impl Approval {
    /// The event that tells it.
    pub fn event(&self) -> ConfigurationChanged {
        ConfigurationChanged { item: self.item.clone(), approved: self.approved, revision: self.revision }
    }
}

/// Takes in what the account service tells; an older revision changes nothing.
pub async fn take(tx: &mut Tx, event: ConfigurationChanged, _: EventMeta) -> Result<()> {
    let known = tx.find::<Approval>(event.item.id()).await?;
    if known.is_none_or(|k| k.revision < event.revision) {
        let ConfigurationChanged { item, approved, revision } = event;
        tx.put(&Approval { item, approved, revision }).await?;
    }
    Ok(())
}

/// Whether two persons approved the item, for use from its day or an earlier one on.
pub async fn is_approved(context: &Context, item: &ConfigurationItem) -> Result<bool> {
    let mut conn = context.connection().await?;
    let known = document::find::<Approval>(&mut conn, item.id(), false).await?;
    Ok(known.is_some_and(|known| known.approved && known.item.effective_on <= item.effective_on))
}

/// Everything that a service with these settings and packs runs on, as of `day`.
pub fn items(
    settings: &Settings,
    packs: &PackSet,
    day: chrono::NaiveDate,
) -> anyhow::Result<Vec<ConfigurationItem>> {
    let item = |kind, name: String, digest| ConfigurationItem { kind, name, digest, effective_on: day };
    let mut items = roots(settings)?
        .into_iter()
        .map(|(name, digest)| item(ConfigurationKind::TrustRoot, name.to_owned(), digest))
        .collect::<Vec<_>>();
    let register = configuration::key_fingerprint(&settings.register_root()?);
    items.push(item(ConfigurationKind::Key, "register".to_owned(), register));
    for (name, provider) in &settings.providers {
        let digest = provider.digest().with_context(|| format!("providers.{name}"))?;
        items.push(item(ConfigurationKind::ProviderEndpoint, name.clone(), digest));
    }
    for pack in packs.iter() {
        let name = format!("{}@{}", pack.id, pack.version);
        items.push(item(ConfigurationKind::RulePack, name, pack.digest().to_owned()));
    }
    for witness in &settings.log.witnesses {
        let key = witness.verifier()?;
        let digest = canonical::sha256_hex(key.public_key());
        items.push(item(ConfigurationKind::Witness, key.name().to_owned(), digest));
    }
    Ok(items)
}

/// The authorities of `identity.roots`: name of the file and SHA-256 of each certificate in it.
fn roots(settings: &Settings) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut roots = vec![];
    for name in ROOTS {
        let path = settings.identity.roots.join(format!("{name}.pem"));
        let pem = std::fs::read(&path).with_context(|| format!("identity.roots: {}", path.display()))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let der = certificate
                .map_err(|_| anyhow::anyhow!("identity.roots: {} holds no certificate", path.display()))?;
            roots.push((name, canonical::sha256_hex(&der)));
        }
    }
    Ok(roots)
}

/// Those of `used` that nobody approved by `day`. A kind of which nothing was ever approved is not compared: the
/// approvals have not arrived yet, or the suite was not started for the first time.
pub fn unapproved<'a>(
    used: &'a [ConfigurationItem],
    approvals: &[Approval],
    day: chrono::NaiveDate,
) -> Vec<&'a ConfigurationItem> {
    let known = |item: &&ConfigurationItem| approvals.iter().any(|a| a.item.kind == item.kind);
    let approved = |item: &ConfigurationItem| {
        let mut same = approvals.iter().filter(|a| a.item.id() == item.id());
        same.any(|a| a.approved && a.item.effective_on <= day)
    };
    used.iter().filter(known).filter(|item| !approved(item)).collect()
}

/// Why a service does not run on what it was given.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Something that it runs on cannot be read.
    #[error("what the service runs on cannot be read")]
    Unreadable(#[source] anyhow::Error),
    /// The approvals cannot be read: the database is away, or has no tables yet.
    #[error("what is approved cannot be read")]
    Unknown(#[from] Error),
    /// Nobody approved these.
    #[error(
        "two administrators must approve this first (`approve_configuration`), or put back what was there: {0}"
    )]
    Unapproved(String),
}

/// Compares what this service runs on with the approvals in its database. An authority, a register key or a
/// witness that nobody approved stops it: whoever can put a root into the folder could sign in as anyone, and whoever
/// can name a witness could vouch for any history. Other things are told, and refused
/// where they are used.
pub async fn check(context: &Context) -> Result<(), CheckError> {
    let day = days::taipei_date(context.now());
    let used = items(context.settings(), context.packs(), day).map_err(CheckError::Unreadable)?;
    let mut conn = context.connection().await?;
    let approvals = document::select::<Approval>(&mut conn, Filter::all(), MOST).await?;
    let approvals: Vec<Approval> = approvals.into_iter().map(|stored| stored.doc).collect();
    let mut refused = vec![];
    for item in unapproved(&used, &approvals, day) {
        tracing::error!(kind = item.kind.code(), name = %item.name, digest = %item.digest, "configuration that nobody approved");
        if matches!(
            item.kind,
            ConfigurationKind::TrustRoot | ConfigurationKind::Key | ConfigurationKind::Witness
        ) {
            refused.push(format!("{} {} (sha256 {})", item.kind.code(), item.name, item.digest));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(CheckError::Unapproved(refused.join(", "))) }
}

/// The comparison at the start. A database that is away stops no start: [`until_compared`] goes on.
pub(crate) async fn at_start(context: &Context) -> Result<(), CheckError> {
    match check(context).await {
        Ok(()) => context.0.readiness.set_compared(),
        Err(CheckError::Unknown(error)) => {
            tracing::warn!(?error, "what is approved is not known yet: nothing is answered until then");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Compares once the database is there. Where something is found that nobody approved it never ends: the service answers
/// nothing and takes in nothing until it is started again.
pub(crate) async fn until_compared(context: Context) {
    while !context.0.readiness.compared() {
        tokio::time::sleep(AGAIN).await;
        match check(&context).await {
            Ok(()) => context.0.readiness.set_compared(),
            Err(CheckError::Unknown(error)) => tracing::debug!(?error, "what is approved is not known yet"),
            Err(error) => {
                tracing::error!(%error, "the service stays closed");
                return std::future::pending().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: ConfigurationKind, name: &str, digit: &str) -> ConfigurationItem {
        let (digest, effective_on) = (digit.repeat(64), "2026-03-02".parse().unwrap());
        ConfigurationItem { kind, name: name.into(), digest, effective_on }
    }

    #[test]
    fn what_nobody_approved_or_not_yet_is_found_and_before_the_first_start_nothing_is() {
        use ConfigurationKind::{Key, TrustRoot};
        let (root, other, key) =
            (item(TrustRoot, "citizen", "a"), item(TrustRoot, "citizen", "b"), item(Key, "register", "c"));
        let day = "2026-03-02".parse().unwrap();
        let used = [root.clone(), other.clone(), key];
        assert!(unapproved(&used, &[], day).is_empty());
        let mut approval = Approval { item: root.clone(), approved: true, revision: 1 };
        assert_eq!(unapproved(&used, std::slice::from_ref(&approval), day), [&other]);
        let before = "2026-03-01".parse().unwrap();
        assert_eq!(unapproved(&used, std::slice::from_ref(&approval), before), [&root, &other]);
        approval.approved = false;
        assert_eq!(unapproved(&used, &[approval], day), [&root, &other]);
    }
}
