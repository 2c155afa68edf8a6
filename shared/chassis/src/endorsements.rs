//! Endorsements that a service took, kept so that they stand in court years later: the record that the governance log
//! holds the digest of, and the revocation lists and OCSP answers that it rests on, each once.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::QueryableByName;
use diesel::sql_types::{Array, Binary, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use identity::record::EvidenceName;
use identity::{
    BatchEndorsement, CertificateIdentity, Endorsement, EndorsementError, EndorsementRecord,
    RevocationEvidence, RevocationQuery, SignedEndorsement, Usage,
};
use kernel::ids::AgencyId;
use kernel::{Personal, RegisterKey};
use serde::Serialize;
use serde_json::Value;
use statement::statement;
use uuid::Uuid;

use crate::context::Context;
use crate::db::Tx;
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::settings::Settings;

mod bundles;

pub use bundles::{bundles, configure};

/// Whose certificate for `usage` signed `content`, if the endorsement holds now. The responder is asked first, where one is
/// set: no service verifies an endorsement in another way.
pub async fn verify<T: Serialize + ?Sized>(
    context: &Context,
    endorsement: &Endorsement,
    content: &T,
    usage: Usage,
) -> std::result::Result<CertificateIdentity, EndorsementError> {
    context.ask_responder(usage.purpose(), &endorsement.certificate).await;
    endorsement.verify_as(content, &context.anchors(), context.now(), usage)
}

/// As [`verify`], of a list that a citizen card signed.
pub async fn verify_list(
    context: &Context,
    endorsement: &BatchEndorsement,
) -> std::result::Result<CertificateIdentity, EndorsementError> {
    context.ask_responder(Usage::CitizenSignature.purpose(), &endorsement.certificate).await;
    endorsement.verify_list(&context.anchors(), context.now())
}

/// What an endorsement is about: whose matter, for auditors who see their own agency's or a provider's alone, and for how long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Matter<'a> {
    /// The agency; without one those who see all agencies read it, nobody else.
    pub agency: Option<AgencyId>,
    /// The regulation; without one no data provider's auditor reads it.
    pub regulation: Option<&'a str>,
    /// The records of this service that it was made for: it ends with the last of them ([`end`]), and without any never.
    pub records: &'a [Uuid],
}

/// An endorsement that was verified in this transaction.
#[derive(Debug)]
pub struct Taken<'a> {
    /// The endorsement.
    pub endorsement: SignedEndorsement,
    /// What its certificate was wanted for.
    pub usage: Usage,
    /// Whose certificate it is, as verified just now.
    pub card: &'a CertificateIdentity,
    /// What was signed, as JSON; none where the service keeps it under a key of its own.
    pub content: Option<Personal<String>>,
    /// Whose matter it is.
    pub matter: Matter<'a>,
}

impl<'a> Taken<'a> {
    /// An endorsement of `content`, which is sealed and kept with it.
    pub fn with_content<T: Serialize>(
        endorsement: &Endorsement,
        content: &T,
        usage: Usage,
        (card, matter): (&'a CertificateIdentity, Matter<'a>),
    ) -> Result<Self> {
        let content = Some(Personal::new(serde_json::to_string(content)?));
        Ok(Self { endorsement: endorsement.clone().into(), usage, card, content, matter })
    }
}

/// Keeps an endorsement with its evidence; gives the record's digest (hexadecimal), which belongs into the governance log.
pub async fn keep(tx: &mut Tx, taken: Taken<'_>) -> Result<String> {
    let mut evidence = vec![];
    for piece in &taken.card.evidence {
        let name = EvidenceName::from(*piece);
        if !evidence.contains(&name) {
            keep_evidence(tx, &taken, *piece, &name).await?;
            evidence.push(name);
        }
    }
    let accepted_at = tx.now();
    let endorsement = taken.endorsement.taken_at(accepted_at);
    let record = EndorsementRecord { usage: taken.usage, accepted_at, evidence, endorsement };
    let digest = record.digest().map_err(anyhow::Error::from)?;
    let content = taken.content.map(|content| seal(&tx.context(), content.expose())).transpose()?;
    statement(
        "WITH kept AS ( \
           INSERT INTO endorsements (digest, content_digest, record, content, agency_id, regulation, accepted_at) \
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING) \
         INSERT INTO endorsed_records (record_id, digest) SELECT record, $1 FROM unnest($8) AS record \
         ON CONFLICT DO NOTHING",
    )
    .bind::<Text, _>(digest.clone())
    .bind::<Text, _>(record.endorsement.content_digest().map_err(anyhow::Error::from)?)
    .bind::<Jsonb, _>(serde_json::to_value(&record)?)
    .bind::<Nullable<Jsonb>, _>(content)
    .bind::<Nullable<SqlUuid>, _>(taken.matter.agency.map(|id| id.0))
    .bind::<Nullable<Text>, _>(taken.matter.regulation)
    .bind::<Timestamptz, _>(accepted_at)
    .bind::<Array<SqlUuid>, _>(taken.matter.records)
    .execute(tx.conn())
    .await?;
    Ok(digest)
}

/// Ends what is kept of endorsements that were made for `records` and for none that is left: to be called where these are
/// deleted. Revocation lists and OCSP answers stay; they name certificates by number, and nobody.
pub async fn end(conn: &mut AsyncPgConnection, records: &[Uuid]) -> Result<usize> {
    let ended = statement(
        "WITH gone AS (DELETE FROM endorsed_records WHERE record_id = ANY($1) RETURNING digest) \
         DELETE FROM endorsements e USING (SELECT DISTINCT digest FROM gone) g WHERE e.digest = g.digest \
         AND NOT EXISTS (SELECT FROM endorsed_records r WHERE r.digest = e.digest AND r.record_id <> ALL($1))",
    )
    .bind::<Array<SqlUuid>, _>(records)
    .execute(conn)
    .await?;
    Ok(ended)
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Bool)]
    known: bool,
}

async fn keep_evidence(
    tx: &mut Tx,
    taken: &Taken<'_>,
    evidence: RevocationEvidence,
    name: &EvidenceName,
) -> Result<()> {
    let context = tx.context();
    if context.0.endorsements.holds(evidence) {
        return Ok(());
    }
    let there: Known =
        statement("SELECT EXISTS (SELECT FROM revocation_evidence WHERE digest = $1) AS known")
            .bind::<Text, _>(name.digest.clone())
            .get_result(tx.conn())
            .await?;
    if !there.known {
        let der = read(tx, taken, evidence).await?;
        statement(
            "INSERT INTO revocation_evidence (digest, kind, der, first_seen) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (digest) DO NOTHING",
        )
        .bind::<Text, _>(name.digest.clone())
        .bind::<Text, _>(name.kind.as_str())
        .bind::<Binary, _>(der)
        .bind::<Timestamptz, _>(tx.now())
        .execute(tx.conn())
        .await?;
    }
    tx.kept_evidence.push(evidence);
    Ok(())
}

/// The bytes of `evidence`. Lists are read from their files.
async fn read(tx: &Tx, taken: &Taken<'_>, evidence: RevocationEvidence) -> Result<Vec<u8>> {
    let store = tx.context().revocation_lists().store().clone();
    let purpose = taken.usage.purpose();
    let (issuer, serial) = (taken.card.issuer_key_id.clone(), taken.card.certificate_serial.clone());
    let der = tokio::task::spawn_blocking(move || {
        let query = RevocationQuery {
            purpose,
            authority: false,
            issuer_key_id: &issuer,
            serial: &serial,
            points: &[],
        };
        store.der(&query, evidence)
    });
    der.await.map_err(anyhow::Error::from)?.ok_or_else(|| {
        // Its file was replaced a moment ago: the next try rests on the list that took its place.
        tracing::warn!(?evidence, "revocation evidence could not be kept");
        Problem::new(&problem::UNAVAILABLE, "The revocation list is being replaced: try again.")
            .retry_after(5)
            .into()
    })
}

fn seal(context: &Context, content: &str) -> Result<Value> {
    let sealed = context.0.endorsements.key(context.settings())?.seal(content)?;
    Ok(serde_json::to_value(sealed)?)
}

/// What a process remembers for keeping endorsements.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// Lists that are known to be stored: after COMMIT alone, so that storing one again costs nothing.
    lists: Mutex<HashSet<RevocationEvidence>>,
    /// Seals what was signed; read when it is first needed.
    key: OnceLock<RegisterKey>,
}

impl Keeping {
    fn key(&self, settings: &Settings) -> Result<&RegisterKey> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = RegisterKey::derive(&settings.register_root()?, "endorsed-contents")?;
        Ok(self.key.get_or_init(|| key))
    }

    fn holds(&self, evidence: RevocationEvidence) -> bool {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).contains(&evidence)
    }

    /// Notes what a transaction stored or found. Answers are many, and each serves for minutes: they are asked for.
    pub fn note(&self, evidence: Vec<RevocationEvidence>) {
        let lists = evidence.into_iter().filter(|piece| matches!(piece, RevocationEvidence::List(_)));
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).extend(lists);
    }
}
