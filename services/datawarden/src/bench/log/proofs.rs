//! Whether what was acknowledged holds: proofs by another's code, entries by reading them back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ct_merkle::{InclusionProof, RootHash};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use query_log::Receipt;
use sha2::Sha256;
use statement::statement;

use super::engine::Acknowledged;
use super::stage::LOG;

const PAGE: i64 = 20_000;

/// Verifies the inclusion of every receipt's entry with `ct-merkle`. The proof's text is read here, not by the suite's code.
pub fn verify(receipts: &[Receipt]) -> anyhow::Result<usize> {
    for receipt in receipts {
        inclusion(&receipt.proof).map_err(|error| anyhow::anyhow!("proof of {}: {error}", receipt.index))?;
    }
    Ok(receipts.len())
}

fn inclusion(text: &str) -> anyhow::Result<()> {
    let (proof, checkpoint) = text.split_once("\n\n").ok_or_else(|| anyhow::anyhow!("no checkpoint"))?;
    let mut lines = proof.lines().skip(1);
    let mut word = |name: &str| {
        let line = lines.next().and_then(|line| line.strip_prefix(name)).map(str::trim);
        line.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no {name}"))
    };
    let header = STANDARD.decode(word("extra")?)?;
    let index: u64 = word("index")?.parse()?;
    let path: Vec<Vec<u8>> = lines.map(|line| STANDARD.decode(line)).collect::<Result<_, _>>()?;
    let mut signed = checkpoint.lines().skip(1);
    let size: u64 = signed.next().unwrap_or_default().parse()?;
    let root = STANDARD.decode(signed.next().unwrap_or_default())?;
    let mut digest = sha2::digest::Output::<Sha256>::default();
    anyhow::ensure!(root.len() == digest.len(), "the root is no SHA-256 value");
    digest.copy_from_slice(&root);
    let proof =
        InclusionProof::<Sha256>::try_from_bytes(path.concat()).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let root = RootHash::<Sha256>::new(digest, size);
    root.verify_inclusion(&header, index, &proof).map_err(|e| anyhow::anyhow!("{e:?}"))
}

#[derive(QueryableByName)]
struct Leaf {
    #[diesel(sql_type = BigInt)]
    entry_index: i64,
    #[diesel(sql_type = Binary)]
    leaf_hash: Vec<u8>,
}

/// Reads every acknowledged entry back; PostgreSQL hashes the header's bytes anew.
pub async fn read_back(conn: &mut AsyncPgConnection, acknowledged: &Acknowledged) -> anyhow::Result<usize> {
    let bounds = acknowledged.leaves.keys().min().zip(acknowledged.leaves.keys().max());
    let Some((first, last)) = bounds else { return Ok(0) };
    let (mut at, last, mut found) = (i64::try_from(*first)?, i64::try_from(*last)?, 0);
    while at <= last {
        let rows: Vec<Leaf> = statement(
            "SELECT e.entry_index, sha256('\\x00'::bytea || e.header) AS leaf_hash FROM log_entries e \
             JOIN log_bodies b USING (log, month, entry_index) JOIN log_months m USING (log, month) \
             WHERE e.log = $1 AND e.entry_index >= $2 AND e.entry_index < $2 + $3",
        )
        .bind::<diesel::sql_types::Text, _>(LOG)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(PAGE)
        .load(conn)
        .await?;
        for row in rows {
            let Some(leaf) = acknowledged.leaves.get(&row.entry_index.unsigned_abs()) else { continue };
            anyhow::ensure!(leaf.0.as_slice() == row.leaf_hash, "entry {} is another", row.entry_index);
            found += 1;
        }
        at += PAGE;
    }
    anyhow::ensure!(
        found == acknowledged.leaves.len(),
        "{} of {} acknowledged entries are there",
        found,
        acknowledged.leaves.len()
    );
    Ok(found)
}
