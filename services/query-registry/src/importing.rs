//! What both imports do: bytes out of the request, one refusal with every fault of the file, the same file only once.

use base64::Engine as _;
use chassis::document::{self, Filter};
use chassis::{Problem, Result, Tx};
use kernel::canonical;
use kernel::ids::AgencyId;
use query_registry_types::import::{Import, ImportFile, LineError};

use crate::domain::import_file::KeptImport;
use crate::problems::IMPORT_REFUSED;

/// Faults of a file that are told at most.
const MOST_FAULTS: usize = 200;

/// The file's bytes and their digest.
pub fn bytes(file: &ImportFile) -> Result<(Vec<u8>, String)> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(file.content.expose())
        .map_err(|_| Problem::invalid("/content", "not base64"))?;
    let digest = canonical::sha256_hex(&bytes);
    Ok((bytes, digest))
}

/// The problem of a file with faults: nothing of it was imported.
pub fn refused(errors: &[LineError]) -> chassis::Error {
    let told = errors.get(..MOST_FAULTS).unwrap_or(errors);
    Problem::new(&IMPORT_REFUSED, "Correct the lines in `lines` and send the whole file again.")
        .clause("I4.1.1")
        .with("faults", errors.len())
        .with("lines", told)
        .into()
}

/// The import of the same file by the same agency, if there was one.
pub async fn same_file(tx: &mut Tx, kind: &str, agency: AgencyId, digest: &str) -> Result<Option<Import>> {
    let filter = Filter::all().eq("kind", kind).eq("agency_id", agency).eq("digest", digest);
    Ok(document::first::<KeptImport>(tx.conn(), filter).await?.map(|kept| kept.doc.0))
}

/// A number of lines.
pub fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
