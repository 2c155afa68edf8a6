//! Sessions: by refresh token, by person, the place of each person (H5.2.3), their ends.
//!
//! A refresh token is found by its SHA-256. Comparing hashes in an index takes a time that depends on them, which tells
//! nothing: whoever chooses what is sent cannot choose its hash, and 256 random bits are not found by their hash's beginning.

use chassis::document::{self, Filter};
use chassis::revocations::Kind;
use chassis::{Result, Stored, Tx};
use chrono::{DateTime, Utc};
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use kernel::ids::{PersonId, SessionId};
use statement::statement;
use uuid::Uuid;

use crate::domain::person::Person;
use crate::domain::session::{Session, SessionEnd};
use crate::emergencies;

/// Most open sessions of one person that are looked at.
const MOST: i64 = 1_000;

#[derive(QueryableByName)]
struct Of {
    #[diesel(sql_type = SqlUuid)]
    session_id: Uuid,
}

/// Keeps a session that begins, with its first refresh token.
pub async fn begin(tx: &mut Tx, session: &Session) -> Result<()> {
    tx.insert(session).await?;
    add_token(tx, session).await
}

/// Keeps a session that was renewed, with its newest refresh token.
pub async fn renewed(tx: &mut Tx, session: &Stored<Session>) -> Result<()> {
    tx.update(session).await?;
    add_token(tx, &session.doc).await
}

async fn add_token(tx: &mut Tx, session: &Session) -> Result<()> {
    statement("INSERT INTO refresh_tokens (hash, session_id) VALUES ($1, $2)")
        .bind::<Text, _>(&session.present)
        .bind::<SqlUuid, _>(session.id.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The session of the refresh token with this hash, whichever of its tokens it is.
pub async fn of_token(tx: &mut Tx, hash: &str) -> Result<Option<Stored<Session>>> {
    let row: Option<Of> = statement("SELECT session_id FROM refresh_tokens WHERE hash = $1")
        .bind::<Text, _>(hash)
        .get_result(tx.conn())
        .await
        .optional()?;
    match row {
        Some(row) => tx.find(row.session_id).await,
        None => Ok(None),
    }
}

/// Whether the session goes on.
pub async fn is_open(conn: &mut AsyncPgConnection, session: SessionId, now: DateTime<Utc>) -> Result<bool> {
    let found = document::find::<Session>(conn, session.0, false).await?;
    Ok(found.is_some_and(|s| s.ended.is_none() && now < s.ends_at))
}

/// Ends a session, whatever the reason. Everything that must learn of it learns of it here.
pub async fn end(tx: &mut Tx, session: &mut Stored<Session>, because: SessionEnd) -> Result<()> {
    let now = tx.now();
    if session.end(because, now) {
        keep_end(tx, session).await?;
    }
    Ok(())
}

/// As [`end`], for a session that the rules have ended already.
pub async fn keep_end(tx: &mut Tx, session: &Stored<Session>) -> Result<()> {
    tx.update(session).await?;
    super::revocations::note(tx, (Kind::Session, &session.id.to_string()), true, None::<&()>).await?;
    tracing::info!(session = %session.id, because = ?session.ended.map(|e| e.because), "session ended");
    statement(
        "DELETE FROM session_places WHERE person_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE person_id = $1 AND NOT ended)",
    )
    .bind::<SqlUuid, _>(session.person_id.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn open_ones(tx: &mut Tx, person: PersonId) -> Result<Vec<Stored<Session>>> {
    let filter = Filter::all().eq("person_id", person).eq("ended", false);
    document::select(tx.conn(), filter, MOST).await
}

/// Ends every session of `person`.
pub async fn end_of_person(tx: &mut Tx, person: PersonId, because: SessionEnd) -> Result<()> {
    for mut session in open_ones(tx, person).await? {
        end(tx, &mut session, because).await?;
    }
    Ok(())
}

/// Ends the sessions of `person` that no longer stand on service, card, post, roles and break-glass grants.
pub async fn end_unfounded(tx: &mut Tx, person: &Person) -> Result<()> {
    let now = tx.now();
    let grants = emergencies::given_to(tx.conn(), person.id).await?;
    for mut session in open_ones(tx, person.id).await? {
        if let Err(because) = session.rests_on(person, &grants, now) {
            end(tx, &mut session, because).await?;
        }
    }
    Ok(())
}

/// Takes `place` for `person` until `until`; false while another place is in use. One row per person, so that of two
/// logins at once one waits for the other and sees it.
pub async fn take_place(tx: &mut Tx, person: PersonId, place: &str, until: DateTime<Utc>) -> Result<bool> {
    let now = tx.now();
    let taken = statement(
        "INSERT INTO session_places (person_id, place, until) VALUES ($1, $2, $3) ON CONFLICT (person_id) DO UPDATE \
         SET place = EXCLUDED.place, until = greatest(session_places.until, EXCLUDED.until) \
         WHERE session_places.place = EXCLUDED.place OR session_places.until <= $4",
    )
    .bind::<SqlUuid, _>(person.0)
    .bind::<Text, _>(place)
    .bind::<Timestamptz, _>(until)
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(taken == 1)
}

/// Marks the sessions that lapsed by `now` as ended, as [`Session::lapsed`] says. Nobody need be told: their access tokens
/// are over.
pub async fn mark_lapsed(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<()> {
    statement(
        "UPDATE sessions SET version = version + 1, updated_at = $1, doc = jsonb_set(doc, '{ended}', jsonb_build_object(\
         'at', doc->'idle_until', 'because', CASE WHEN doc->'idle_until' = doc->'ends_at' THEN 'length' ELSE 'idle' END)) \
         WHERE NOT ended AND idle_until <= $1",
    )
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets sessions that ended before `before`, with the hashes of their tokens, and places that came free by then.
pub async fn forget(conn: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<()> {
    for sql in [
        "DELETE FROM sessions WHERE ended AND updated_at < $1",
        "DELETE FROM session_places WHERE until < $1",
    ] {
        statement(sql).bind::<Timestamptz, _>(before).execute(conn).await?;
    }
    Ok(())
}
