//! A batch in its place, and what its receipts are made of once it is durable.

use std::collections::BTreeMap;

use kernel::Instant;
use transparency::checkpoint::Checkpoint;
use transparency::entry_proof::EntryProof;
use transparency::note::Signer;
use transparency::tile::HEIGHT;
use transparency::{Frontier, Growth, Hash};

use crate::body::FieldKey;
use crate::entry::{Head, Receipt};
use crate::error::LogError;
use crate::header::Header;
use crate::sequencer::sealing::SealedBody;
use crate::statement::AppendBatch;

/// A batch laid out for its place.
pub struct Laid {
    pub statement: AppendBatch,
    pub opens_month: bool,
    growth: Growth,
    leaves: Vec<Hash>,
}

/// A batch that is durable: each caller makes its receipt of it.
pub(crate) struct Written {
    log: String,
    /// Index of the first entry in the batch.
    first: u64,
    growth: Growth,
    leaves: Vec<Hash>,
    headers: Vec<Vec<u8>>,
    checkpoint: String,
    recorded_at: Instant,
}

impl Laid {
    pub fn new(statement: AppendBatch, opens_month: bool, edge: Frontier) -> Self {
        Self { statement, opens_month, growth: Growth::new(edge), leaves: vec![] }
    }

    /// The right edge of the log's tree behind the batch.
    pub fn edge(&self) -> &Frontier {
        self.growth.edge()
    }

    /// Adds an entry.
    pub fn push(&mut self, header: &Header, body: Option<SealedBody>, index: i64) -> Result<(), LogError> {
        let signed = |n: u64| i64::try_from(n).map_err(|_| LogError::Invalid("a counter is out of range"));
        let bytes = header.to_bytes()?;
        let leaf = Hash::leaf(&bytes);
        let columns = &mut self.statement;
        self.growth.push(leaf, |node, hash| columns.nodes.add(node, hash));
        columns.index.push(index);
        columns.kind.push(header.kind.as_str());
        columns.occurred_at.push(header.at);
        columns.agency.push(header.agency.map(|id| id.0));
        columns.agency_seq.push(header.agency_seq.map(signed).transpose()?);
        columns.account.push(header.account.map(|mark| mark.pseudonym.0.to_vec()));
        columns.account_seq.push(header.account.map(|mark| signed(mark.seq)).transpose()?);
        columns.application.push(header.application.map(|id| id.0));
        columns.query.push(header.query.map(|id| id.0));
        columns.closes.push(header.closes.map(signed).transpose()?);
        columns.header.push(bytes);
        columns.leaf.push(leaf.0.to_vec());
        if let Some(body) = body {
            columns.body_index.push(index);
            columns.body.push(body.bytes);
            if let Some(subject) = body.subject {
                columns.subject_index.push(index);
                columns.subject.push(subject.0.to_vec());
            }
        }
        self.leaves.push(leaf);
        Ok(())
    }

    /// Sets where the head goes.
    pub fn close(&mut self) -> Result<(), LogError> {
        let edge = self.growth.edge();
        self.statement.new_size = i64::try_from(edge.size()).map_err(|_| LogError::Malformed)?;
        self.statement.new_root = edge.root().0.to_vec();
        self.statement.new_edge = edge.nodes().iter().flat_map(|hash| hash.0).collect();
        Ok(())
    }

    /// The head that the log has behind the batch.
    pub fn head(&self) -> Head {
        let edge = self.growth.edge();
        Head { log: self.statement.log.clone(), size: edge.size(), root_hash: edge.root() }
    }

    /// The batch after COMMIT, signed: never before.
    pub fn written(self, signer: &Signer) -> Written {
        let edge = self.growth.edge();
        let checkpoint = Checkpoint::new(signer.name(), edge.size(), edge.root()).sign(signer);
        Written {
            log: self.statement.log,
            first: u64::try_from(self.statement.old_size).unwrap_or_default(),
            growth: self.growth,
            leaves: self.leaves,
            headers: self.statement.header,
            checkpoint,
            recorded_at: self.statement.recorded_at,
        }
    }
}

impl Written {
    /// Number of entries, the manifest included.
    pub fn count(&self) -> usize {
        self.leaves.len()
    }

    /// The receipt of the entry at `place` of the batch.
    pub fn receipt(&self, place: usize, field_keys: BTreeMap<String, FieldKey>) -> Option<Receipt> {
        let (leaf_hash, header) = (*self.leaves.get(place)?, self.headers.get(place)?);
        let index = self.first.checked_add(u64::try_from(place).ok()?)?;
        let edge = self.growth.edge();
        let proof = EntryProof {
            extra: Some(header.clone()),
            index,
            path: self.growth.inclusion(index)?,
            checkpoint: self.checkpoint.clone(),
        };
        Some(Receipt {
            log: self.log.clone(),
            index,
            leaf_hash,
            recorded_at: self.recorded_at,
            head: Head { log: self.log.clone(), size: edge.size(), root_hash: edge.root() },
            proof: proof.to_string(),
            field_keys,
        })
    }
}

/// The subtrees of a height that tiles keep, in columns.
#[derive(Default)]
pub struct NodeColumns {
    pub level: Vec<i16>,
    pub index: Vec<i64>,
    pub hash: Vec<Vec<u8>>,
}

impl NodeColumns {
    fn add(&mut self, node: transparency::Node, hash: Hash) {
        let kept = node.level > 0 && node.level.is_multiple_of(HEIGHT);
        if let (true, Ok(level), Ok(index)) =
            (kept, i16::try_from(node.level / HEIGHT), i64::try_from(node.index))
        {
            self.level.push(level);
            self.index.push(index);
            self.hash.push(hash.0.to_vec());
        }
    }
}
