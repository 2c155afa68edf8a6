//! One place at a time (H5.2.3): where each person's present token is used.

use chassis::{Result, Tx};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use kernel::ids::PersonId;
use statement::statement;

/// Takes `place` for `person` until `until`; false while another place is in use.
pub async fn take(tx: &mut Tx, person: PersonId, place: &str, until: DateTime<Utc>) -> Result<bool> {
    let now = tx.now();
    let taken = statement(
        "INSERT INTO sessions (person_id, place, until) VALUES ($1, $2, $3) ON CONFLICT (person_id) DO UPDATE \
         SET place = EXCLUDED.place, until = EXCLUDED.until WHERE sessions.place = EXCLUDED.place OR sessions.until <= $4",
    )
    .bind::<SqlUuid, _>(person.0)
    .bind::<Text, _>(place)
    .bind::<Timestamptz, _>(until)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(taken == 1)
}
