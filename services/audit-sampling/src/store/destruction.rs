//! Records of a month: counted for retention, deleted on an approved order.

use chassis::{Result, endorsements};
use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::days;
use rule_pack::RecordKind;
use statement::statement;
use uuid::Uuid;

/// The ids of the records of `$1` regulation whose term counts from a day in [`$2`, `$3`), by kind. All of them count
/// from the day on which they were closed.
fn selection(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::AuditResult => Some(
            "SELECT id FROM audit_plans WHERE regulation = $1 AND closed_on >= $2 AND closed_on < $3 \
             UNION ALL SELECT id FROM internal_audits WHERE $1 = 'immigration' AND closed_on >= $2 AND closed_on < $3 \
             UNION ALL SELECT id FROM spot_checks WHERE $1 = 'immigration' AND visited_on >= $2 AND visited_on < $3",
        ),
        RecordKind::Investigation => Some(
            "SELECT i.id FROM investigations i JOIN findings f ON f.id = i.finding_id \
             WHERE f.regulation = $1 AND i.closed_on >= $2 AND i.closed_on < $3",
        ),
        // A finding goes only after its investigation, whose term may be longer.
        RecordKind::Violation => Some(
            "SELECT id FROM findings f WHERE regulation = $1 AND closed_on >= $2 AND closed_on < $3 \
             AND NOT EXISTS (SELECT FROM investigations i WHERE i.finding_id = f.id)",
        ),
        _ => None,
    }
}

/// The kinds of records that this service holds.
pub const KINDS: [RecordKind; 3] =
    [RecordKind::AuditResult, RecordKind::Investigation, RecordKind::Violation];

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many records of `kind` there are of `month`.
pub async fn count(
    conn: &mut AsyncPgConnection,
    kind: RecordKind,
    regulation: &str,
    month: NaiveDate,
) -> Result<i64> {
    let Some(selection) = selection(kind) else { return Ok(0) };
    let count: Count = statement(format!("SELECT count(*) AS n FROM ({selection}) AS s"))
        .bind::<Text, _>(regulation)
        .bind::<Date, _>(month)
        .bind::<Date, _>(days::add_months(month, 1))
        .get_result(conn)
        .await?;
    Ok(count.n)
}

/// Deletes the records of `kind` of `month`; gives their ids in order.
pub async fn delete(
    conn: &mut AsyncPgConnection,
    kind: RecordKind,
    regulation: &str,
    month: NaiveDate,
) -> Result<Vec<Uuid>> {
    let Some(selection) = selection(kind) else { return Ok(vec![]) };
    let ids: Vec<Id> = statement(format!("SELECT id FROM ({selection}) AS s ORDER BY id"))
        .bind::<Text, _>(regulation)
        .bind::<Date, _>(month)
        .bind::<Date, _>(days::add_months(month, 1))
        .load(conn)
        .await?;
    let ids: Vec<Uuid> = ids.into_iter().map(|row| row.id).collect();
    let statements: &[&str] = match kind {
        // The population of a period goes with its plan; what a draw took from it is in the worksheets, which go too.
        RecordKind::AuditResult => &[
            "DELETE FROM population_queries q USING audit_plans p WHERE p.id = ANY($1) \
             AND q.regulation = p.regulation AND q.period = p.period_start",
            "DELETE FROM population_usage u USING audit_plans p WHERE p.id = ANY($1) \
             AND u.regulation = p.regulation AND u.period = p.period_start",
            "DELETE FROM audit_plans WHERE id = ANY($1)",
            "DELETE FROM internal_audits WHERE id = ANY($1)",
            "DELETE FROM spot_checks WHERE id = ANY($1)",
        ],
        RecordKind::Investigation => &["DELETE FROM investigations WHERE id = ANY($1)"],
        _ => &["DELETE FROM findings WHERE id = ANY($1)"],
    };
    for text in statements {
        statement(*text).bind::<diesel::sql_types::Array<SqlUuid>, _>(&ids).execute(conn).await?;
    }
    endorsements::end(conn, &ids).await?;
    Ok(ids)
}
