//! What retention's officials signed and what came of it: digests that the governance log must hold (H6.6, I3.8).

use chassis::{EventMeta, Result, Tx};
use retention_types::events::{CertificateIssued, EndorsementTaken};

use crate::governance;

/// Enters a certificate of destruction.
pub async fn take_certificate(tx: &mut Tx, event: CertificateIssued, _: EventMeta) -> Result<()> {
    governance::enter(tx, "destruction-certificate", &event.digest).await
}

/// Enters an endorsement.
pub async fn take_endorsement(tx: &mut Tx, event: EndorsementTaken, _: EventMeta) -> Result<()> {
    governance::enter(tx, "endorsement", &event.digest).await
}
