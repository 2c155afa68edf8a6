//! The development PKI: a root with a citizen authority, an agency authority and an internal authority, with the
//! government's DN shapes, extensions and policies (`reference/gpki.md`). Made on first start, for development,
//! tests and the sample city; production configures the real authorities instead.

use std::fs;
use std::path::Path;

use chrono::Duration;
use kernel::{Instant, Random, SystemRandom};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SanType, SerialNumber,
};

use crate::certificate::Profile;
use crate::chain::{ChainError, Purpose, TrustAnchors};
use crate::credential::{Credential, CredentialError};
use crate::der;

/// Why the development PKI cannot be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The folder cannot be used.
    #[error("the folder of the development PKI cannot be used")]
    Folder(#[source] std::io::Error),
    /// A credential cannot be loaded or saved.
    #[error("a credential of the development PKI cannot be used")]
    Credential(#[source] CredentialError),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Certificate(#[source] rcgen::Error),
    /// A name holds characters that a certificate cannot hold, or an object identifier is none.
    #[error("the name, number or object identifier cannot stand in a certificate")]
    Name,
    /// An own authority is not accepted as an anchor.
    #[error("an authority of the development PKI is not accepted")]
    Anchor(#[source] ChainError),
}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error)
    }
}

impl From<CredentialError> for PkiError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

/// The kind of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384, as the next generation of cards.
    P384,
    /// RSA with 2048 bits, as today's cards. Slow to make.
    Rsa2048,
}

/// Who a card is for.
#[derive(Debug, Clone, Copy)]
pub struct CardHolder<'a> {
    /// The holder's name (`CN`).
    pub name: &'a str,
    /// The 16 characters of the subject's `serialNumber` (自然人憑證序號).
    pub serial_number: &'a str,
    /// Last four characters of the national id.
    pub last_four: &'a str,
}

/// When a certificate is good.
#[derive(Debug, Clone, Copy)]
pub struct Validity {
    /// First moment.
    pub from: Instant,
    /// Last moment.
    pub until: Instant,
}

impl Validity {
    /// Seven years back to five years on: the simulated year and the records before it lie in the past, and TLS uses
    /// the machine's time whatever the simulated clock shows.
    pub fn around(now: Instant) -> Self {
        Self { from: now - Duration::days(7 * 365), until: now + Duration::days(1826) }
    }
}

/// The authorities, by the name of their files.
const ROOT: &str = "root";
const CITIZEN: &str = "citizen";
const AGENCY: &str = "agency";
const INTERNAL: &str = "internal";
const AUTHORITIES: [&str; 4] = [ROOT, CITIZEN, AGENCY, INTERNAL];

/// A root with its three issuing authorities.
#[derive(Debug)]
pub struct DevPki {
    pub(crate) root: Credential,
    pub(crate) citizen: Credential,
    agency: Credential,
    internal: Credential,
    profile: Profile,
}

impl DevPki {
    /// Opens the authorities in `dir`, or makes them there (files `root.pem`, `root.key.pem` …, mode 0600). Two
    /// processes may do so at once: one set wins, both use it.
    pub fn create_or_open(dir: &Path) -> Result<Self, PkiError> {
        let authorities = dir.join("authorities");
        if !authorities.exists() {
            fs::create_dir_all(dir).map_err(PkiError::Folder)?;
            let fresh = dir.join(format!(".new-{}", hex::encode(random_bytes::<8>())));
            fs::create_dir(&fresh).map_err(PkiError::Folder)?;
            let made = Self::generate()?;
            for (name, credential) in AUTHORITIES.iter().zip(made.authorities()) {
                save(credential, &fresh, name)?;
            }
            // Renaming a folder is atomic and fails when another process was first: then its set counts.
            if fs::rename(&fresh, &authorities).is_err() {
                fs::remove_dir_all(&fresh).map_err(PkiError::Folder)?;
            }
        }
        Ok(Self {
            root: load(&authorities, ROOT)?,
            citizen: load(&authorities, CITIZEN)?,
            agency: load(&authorities, AGENCY)?,
            internal: load(&authorities, INTERNAL)?,
            profile: Profile::default(),
        })
    }

    /// New authorities in memory alone, for tests.
    pub fn generate() -> Result<Self, PkiError> {
        let root = authority("開發用憑證總管理中心", 1, None)?;
        Ok(Self {
            citizen: authority("內政部憑證管理中心", 0, Some(&root))?,
            agency: authority("政府憑證管理中心", 0, Some(&root))?,
            internal: authority("Datawarden internal authority", 0, Some(&root))?,
            root,
            profile: Profile::default(),
        })
    }

    fn authorities(&self) -> [&Credential; 4] {
        [&self.root, &self.citizen, &self.agency, &self.internal]
    }

    /// The anchors of this PKI: each issuing authority for its own purpose, so that no authority can speak for
    /// another's subjects.
    pub fn anchors(&self) -> Result<TrustAnchors, PkiError> {
        [
            (Purpose::Citizen, &self.citizen),
            (Purpose::Agency, &self.agency),
            (Purpose::Internal, &self.internal),
        ]
        .into_iter()
        .try_fold(TrustAnchors::new(), |anchors, (purpose, authority)| {
            anchors.with_anchor(purpose, leaf_der(authority))
        })
        .map_err(PkiError::Anchor)
    }

    /// DER of the root.
    pub fn root_der(&self) -> &[u8] {
        leaf_der(&self.root)
    }

    /// DER of the issuing authority for `purpose`; for [`Purpose::Internal`] the trust root of TLS.
    pub fn authority_der(&self, purpose: Purpose) -> &[u8] {
        leaf_der(match purpose {
            Purpose::Citizen => &self.citizen,
            Purpose::Agency => &self.agency,
            Purpose::Internal => &self.internal,
        })
    }

    /// A citizen card with a P-256 key.
    pub fn issue_card(&self, holder: CardHolder<'_>, now: Instant) -> Result<Credential, PkiError> {
        self.issue_card_with(holder, KeyKind::P256, Validity::around(now))
    }

    /// A citizen card with any key and validity: subject `C=TW, CN=name, serialNumber=…`, directory attributes with
    /// subject type and last four, policy of assurance level 3.
    pub fn issue_card_with(
        &self,
        holder: CardHolder<'_>,
        key: KeyKind,
        validity: Validity,
    ) -> Result<Credential, PkiError> {
        let mut subject = country()?;
        subject.push(DnType::CommonName, holder.name);
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 5]), printable(holder.serial_number)?);
        let mut params = end_entity(subject, validity);
        params.custom_extensions = card_extensions(holder.last_four)?;
        issue(params, key, &self.citizen)
    }

    /// An agency certificate: subject `C=TW, O=行政院, OU=name`, directory attributes with subject type and the
    /// agency's own object identifier.
    pub fn issue_agency(&self, name: &str, agency_oid: &str, now: Instant) -> Result<Credential, PkiError> {
        let mut subject = country()?;
        subject.push(DnType::OrganizationName, "行政院");
        subject.push(DnType::OrganizationalUnitName, name);
        let agency_type = self.profile.agency_types.first().ok_or(PkiError::Name)?;
        let mut params = end_entity(subject, Validity::around(now));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.custom_extensions = vec![
            directory_attributes(&[
                (&self.profile.subject_type, oid(agency_type)?),
                (&self.profile.agency_oid, oid(agency_oid)?),
            ])?,
            policy(&self.profile.policy)?,
        ];
        issue(params, KeyKind::P256, &self.agency)
    }

    /// The certificate of a service: its name is the first DNS name; TLS server and client; signs tokens and events.
    pub fn issue_service(&self, name: &str, now: Instant) -> Result<Credential, PkiError> {
        self.issue_service_with(name, &[], Validity::around(now))
    }

    /// As [`Self::issue_service`], with further DNS names or addresses under which its TLS server is reached.
    pub fn issue_service_with(
        &self,
        name: &str,
        also: &[&str],
        validity: Validity,
    ) -> Result<Credential, PkiError> {
        let mut params = internal_subject(name, validity)?;
        params.subject_alt_names =
            std::iter::once(&name).chain(also).map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        issue(params, KeyKind::P256, &self.internal)
    }

    /// The certificate of a plain TLS server for DNS names and IP addresses; it can sign no token.
    pub fn issue_server(&self, hostnames: &[&str], now: Instant) -> Result<Credential, PkiError> {
        let name = hostnames.first().ok_or(PkiError::Name)?;
        let mut params = internal_subject(name, Validity::around(now))?;
        params.subject_alt_names =
            hostnames.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        issue(params, KeyKind::P256, &self.internal)
    }
}

/// A credential that is kept in `dir` as `name.pem` and `name.key.pem`: loaded if there, else made and saved.
pub fn load_or_issue(
    dir: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Credential, PkiError>,
) -> Result<Credential, PkiError> {
    if dir.join(format!("{name}.pem")).exists() {
        return load(dir, name);
    }
    fs::create_dir_all(dir).map_err(PkiError::Folder)?;
    let credential = make()?;
    save(&credential, dir, name)?;
    Ok(credential)
}

fn save(credential: &Credential, dir: &Path, name: &str) -> Result<(), PkiError> {
    Ok(credential.save_pem_files(&dir.join(format!("{name}.pem")), &dir.join(format!("{name}.key.pem")))?)
}

fn load(dir: &Path, name: &str) -> Result<Credential, PkiError> {
    Ok(Credential::from_pem_files(&dir.join(format!("{name}.pem")), &dir.join(format!("{name}.key.pem")))?)
}

fn leaf_der(credential: &Credential) -> &[u8] {
    credential.chain_der().first().map(Vec::as_slice).unwrap_or_default()
}

/// An authority named `unit` below `parent`, or a root; `depth` authorities may stand below it.
fn authority(unit: &str, depth: u8, parent: Option<&Credential>) -> Result<Credential, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = authority_name(unit)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = rcgen::date_time_ymd(2010, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    if let Some(parent) = parent {
        return issue(params, KeyKind::P256, parent);
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    params.serial_number = Some(serial());
    params.use_authority_key_identifier_extension = true;
    let certificate = params.self_signed(&key)?;
    Ok(Credential::new(vec![certificate.der().to_vec()], key.serialize_der())?)
}

/// Signs `params` with a new key. The chain of the answer ends below the root.
pub(crate) fn issue(
    mut params: CertificateParams,
    kind: KeyKind,
    issuer: &Credential,
) -> Result<Credential, PkiError> {
    let key = KeyPair::generate_for(match kind {
        KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
        KeyKind::Rsa2048 => &PKCS_RSA_SHA256,
    })?;
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
pub(crate) fn card_extensions(last_four: &str) -> Result<Vec<CustomExtension>, PkiError> {
    let profile = Profile::default();
    let attributes = [
        (&profile.subject_type, oid(&profile.natural_person)?),
        (&profile.last_four, der::printable(last_four)),
    ];
    Ok(vec![directory_attributes(&attributes)?, policy(&profile.policy)?])
}

/// `C=TW, O=行政院, OU=unit`, as the government's issuing authorities are named.
pub(crate) fn authority_name(unit: &str) -> Result<DistinguishedName, PkiError> {
    let mut subject = country()?;
    subject.push(DnType::OrganizationName, "行政院");
    subject.push(DnType::OrganizationalUnitName, unit);
    Ok(subject)
}

fn country() -> Result<DistinguishedName, PkiError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, printable("TW")?);
    Ok(name)
}

fn printable(text: &str) -> Result<DnValue, PkiError> {
    text.try_into().map(DnValue::PrintableString).map_err(|_| PkiError::Name)
}

fn internal_subject(name: &str, validity: Validity) -> Result<CertificateParams, PkiError> {
    let mut subject = country()?;
    subject.push(DnType::OrganizationName, "Datawarden");
    subject.push(DnType::CommonName, name);
    Ok(end_entity(subject, validity))
}

fn end_entity(subject: DistinguishedName, validity: Validity) -> CertificateParams {
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

fn alternative(name: &str) -> Result<SanType, PkiError> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(name.try_into().map_err(|_| PkiError::Name)?)),
    }
}

fn oid(dotted: &str) -> Result<Vec<u8>, PkiError> {
    der::oid(dotted).ok_or(PkiError::Name)
}

/// SubjectDirectoryAttributes (2.5.29.9).
fn directory_attributes(attributes: &[(&String, Vec<u8>)]) -> Result<CustomExtension, PkiError> {
    let parts = attributes
        .iter()
        .map(|(kind, value)| Ok(der::sequence(&[oid(kind)?, der::set(std::slice::from_ref(value))])))
        .collect::<Result<Vec<_>, PkiError>>()?;
    Ok(CustomExtension::from_oid_content(&[2, 5, 29, 9], der::sequence(&parts)))
}

/// CertificatePolicies (2.5.29.32) with one policy.
fn policy(dotted: &str) -> Result<CustomExtension, PkiError> {
    let content = der::sequence(&[der::sequence(&[oid(dotted)?])]);
    Ok(CustomExtension::from_oid_content(&[2, 5, 29, 32], content))
}

fn serial() -> SerialNumber {
    let mut bytes = random_bytes::<16>();
    // Positive and of full length in DER.
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}
