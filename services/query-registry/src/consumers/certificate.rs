//! Certificates of destruction: their digests stand in the governance log (H6.6, I3.8).

use chassis::{EventMeta, Result, Tx};
use retention_types::events::CertificateIssued;

use crate::governance;

/// Enters a certificate.
pub async fn take_certificate(tx: &mut Tx, event: CertificateIssued, _: EventMeta) -> Result<()> {
    governance::enter(tx, "destruction-certificate", &event.digest).await
}
