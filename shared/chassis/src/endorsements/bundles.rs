//! Everything about an endorsement by digest, for court.

use std::collections::BTreeSet;

use actix_web::{get, web};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Binary, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use identity::record::{EndorsementBundles, EvidenceDocument};
use identity::{EndorsementBundle, EndorsementRecord, EvidenceKind};
use kernel::Sealed;
use kernel::ids::AgencyId;
use serde_json::Value;
use statement::statement;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::answer::Answer;
use crate::context::Context;
use crate::document;
use crate::error::Result;
use crate::http::Caller;

/// Endorsements of one content that are answered at most.
const MOST: usize = 20;

/// Registers the operation.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_endorsement_evidence);
}

/// Shows everything about an endorsement that this service took, to be checked offline (`datawarden verify-endorsement`):
/// signature, chain, what was signed, revocation evidence. The digest is that of its entry in the governance log, of what was
/// signed, or one of a signed list. An office's auditor finds those that are the office's matter, a data provider's those about
/// its own data.
#[utoipa::path(get, path = "/v1/endorsements/{digest}/evidence",
    params(("digest" = String, Path, description = "SHA-256, hexadecimal",
        example = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f")),
    responses((status = 200, body = EndorsementBundles)))]
#[get("/v1/endorsements/{digest}/evidence")]
pub async fn get_endorsement_evidence(
    caller: Caller,
    digest: web::Path<String>,
) -> Result<Answer<EndorsementBundles>> {
    let items = bundles(&caller.context, &digest, (caller.scope(None)?, caller.regulations())).await?;
    if items.is_empty() {
        return Err(document::missing("endorsement"));
    }
    Ok(Answer::ok(EndorsementBundles { items }))
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    digest: String,
    #[diesel(sql_type = Jsonb)]
    record: Value,
    #[diesel(sql_type = Nullable<Jsonb>)]
    content: Option<Value>,
}

#[derive(QueryableByName)]
struct EvidenceRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Binary)]
    der: Vec<u8>,
}

/// The endorsements with this digest, of one agency and of some regulations alone where these are given. Most are one; two
/// persons may endorse the same content.
pub async fn bundles(
    context: &Context,
    digest: &str,
    (agency, regulations): (Option<AgencyId>, Option<&BTreeSet<String>>),
) -> Result<Vec<EndorsementBundle>> {
    let mut conn = context.connection().await?;
    let rows: Vec<Row> = statement(format!(
        "SELECT digest, record, content FROM endorsements WHERE (digest = $1 OR content_digest = $1 \
           OR record->'endorsement'->'digests' @> to_jsonb($1::text)) \
         AND ($2 IS NULL OR agency_id = $2) AND ($3 IS NULL OR regulation = ANY($3)) \
         ORDER BY accepted_at, digest LIMIT {MOST}",
    ))
    .bind::<Text, _>(digest)
    .bind::<Nullable<SqlUuid>, _>(agency.map(|id| id.0))
    .bind::<Nullable<Array<Text>>, _>(regulations.map(|all| all.iter().collect::<Vec<_>>()))
    .load(&mut conn)
    .await?;
    let mut bundles = vec![];
    for row in rows {
        let record: EndorsementRecord = serde_json::from_value(row.record)?;
        bundles.push(EndorsementBundle {
            digest: row.digest,
            content: row.content.map(|sealed| open(context, sealed)).transpose()?,
            evidence: evidence(&mut conn, &record).await?,
            record,
        });
    }
    Ok(bundles)
}

fn open(context: &Context, sealed: Value) -> Result<Value> {
    let sealed: Sealed = serde_json::from_value(sealed)?;
    let text = context.0.endorsements.key(context.settings())?.open(&sealed)?;
    Ok(serde_json::from_str(text.expose())?)
}

async fn evidence(conn: &mut AsyncPgConnection, record: &EndorsementRecord) -> Result<Vec<EvidenceDocument>> {
    let digests: Vec<String> = record.evidence.iter().map(|name| name.digest.clone()).collect();
    let rows: Vec<EvidenceRow> =
        statement("SELECT kind, der FROM revocation_evidence WHERE digest = ANY($1) ORDER BY digest")
            .bind::<Array<Text>, _>(digests)
            .load(conn)
            .await?;
    let document = |row: EvidenceRow| {
        let is_list = row.kind == EvidenceKind::List.as_str();
        EvidenceDocument::new(if is_list { EvidenceKind::List } else { EvidenceKind::Response }, &row.der)
    };
    Ok(rows.into_iter().map(document).collect())
}
