//! A batch in its place.

use crate::body::SealedBody;
use crate::entry::Receipt;
use crate::error::LogError;
use crate::hash::Hash;
use crate::header::Header;
use crate::statement::AppendBatch;

/// A batch laid out for its place, and the receipts that it will earn (the first may be the manifest's).
pub struct Laid {
    pub statement: AppendBatch,
    pub receipts: Vec<Receipt>,
    pub opens_month: bool,
    pub chain: Hash,
}

impl Laid {
    /// Adds an entry with its receipt.
    pub fn push(&mut self, header: Header, body: Option<&SealedBody>, index: i64) -> Result<(), LogError> {
        let signed = |n: u64| i64::try_from(n).map_err(|_| LogError::Invalid("a counter is out of range"));
        let bytes = header.to_bytes()?;
        let leaf = Hash::leaf(&bytes);
        self.chain = Hash::chain(self.chain, leaf);
        let columns = &mut self.statement;
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
        columns.chain.push(self.chain.0.to_vec());
        if let Some(body) = body {
            columns.body_index.push(index);
            columns.body.push(body.bytes.clone());
            if let Some(subject) = body.subject {
                columns.subject_index.push(index);
                columns.subject.push(subject.0.to_vec());
            }
        }
        self.receipts.push(Receipt {
            log: header.log,
            index: header.index,
            leaf_hash: leaf,
            chain_hash: self.chain,
            recorded_at: header.recorded_at,
        });
        Ok(())
    }
}
