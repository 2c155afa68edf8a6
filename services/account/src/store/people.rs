//! People by card, role and training.

use chassis::document;
use chassis::{Result, Stored};
use chrono::NaiveDate;
use diesel::sql_types::{Bool, Date, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::{AgencyId, PersonId};
use statement::statement;
use uuid::Uuid;

use crate::domain::person::Person;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// The person to whom the certificate with `thumbprint` is bound.
pub async fn by_thumbprint(conn: &mut AsyncPgConnection, thumbprint: &str) -> Result<Option<Stored<Person>>> {
    let row: Option<Id> = statement("SELECT id FROM people WHERE thumbprints @> to_jsonb($1::text)")
        .bind::<Text, _>(thumbprint)
        .get_result(conn)
        .await
        .optional()?;
    match row {
        Some(row) => document::find(conn, row.id, false).await,
        None => Ok(None),
    }
}

/// Whether anyone in `agency` holds `role` on `day`, `besides` a person.
pub async fn has_role(
    conn: &mut AsyncPgConnection,
    agency: AgencyId,
    role: &str,
    besides: PersonId,
    day: NaiveDate,
) -> Result<bool> {
    let row: Yes = statement(
        "SELECT EXISTS (SELECT 1 FROM people, jsonb_array_elements(doc->'posts') post WHERE in_service AND id <> $4 \
         AND (post->>'agency')::uuid = $1 AND post->'roles' @> to_jsonb($2::text) AND (post->>'from')::date <= $3 \
         AND ((post->>'until') IS NULL OR (post->>'until')::date >= $3)) AS yes",
    )
    .bind::<SqlUuid, _>(agency.0)
    .bind::<Text, _>(role)
    .bind::<Date, _>(day)
    .bind::<SqlUuid, _>(besides.0)
    .get_result(conn)
    .await?;
    Ok(row.yes)
}

/// Whether `person` took part in a training on `since` or later.
pub async fn trained_since(conn: &mut AsyncPgConnection, person: PersonId, since: NaiveDate) -> Result<bool> {
    let row: Yes = statement(
        "SELECT EXISTS (SELECT 1 FROM trainings WHERE doc->'participants' @> to_jsonb($1::text) AND held_on >= $2) AS yes",
    )
    .bind::<Text, _>(person.to_string())
    .bind::<Date, _>(since)
    .get_result(conn)
    .await?;
    Ok(row.yes)
}
