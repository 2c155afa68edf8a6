//! What an entry costs: processor time, waits for the disk, bytes of WAL, statements, signatures, bytes of proof.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use statement::statement;

use super::super::Figure;
use super::cpu::Cpu;
use super::rounds::Field;
use super::stage::Stage;

/// A backend tells of its WAL at most once a second; an idle leader says something four times a second.
const TOLD: Duration = Duration::from_millis(2_500);

#[derive(QueryableByName)]
struct Wal {
    #[diesel(sql_type = BigInt)]
    syncs: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

async fn wal(stage: &Stage) -> anyhow::Result<Wal> {
    tokio::time::sleep(TOLD).await;
    let mut conn = stage.connection().await?;
    let wal = statement("SELECT wal_sync AS syncs, wal_bytes::bigint AS bytes FROM pg_stat_wal");
    Ok(wal.get_result(&mut conn).await?)
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
pub async fn measure(field: &Field<'_>) -> anyhow::Result<Vec<Figure>> {
    let mut figures = vec![];
    let mut note = |who: &str, entries: f64, before: &Wal, after: &Wal| {
        let syncs = (after.syncs - before.syncs) as f64 * 1e3 / entries;
        figures.push(Figure::noted(&format!("{who}: fsyncs of WAL for 1,000 entries"), syncs, ""));
        let bytes = (after.bytes - before.bytes) as f64 / entries;
        figures.push(Figure::noted(&format!("{who}: bytes of WAL for an entry"), bytes, "B"));
    };
    let before = wal(field.stage).await?;
    let inserted = field.inserted();
    let (began, plain) = (field.stage.cpu()?, "plain, 64 writers");
    field.plain(64).await?;
    let spent = field.stage.cpu()?.since(began);
    let inserted = field.inserted() - inserted;
    let mut last = wal(field.stage).await?;
    note(plain, inserted as f64, &before, &last);
    let mut of_proofs = spent_on(plain, spent, inserted as f64);
    for writers in [1, 64, 256] {
        let began = field.stage.cpu()?;
        let (_, acknowledged) = field.engine(writers).await?;
        let spent = field.stage.cpu()?.since(began);
        let now = wal(field.stage).await?;
        let (who, entries) = (format!("engine, {writers} writers"), acknowledged.leaves.len() as f64);
        note(&who, entries, &last, &now);
        of_proofs.extend(spent_on(&who, spent, entries));
        last = now;
        of_proofs.push(Figure::noted(
            &format!("{who}: statements, and signatures, for 1,000 entries"),
            acknowledged.heads.len() as f64 * 1e3 / entries,
            "",
        ));
        let bytes: usize = acknowledged.receipts.iter().map(|receipt| receipt.proof.len()).sum();
        if writers == 256 {
            let size = bytes as f64 / acknowledged.receipts.len() as f64;
            of_proofs.push(Figure::noted("a proof, header included", size, "B"));
        }
    }
    let bytes = field.rows.iter().map(|row| row.header.len() + row.body.len()).sum::<usize>() as f64;
    of_proofs.push(Figure::noted("header and body of an entry", bytes / field.rows.len() as f64, "B"));
    figures.extend(of_proofs);
    Ok(figures)
}

/// Processor time of one entry.
fn spent_on(who: &str, spent: Cpu, entries: f64) -> Vec<Figure> {
    let of =
        |what: &str, seconds: f64| Figure::noted(&format!("{who}: {what}"), seconds * 1e6 / entries, "µs");
    vec![of("processor time of this program", spent.own), of("processor time of PostgreSQL", spent.postgres)]
}
