//! Making certificates with the government's DN shapes and extensions.

use kernel::{Instant, Random, SystemRandom};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SanType,
    SerialNumber,
};

use super::{KeyKind, PkiError, Validity, leaf_der};
use crate::certificate::Profile;
use crate::credential::Credential;
use crate::der;

/// `anyPolicy` (RFC 5280 §4.2.1.4).
const ANY_POLICY: &str = "2.5.29.32.0";

fn new_key(kind: KeyKind) -> Result<KeyPair, PkiError> {
    Ok(KeyPair::generate_for(match kind {
        KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
        KeyKind::Rsa2048 => &PKCS_RSA_SHA256,
    })?)
}

/// An authority named `unit` with a new key below `parent`, or a root; `depth` authorities may stand below it. It stands for
/// any policy.
pub fn authority(
    unit: &str,
    depth: u8,
    kind: KeyKind,
    parent: Option<&Credential>,
) -> Result<Credential, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = authority_name(unit)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = rcgen::date_time_ymd(2010, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    if let Some(parent) = parent {
        params.custom_extensions = vec![policy(ANY_POLICY)?];
        return issue(params, kind, parent);
    }
    let key = new_key(kind)?;
    params.serial_number = Some(serial());
    params.use_authority_key_identifier_extension = true;
    let certificate = params.self_signed(&key)?;
    Ok(Credential::new(vec![certificate.der().to_vec()], key.serialize_der())?)
}

/// Signs `params` with a new key. The chain of the answer ends below the root.
pub fn issue(
    mut params: CertificateParams,
    kind: KeyKind,
    issuer: &Credential,
) -> Result<Credential, PkiError> {
    let key = new_key(kind)?;
    params.serial_number = Some(serial());
    params.use_authority_key_identifier_extension = true;
    let issuer_key = KeyPair::try_from(issuer.key_pkcs8_der())?;
    let authority = Issuer::from_ca_cert_der(&leaf_der(issuer).into(), issuer_key)?;
    let certificate = params.signed_by(&key, &authority)?;
    let mut chain = vec![certificate.der().to_vec()];
    // A root is known to whoever trusts it; sending it along would only make every token longer.
    if issuer.certificate().issuer_dn != issuer.certificate().subject_dn {
        chain.extend_from_slice(issuer.chain_der());
    }
    Ok(Credential::new(chain, key.serialize_der())?)
}

/// Directory attributes and policy of a citizen card, in this order.
pub fn card_extensions(last_four: &str) -> Result<Vec<CustomExtension>, PkiError> {
    let profile = Profile::default();
    let attributes = [
        (&profile.subject_type, oid(&profile.natural_person)?),
        (&profile.last_four, der::printable(last_four)),
    ];
    Ok(vec![directory_attributes(&attributes)?, policy(&profile.policy)?])
}

/// `C=TW, O=行政院, OU=unit`, as the government's issuing authorities are named.
pub fn authority_name(unit: &str) -> Result<DistinguishedName, PkiError> {
    let mut subject = country()?;
    subject.push(DnType::OrganizationName, "行政院");
    subject.push(DnType::OrganizationalUnitName, unit);
    Ok(subject)
}

/// `C=TW`.
pub fn country() -> Result<DistinguishedName, PkiError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, printable("TW")?);
    Ok(name)
}

/// A PrintableString.
pub fn printable(text: &str) -> Result<DnValue, PkiError> {
    text.try_into().map(DnValue::PrintableString).map_err(|_| PkiError::Name)
}

/// The end entity `C=TW, O=Datawarden, CN=name`.
pub fn internal_subject(name: &str, validity: Validity) -> Result<CertificateParams, PkiError> {
    let mut subject = country()?;
    subject.push(DnType::OrganizationName, "Datawarden");
    subject.push(DnType::CommonName, name);
    Ok(end_entity(subject, validity))
}

/// An end entity that signs.
pub fn end_entity(subject: DistinguishedName, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    set_validity(&mut params, validity);
    params
}

fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let time = |at: Instant| {
        let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
    };
    params.not_before = time(validity.from);
    params.not_after = time(validity.until);
}

/// A DNS name or an IP address.
pub fn alternative(name: &str) -> Result<SanType, PkiError> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(name.try_into().map_err(|_| PkiError::Name)?)),
    }
}

/// An object identifier in DER.
pub fn oid(dotted: &str) -> Result<Vec<u8>, PkiError> {
    der::oid(dotted).ok_or(PkiError::Name)
}

/// SubjectDirectoryAttributes (2.5.29.9).
pub fn directory_attributes(attributes: &[(&String, Vec<u8>)]) -> Result<CustomExtension, PkiError> {
    let parts = attributes
        .iter()
        .map(|(kind, value)| Ok(der::sequence(&[oid(kind)?, der::set(std::slice::from_ref(value))])))
        .collect::<Result<Vec<_>, PkiError>>()?;
    Ok(CustomExtension::from_oid_content(&[2, 5, 29, 9], der::sequence(&parts)))
}

/// AuthorityInfoAccess (1.3.6.1.5.5.7.1.1) with one OCSP responder.
pub fn responder_at(url: &str) -> Result<CustomExtension, PkiError> {
    let access = der::sequence(&[oid("1.3.6.1.5.5.7.48.1")?, der::tlv(0x86, url.as_bytes())]);
    Ok(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der::sequence(&[access])))
}

/// CertificatePolicies (2.5.29.32) with one policy.
pub fn policy(dotted: &str) -> Result<CustomExtension, PkiError> {
    let content = der::sequence(&[der::sequence(&[oid(dotted)?])]);
    Ok(CustomExtension::from_oid_content(&[2, 5, 29, 32], content))
}

fn serial() -> SerialNumber {
    let mut bytes = random_bytes::<16>();
    // Positive and of full length in DER.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// Bytes of chance.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}
