//! The small service.

use actix_web::{get, post, web};
use chassis::answer::PageParams;
use chassis::document::{self, Filter};
use chassis::jobs::JobKind;
use chassis::{
    Answer, Caller, Command, Consumer, Context, Document, Page, Replay, Result, Rhythm, Schedule, Service, Tx,
};
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use kernel::Event;
use kernel::ids::AgencyId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/behaviour/migrations");

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Note {
    pub id: Uuid,
    pub agency_id: AgencyId,
    pub text: String,
}

impl Document for Note {
    const TABLE: &'static str = "notes";
    fn id(&self) -> Uuid {
        self.id
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteNote {
    pub text: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct NoteWritten {
    pub note: Uuid,
    pub text: String,
}

impl Event for NoteWritten {
    const TYPE: &'static str = "notes.note-written.v1";
    const TOPIC: &'static str = "notes.notes.v1";
    fn key(&self) -> String {
        self.note.to_string()
    }
}

/// Writes a note.
#[utoipa::path(post, path = "/v1/notes", request_body = WriteNote, responses((status = 201, body = Note)))]
#[post("/v1/notes")]
async fn write_note(command: Command<WriteNote>) -> Result<Answer<Note>> {
    let agency_id = command.agency()?;
    command
        .run(async |tx| {
            let note = Note { id: tx.new_id(), agency_id, text: command.body.text.clone() };
            let version = tx.insert(&note).await?;
            tx.emit(&NoteWritten { note: note.id, text: note.text.clone() }).await?;
            Ok(Answer::created(note).version(version))
        })
        .await
}

/// Changes a note.
#[utoipa::path(post, path = "/v1/notes/{id}/changes", params(("id" = Uuid, Path)), request_body = WriteNote, responses((status = 200, body = Note)))]
#[post("/v1/notes/{id}/changes")]
async fn change_note(command: Command<WriteNote>, id: web::Path<Uuid>) -> Result<Answer<Note>> {
    command
        .run(async |tx| {
            let mut note = tx.load::<Note>(*id).await?;
            command.within(note.agency_id)?;
            command.expect_version(note.version)?;
            note.text.clone_from(&command.body.text);
            let version = tx.update(&note).await?;
            Ok(Answer::ok(note.doc.clone()).version(version))
        })
        .await
}

/// Lists notes.
#[utoipa::path(get, path = "/v1/notes", params(PageParams), responses((status = 200, body = Page<Note>)))]
#[get("/v1/notes")]
async fn list_notes(caller: Caller, params: web::Query<PageParams>) -> Result<Answer<Page<Note>>> {
    let filter = Filter::all().eq_opt("agency_id", caller.scope(None)?);
    let mut conn = caller.context.connection().await?;
    let page = document::page::<Note>(&mut conn, filter, &params).await?;
    Ok(Answer::ok(Page { items: page.items.into_iter().map(|s| s.doc).collect(), next: page.next }))
}

async fn echo(tx: &mut Tx, events: Vec<(NoteWritten, chassis::EventMeta)>) -> Result<()> {
    for (event, _) in events {
        if event.text == "poison" && !has_antidote(tx).await? {
            return Err(anyhow::anyhow!("cannot be taken in").into());
        }
        add_echo(tx, &event.text).await?;
    }
    Ok(())
}

/// What is poison is so until somebody wrote the antidote: a fault that is mended later.
async fn has_antidote(tx: &mut Tx) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM echoes WHERE text = 'antidote'";
    Ok(sql_query(sql).get_result::<crate::events::Count>(tx.conn()).await?.n > 0)
}

async fn add_echo(tx: &mut Tx, text: &str) -> Result<()> {
    sql_query("INSERT INTO echoes VALUES ($1, 1) ON CONFLICT (text) DO UPDATE SET times = echoes.times + 1")
        .bind::<Text, _>(text)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Comes to its end only when another one is under way.
async fn meet(context: &Context, name: String) -> Result<()> {
    context.transaction(async |tx| add_echo(tx, &name).await).await?;
    for _ in 0..500 {
        let mut conn = context.connection().await?;
        let here = sql_query("SELECT count(*) AS n FROM echoes WHERE text LIKE 'meet %'");
        if here.get_result::<crate::events::Count>(&mut conn).await?.n > 1 {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Err(anyhow::anyhow!("nobody else came").into())
}

/// Refuses to run before what stands before it in the queue is there.
async fn queue(context: &Context, place: u32) -> Result<()> {
    context
        .transaction(async |tx| {
            let before = sql_query("SELECT count(*) AS n FROM echoes WHERE text LIKE 'queue %'");
            let before = before.get_result::<crate::events::Count>(tx.conn()).await?.n;
            if before != i64::from(place) {
                return Err(anyhow::anyhow!("{before} came before").into());
            }
            add_echo(tx, &format!("queue {place}")).await
        })
        .await
}

pub fn service() -> Service {
    Service {
        name: "notes",
        title: ("Notes", "筆記"),
        migrations: || vec![MIGRATIONS],
        operations: r#"
            [write_note]
            title_zh = "寫筆記"
            roles = ["user"]
            [change_note]
            title_zh = "改筆記"
            roles = ["user"]
            [list_notes]
            title_zh = "列筆記"
            live = true
            roles = ["user", "auditor"]
            [list_dead_letters]
            title_zh = "未能接收之事件清單"
            roles = ["it_centre"]
            [replay_dead_letter]
            title_zh = "重新接收事件"
            roles = ["it_centre"]
        "#,
        problems: &[],
        routes: |config| {
            chassis::dead_letters::configure(config);
            config.service(write_note).service(change_note).service(list_notes);
        },
        consumers: || vec![Consumer::on_all::<NoteWritten, _>(echo)],
        schedules: || {
            vec![Schedule::new("nightly", Rhythm::Daily(1, 0), async |context: &chassis::Context, due| {
                context.transaction(async |tx| add_echo(tx, &format!("night {due}")).await).await
            })]
        },
        replays: || {
            vec![Replay::of::<Note, _>("notes", |note| NoteWritten {
                note: note.id,
                text: note.text.clone(),
            })]
        },
        jobs: || vec![JobKind::new("meet", meet).side_by_side(8), JobKind::new("queue", queue)],
        topics: &["notes.notes.v1"],
        revocations: chassis::revocations::Source::Stream(None),
        init: None,
    }
}
