//! This service's own records: it is a holder like any other.

use chassis::{Result, Tx, endorsements};
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::canonical;
use kernel::days;
use rule_pack::RecordKind;
use statement::statement;
use uuid::Uuid;

use crate::domain::holding::Count;
use crate::domain::order::Confirmation;

/// This service's name as a holder.
pub const SERVICE: &str = "retention";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    regulation: String,
    #[diesel(sql_type = Date)]
    month: NaiveDate,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Settled outputs and certificates by month.
pub async fn counts(tx: &mut Tx) -> Result<Vec<Count>> {
    let rows: Vec<Row> = statement(
        "SELECT 'disposal_register' AS kind, regulation, date_trunc('month', settled_on::timestamp)::date AS month, \
         count(*) AS count FROM outputs WHERE settled_on IS NOT NULL GROUP BY 1, 2, 3 \
         UNION ALL SELECT 'destruction_certificate', regulation, \
         date_trunc('month', issued_at AT TIME ZONE 'Asia/Taipei')::date, count(*) \
         FROM destruction_certificates GROUP BY 1, 2, 3",
    )
    .load(tx.conn())
    .await?;
    let at = tx.now();
    let count = |row: Row| Count {
        service: SERVICE,
        record_kind: row.kind,
        regulation: row.regulation,
        month: row.month,
        count: row.count,
        log: None,
        at,
    };
    Ok(rows.into_iter().map(count).collect())
}

/// Destroys this service's records of a month; what is gone is named by the digest over its ids.
pub async fn destroy(tx: &mut Tx, kind: &str, regulation: &str, month: NaiveDate) -> Result<Confirmation> {
    let text = match kind.parse() {
        Ok(RecordKind::DisposalRegister) => {
            "DELETE FROM outputs WHERE regulation = $1 AND settled_on >= $2 AND settled_on < $3 RETURNING id"
        }
        Ok(RecordKind::DestructionCertificate) => {
            "DELETE FROM destruction_certificates WHERE regulation = $1 \
             AND (issued_at AT TIME ZONE 'Asia/Taipei')::date >= $2 \
             AND (issued_at AT TIME ZONE 'Asia/Taipei')::date < $3 RETURNING id"
        }
        _ => return Err(anyhow::anyhow!("retention holds no records of this kind").into()),
    };
    let mut gone: Vec<Gone> = statement(text)
        .bind::<Text, _>(regulation)
        .bind::<Date, _>(month)
        .bind::<Date, _>(days::add_months(month, 1))
        .load(tx.conn())
        .await?;
    gone.sort_by_key(|row| row.id);
    let ids: Vec<Uuid> = gone.into_iter().map(|row| row.id).collect();
    endorsements::end(tx.conn(), &ids).await?;
    Ok(Confirmation {
        count: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        root: canonical::sha256_hex(&canonical::bytes(&ids)?),
        method: "rows deleted".to_owned(),
        entry: None,
        at: tx.now(),
    })
}
