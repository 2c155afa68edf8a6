//! Tiles and proofs, made from what is stored: leaf hashes with the entries, and every eighth height of the tree.

use std::collections::{BTreeSet, HashMap};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, SmallInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use statement::statement;
use transparency::Hash;
use transparency::entry_proof::EntryProof;
use transparency::tile::{HEIGHT, Level, Tile, WIDTH};
use transparency::tree::{self, Node};

use crate::error::LogError;
use crate::log::QueryLog;
use crate::reading::{hash, signed, unsigned};

#[derive(QueryableByName)]
struct HashRow {
    #[diesel(sql_type = SmallInt)]
    level: i16,
    #[diesel(sql_type = BigInt)]
    node_index: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// The leaf hashes that a dropped month left, because the next month shares their tile.
#[derive(QueryableByName)]
struct BoundaryRow {
    #[diesel(sql_type = BigInt)]
    until: i64,
    #[diesel(sql_type = Binary)]
    boundary: Vec<u8>,
}

/// Hashes of the heights that are stored.
struct Stored(HashMap<Node, Hash>);

impl Stored {
    /// Loads every tile that holds one of `nodes` or what lies under it.
    async fn load(
        connection: &mut AsyncPgConnection,
        log: &str,
        nodes: impl Iterator<Item = Node>,
    ) -> Result<Self, LogError> {
        let tiles: BTreeSet<(u32, u64)> =
            nodes.map(|node| (node.level / HEIGHT, (node.index << (node.level % HEIGHT)) / WIDTH)).collect();
        let (leaves, inner): (Vec<_>, Vec<_>) = tiles.into_iter().partition(|(level, _)| *level == 0);
        let mut found = HashMap::new();
        let leaves: Vec<i64> =
            leaves.into_iter().map(|(_, tile)| signed(tile.saturating_mul(WIDTH))).collect();
        if !leaves.is_empty() {
            for row in leaf_rows(connection, log, &leaves).await? {
                found.insert(Node { level: 0, index: unsigned(row.node_index)? }, hash(&row.hash)?);
            }
            boundaries(connection, log, &mut found).await?;
        }
        if !inner.is_empty() {
            for row in inner_rows(connection, log, &inner).await? {
                let level = HEIGHT * u32::try_from(row.level).map_err(|_| LogError::Malformed)?;
                found.insert(Node { level, index: unsigned(row.node_index)? }, hash(&row.hash)?);
            }
        }
        Ok(Self(found))
    }

    /// The hash of a complete subtree; `None` where its leaves are gone.
    fn hash(&self, node: Node) -> Option<Hash> {
        if node.level.is_multiple_of(HEIGHT) {
            return self.0.get(&node).copied();
        }
        let child = |n| self.hash(Node { level: node.level - 1, index: 2 * node.index + n });
        Some(Hash::node(child(0)?, child(1)?))
    }

    fn fold(&self, part: &[Node]) -> Result<Hash, LogError> {
        let hashes: Option<Vec<Hash>> = part.iter().map(|node| self.hash(*node)).collect();
        hashes.and_then(|hashes| tree::fold(hashes.into_iter())).ok_or(LogError::NotFound)
    }
}

async fn leaf_rows(
    connection: &mut AsyncPgConnection,
    log: &str,
    firsts: &[i64],
) -> Result<Vec<HashRow>, LogError> {
    // The month leads the index of the entries: it is found for each tile first. The limit, which a tile cannot reach past, keeps the
    // planner from joining months last, which reads the whole month's index (100 times as long at 300,000 entries).
    let rows = statement(
        "WITH months AS (SELECT month, first_index, dropped_by_order, \
           lead(first_index, 1, 9223372036854775807) OVER (ORDER BY month) AS until FROM log_months WHERE log = $1) \
         SELECT 0::smallint AS level, e.entry_index AS node_index, e.leaf_hash AS hash FROM unnest($2) AS t (first) \
         JOIN months m ON m.first_index < t.first + 256 AND m.until > t.first AND m.dropped_by_order IS NULL, \
         LATERAL (SELECT entry_index, leaf_hash FROM log_entries WHERE log = $1 AND month = m.month \
           AND entry_index >= t.first AND entry_index < t.first + 256 LIMIT 256) e",
    )
    .bind::<Text, _>(log)
    .bind::<Array<BigInt>, _>(firsts)
    .load(connection)
    .await?;
    Ok(rows)
}

async fn inner_rows(
    connection: &mut AsyncPgConnection,
    log: &str,
    tiles: &[(u32, u64)],
) -> Result<Vec<HashRow>, LogError> {
    let levels: Vec<i16> = tiles.iter().map(|(level, _)| i16::try_from(*level).unwrap_or(i16::MAX)).collect();
    let firsts: Vec<i64> = tiles.iter().map(|(_, tile)| signed(tile.saturating_mul(WIDTH))).collect();
    let rows = statement(
        "SELECT n.level, n.node_index, n.hash FROM unnest($2, $3) AS t (level, first), LATERAL \
         (SELECT level, node_index, hash FROM log_nodes WHERE log = $1 AND level = t.level \
          AND node_index >= t.first AND node_index < t.first + 256) n",
    )
    .bind::<Text, _>(log)
    .bind::<Array<SmallInt>, _>(levels)
    .bind::<Array<BigInt>, _>(firsts)
    .load(connection)
    .await?;
    Ok(rows)
}

async fn boundaries(
    connection: &mut AsyncPgConnection,
    log: &str,
    found: &mut HashMap<Node, Hash>,
) -> Result<(), LogError> {
    let rows: Vec<BoundaryRow> = statement(
        "SELECT first_index + dropped_count AS until, boundary FROM log_months \
         WHERE log = $1 AND boundary IS NOT NULL",
    )
    .bind::<Text, _>(log)
    .load(connection)
    .await?;
    for row in rows {
        let count = u64::try_from(row.boundary.len() / 32).map_err(|_| LogError::Malformed)?;
        let first = unsigned(row.until)?.checked_sub(count).ok_or(LogError::Malformed)?;
        for (index, bytes) in (first..).zip(row.boundary.chunks(32)) {
            found.insert(Node { level: 0, index }, hash(bytes)?);
        }
    }
    Ok(())
}

/// The hashes over `parts`, by what is stored; [`LogError::NotFound`] where it was destroyed.
pub(crate) async fn hashes_of(
    connection: &mut AsyncPgConnection,
    log: &str,
    parts: Vec<Vec<Node>>,
) -> Result<Vec<Hash>, LogError> {
    let stored = Stored::load(connection, log, parts.iter().flatten().copied()).await?;
    parts.iter().map(|part| stored.fold(part)).collect()
}

impl QueryLog {
    /// The inclusion proof of the entry at `index` in the tree of the first `size` entries (RFC 6962 §2.1.1);
    /// [`LogError::NotFound`] past that size, or where the entry's tile is gone with its month.
    pub async fn inclusion(&self, log: &str, index: u64, size: u64) -> Result<Vec<Hash>, LogError> {
        self.hashes(log, size, tree::of_inclusion(index, size).ok_or(LogError::NotFound)?).await
    }

    /// The proof that the tree of `new` entries begins with the tree of `old` entries (RFC 6962 §2.1.2).
    pub async fn consistency(&self, log: &str, old: u64, new: u64) -> Result<Vec<Hash>, LogError> {
        self.hashes(log, new, tree::of_consistency(old, new).ok_or(LogError::NotFound)?).await
    }

    /// The root that the log had at `size`.
    pub async fn root(&self, log: &str, size: u64) -> Result<Hash, LogError> {
        let nodes = tree::of_root(size);
        if nodes.is_empty() {
            return Ok(Hash::empty_tree());
        }
        self.hashes(log, size, vec![nodes]).await?.pop().ok_or(LogError::NotFound)
    }

    /// The right edge of the tree of the first `size` entries.
    pub(crate) async fn edge_at(&self, log: &str, size: u64) -> Result<Vec<Hash>, LogError> {
        let nodes = tree::of_root(size).into_iter().map(|node| vec![node]).collect();
        self.hashes(log, size, nodes).await
    }

    async fn hashes(&self, log: &str, size: u64, parts: Vec<Vec<Node>>) -> Result<Vec<Hash>, LogError> {
        if size > self.head(log).await?.size {
            return Err(LogError::NotFound);
        }
        hashes_of(&mut *self.connection().await?, log, parts).await
    }

    /// The C2SP tlog-proof of the entry at `index`, against the last published checkpoint with the cosignatures that it
    /// has by now. [`LogError::NotFound`] until one is published that covers the entry.
    pub async fn proof(&self, log: &str, index: u64) -> Result<EntryProof, LogError> {
        let published = self.checkpoint(log).await?;
        let entry = self.read(log, index).await?;
        let path = self.inclusion(log, index, published.size).await?;
        Ok(EntryProof { extra: Some(entry.header_bytes), index, path, checkpoint: published.note })
    }

    /// A tile of hashes, or a bundle of entries (C2SP tlog-tiles); [`LogError::NotFound`] where the log has not grown to
    /// it or its entries were destroyed. Entries are for those who may read the log: the caller checks that.
    pub async fn tile(&self, log: &str, tile: Tile) -> Result<Vec<u8>, LogError> {
        let first = tile.first_node().filter(|_| tile.index < 1 << 40).ok_or(LogError::NotFound)?;
        if !tile.is_in(self.head(log).await?.size) {
            return Err(LogError::NotFound);
        }
        if tile.level == Level::Entries {
            return self.bundle_of_entries(log, first.index, tile.width).await;
        }
        let stored = Stored::load(&mut *self.connection().await?, log, std::iter::once(first)).await?;
        let hashes =
            (first.index..first.index + tile.width).map(|index| stored.hash(Node { index, ..first }));
        let hashes: Option<Vec<Hash>> = hashes.collect();
        Ok(hashes.ok_or(LogError::NotFound)?.into_iter().flat_map(|hash| hash.0).collect())
    }

    /// Headers one after the other, each behind its length in two bytes.
    async fn bundle_of_entries(&self, log: &str, first: u64, width: u64) -> Result<Vec<u8>, LogError> {
        let rows = self.rows(log, first, first + width).await?;
        if u64::try_from(rows.len()).is_ok_and(|count| count != width) {
            return Err(LogError::NotFound);
        }
        let mut bytes = Vec::new();
        for row in rows {
            let length = u16::try_from(row.header.len()).map_err(|_| LogError::Malformed)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&row.header);
        }
        Ok(bytes)
    }
}
