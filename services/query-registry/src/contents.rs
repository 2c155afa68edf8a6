//! What was written in an application: sealed under a key of its own, which goes with it (invariant 8).

use chassis::{Result, Tx};
use chrono::NaiveDate;
use query_log::{Month, SealedValue, ValueKeys, ValueReader};
use query_registry_types::applications::ApplicationContent;

use crate::problems;
use crate::store::register;

/// Seals the content of an application of `date` under a fresh key of its regulation and month.
pub async fn seal(
    tx: &mut Tx,
    keys: &ValueKeys,
    date: NaiveDate,
    content: &ApplicationContent,
) -> Result<SealedValue> {
    let (leaf, text) = (register::next_leaf(tx).await?, serde_json::to_string(content)?);
    let sealed = keys.seal(&content.regulation, Month::containing(date), leaf, &text).await;
    sealed.map_err(|error| problems::log_unavailable(&error.into()).into())
}

/// Opens one.
pub async fn open(reader: &mut ValueReader<'_>, sealed: &SealedValue) -> Result<ApplicationContent> {
    let text = reader.open(sealed).await.map_err(|error| problems::log_unavailable(&error.into()))?;
    Ok(serde_json::from_str(text.expose())?)
}
