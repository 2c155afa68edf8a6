//! The end entity's certificate: what it must be for a usage, and who it belongs to.

use kernel::Personal;

use super::{ChainError, Purpose, Usage};
use crate::certificate::{Certificate, CertificateIdentity, CertificateKind, Profile, thumbprint};

/// What holds for the end entity's certificate, by usage.
pub fn check(leaf: &Certificate, profile: &Profile, usage: Usage) -> Result<(), ChainError> {
    if leaf.is_ca {
        return Err(ChainError::LeafIsAuthority);
    }
    if !leaf.key_usage.is_some_and(|uses| uses.digital_signature) {
        return Err(ChainError::WrongKeyUsage);
    }
    let has_type = |oid: &String| leaf.directory(&profile.subject_type).any(|found| found == oid);
    let right_type = match usage {
        Usage::CitizenSignature => has_type(&profile.natural_person),
        Usage::AgencySignature | Usage::AgencyClient => profile.agency_types.iter().any(has_type),
        Usage::ServiceSignature | Usage::Server => {
            !leaf.dns_names.is_empty() && leaf.directory(&profile.subject_type).next().is_none()
        }
    };
    if !right_type {
        return Err(ChainError::WrongSubjectType);
    }
    let right_extended = match (usage, leaf.extended) {
        (Usage::Server, Some(uses)) => uses.server || uses.any,
        (Usage::AgencyClient | Usage::ServiceSignature, Some(uses)) => uses.client || uses.any,
        // Only who may be a client may sign as a service: a plain TLS server certificate may not.
        (Usage::Server | Usage::ServiceSignature, None) => false,
        (Usage::CitizenSignature | Usage::AgencySignature | Usage::AgencyClient, _) => true,
    };
    if !right_extended {
        return Err(ChainError::WrongExtendedKeyUsage);
    }
    if usage.needs_policy() && !leaf.policies.contains(&profile.policy) {
        return Err(ChainError::MissingPolicy);
    }
    Ok(())
}

/// Who the certificate belongs to.
pub fn identity(leaf: Certificate, profile: &Profile, usage: Usage) -> CertificateIdentity {
    let kind = match usage.purpose() {
        Purpose::Citizen => CertificateKind::Citizen,
        Purpose::Agency => CertificateKind::Agency,
        Purpose::Internal => CertificateKind::Service,
    };
    let last_four = leaf.directory(&profile.last_four).next().map(|text| Personal::new(text.to_owned()));
    let agency_oid = leaf.directory(&profile.agency_oid).next().map(str::to_owned);
    CertificateIdentity {
        kind,
        last_four,
        agency_oid,
        issuer_key_id: leaf.issuer_key_id(),
        certificate_serial: leaf.serial(),
        thumbprint_sha256: thumbprint(&leaf.der),
        not_before: leaf.not_before,
        not_after: leaf.not_after,
        common_name: Personal::new(leaf.common_name),
        serial_number: leaf.subject_serial.map(Personal::new),
        dns_names: leaf.dns_names,
        public_key: leaf.public_key,
        evidence: Vec::new(),
    }
}
