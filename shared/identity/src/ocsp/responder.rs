//! Who may answer for an authority (RFC 6960 §4.2.2.2).

use chrono::Duration;
use kernel::Instant;

use super::{Basic, Data, IssuerHash, OcspError, ResponderId};
use crate::certificate::Certificate;
use crate::signature::x509_scheme;

/// A delegate that lives no longer than this need not say `id-pkix-ocsp-nocheck`.
const SHORT_LIFE: Duration = Duration::days(7);

/// The response must be signed by `issuer` itself, or by a delegate that `issuer` certified for signing answers.
pub fn check(
    basic: &Basic<'_>,
    data: &Data<'_>,
    issuer: &Certificate,
    now: Instant,
) -> Result<(), OcspError> {
    if is_named(data, issuer) {
        return signed(basic, issuer);
    }
    for der in &basic.certificates {
        let Ok(delegate) = Certificate::parse(der) else { continue };
        if is_named(data, &delegate) {
            check_delegate(&delegate, issuer, now)?;
            return signed(basic, &delegate);
        }
    }
    Err(OcspError::WrongSigner)
}

fn is_named(data: &Data<'_>, certificate: &Certificate) -> bool {
    match data.responder {
        ResponderId::Name(name) => name == certificate.subject_dn,
        // RFC 6960 §4.2.1 fixes SHA-1 here; the signature is checked with the key itself.
        ResponderId::KeyHash(hash) => hash == IssuerHash::Sha1.of(certificate.public_key.bytes()),
    }
}

fn signed(basic: &Basic<'_>, signer: &Certificate) -> Result<(), OcspError> {
    let scheme = x509_scheme(&basic.algorithm, &signer.public_key).ok_or(OcspError::WeakAlgorithm)?;
    signer.public_key.verify_with(scheme, basic.tbs, basic.signature).map_err(|_| OcspError::BadSignature)
}

fn check_delegate(delegate: &Certificate, issuer: &Certificate, now: Instant) -> Result<(), OcspError> {
    let may_answer = delegate.extended.is_some_and(|uses| uses.ocsp_signing)
        && delegate.key_usage.is_none_or(|uses| uses.digital_signature)
        && !delegate.is_ca
        && !delegate.unknown_critical;
    let issued = delegate.authority_key_id.is_some()
        && delegate.authority_key_id == issuer.subject_key_id
        && delegate.issuer_dn == issuer.subject_dn
        && delegate.is_signed_by(issuer).is_ok();
    if !may_answer || !issued {
        return Err(OcspError::WrongSigner);
    }
    if now < delegate.not_before || now > delegate.not_after {
        return Err(OcspError::DelegateNotValid);
    }
    if !delegate.no_check && delegate.not_after - delegate.not_before > SHORT_LIFE {
        return Err(OcspError::DelegateUnchecked);
    }
    Ok(())
}
