//! What a certificate says, read once into owned values. Reading decides nothing: see [`crate::chain`].

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use kernel::{Instant, Personal, canonical};
use x509_parser::asn1_rs::{Any, FromDer, Oid, Sequence, Set, Tag, oid};
use x509_parser::extensions::{CRLDistributionPoints, DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey as ParsedKey;

use crate::chain::ChainError;
use crate::der::read::{BadDer, Reader};
use crate::revocation::RevocationEvidence;
use crate::signature::{PublicKey, x509_scheme};

pub(crate) mod names;

/// `id-pkix-ocsp-nocheck` (RFC 6960 §4.2.2.2.1).
const OCSP_NO_CHECK: Oid<'static> = oid!(1.3.6.1.5.5.7.48.1.5);

/// Longest certificate that is read, in bytes of DER.
const MAX_DER: usize = 16 * 1024;

/// The object identifiers by which the government's certificates tell what they are; data, so that another
/// authority's profile needs no code. The default is the government's present one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Directory attribute with the subject type.
    pub subject_type: String,
    /// Directory attribute with the last four characters of the national id.
    pub last_four: String,
    /// Directory attribute with an agency's own object identifier.
    pub agency_oid: String,
    /// Subject type of a natural person.
    pub natural_person: String,
    /// Subject types of an agency and of a unit of an agency.
    pub agency_types: Vec<String>,
    /// Certificate policy of assurance level 3.
    pub policy: String,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            subject_type: "2.16.886.1.100.2.1".into(),
            last_four: "2.16.886.1.100.2.51".into(),
            agency_oid: "2.16.886.1.100.2.102".into(),
            natural_person: "2.16.886.1.100.3.1.1".into(),
            agency_types: vec!["2.16.886.1.100.3.2.1.1".into(), "2.16.886.1.100.3.2.1.2".into()],
            policy: "2.16.886.101.0.3.3".into(),
        }
    }
}

impl Profile {
    /// The key of the first value that is no dotted object identifier.
    pub fn check(&self) -> Result<(), &'static str> {
        let single = [
            ("subject_type", &self.subject_type),
            ("last_four", &self.last_four),
            ("agency_oid", &self.agency_oid),
            ("natural_person", &self.natural_person),
            ("policy", &self.policy),
        ];
        let types = self.agency_types.iter().map(|oid| ("agency_types", oid));
        let wrong = single.into_iter().chain(types).find(|(_, oid)| crate::der::oid(oid).is_none());
        wrong.map_or(Ok(()), |(key, _)| Err(key))
    }
}

/// What kind of subject a verified certificate belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateKind {
    /// A natural person's card (自然人憑證).
    Citizen,
    /// An agency or a unit of one (機關憑證).
    Agency,
    /// A service of the suite or a server.
    Service,
}

/// Who a verified certificate belongs to. What is about a person is wrapped and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity {
    /// Person, agency or service.
    pub kind: CertificateKind,
    /// `CN` of the subject (for an agency certificate without one, its last `OU` or `O`).
    pub common_name: Personal<String>,
    /// `serialNumber` of the subject: 16 characters on a citizen card. Not the certificate's serial.
    pub serial_number: Option<Personal<String>>,
    /// Last four characters of the national id, from a citizen card.
    pub last_four: Option<Personal<String>>,
    /// The agency's own object identifier, from an agency certificate.
    pub agency_oid: Option<String>,
    /// DNS names: the name of a service comes first.
    pub dns_names: Vec<String>,
    /// Key id of the issuer, hexadecimal in upper case: authorities share names, never key ids.
    pub issuer_key_id: String,
    /// Serial of the certificate, hexadecimal in upper case.
    pub certificate_serial: String,
    /// SHA-256 of the DER, base64url (`x5t#S256`).
    pub thumbprint_sha256: String,
    /// First moment of validity.
    pub not_before: Instant,
    /// Last moment of validity.
    pub not_after: Instant,
    /// The key that the certificate is about.
    pub public_key: PublicKey,
    /// What said that no certificate of the path was revoked, the leaf's first: to be kept with what it signed. Empty where
    /// revocation is not required.
    pub evidence: Vec<RevocationEvidence>,
}

impl CertificateIdentity {
    /// The subject of a login assertion: issuer key id, a colon, certificate serial.
    pub fn subject(&self) -> String {
        format!("{}:{}", self.issuer_key_id, self.certificate_serial)
    }

    /// The name of the service, if the certificate belongs to one.
    pub fn service_name(&self) -> Option<&str> {
        match self.kind {
            CertificateKind::Service => self.dns_names.first().map(String::as_str),
            CertificateKind::Citizen | CertificateKind::Agency => None,
        }
    }
}

/// The bytes are no certificate that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No DER certificate, trailing bytes, a broken extension, or too large.
    #[error("not a readable X.509 certificate")]
    Malformed,
    /// The key is neither P-256, P-384 nor RSA of at least 2048 bits.
    #[error("the certificate's key is of no accepted kind or too short")]
    WeakKey,
}

/// Facts of one certificate. Its signature is not checked here.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds the personal facts of a card")]
pub struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) tbs: std::ops::Range<usize>,
    pub(crate) signature: Vec<u8>,
    pub(crate) signature_oid: String,
    pub(crate) inner_signature_oid: String,
    pub(crate) issuer_dn: Vec<u8>,
    pub(crate) subject_dn: Vec<u8>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) not_before: Instant,
    pub(crate) not_after: Instant,
    pub(crate) is_ca: bool,
    pub(crate) path_len: Option<u32>,
    pub(crate) key_usage: Option<KeyUses>,
    pub(crate) extended: Option<ExtendedUses>,
    pub(crate) policies: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) directory: Vec<(String, String)>,
    pub(crate) ip_addresses: Vec<Vec<u8>>,
    pub(crate) directory_names: Vec<names::Name>,
    pub(crate) subject: names::Name,
    pub(crate) constraints: Option<names::Constraints>,
    pub(crate) points: Vec<String>,
    pub(crate) no_check: bool,
    pub(crate) unknown_critical: bool,
    pub(crate) public_key: PublicKey,
    pub(crate) common_name: String,
    pub(crate) subject_serial: Option<String>,
}

/// The key usages that matter here (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy)]
pub(crate) struct KeyUses {
    pub digital_signature: bool,
    pub cert_sign: bool,
    pub crl_sign: bool,
}

/// The extended key usages that matter here (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy)]
pub(crate) struct ExtendedUses {
    pub server: bool,
    pub client: bool,
    pub ocsp_signing: bool,
    pub any: bool,
}

impl Certificate {
    /// Reads one DER certificate.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_DER {
            return Err(CertificateError::Malformed);
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let tbs = parsed.tbs_certificate.as_ref();
        let start = find(der, tbs).ok_or(CertificateError::Malformed)?;
        let named_twice = parsed.signature_algorithm.algorithm.to_id_string()
            != parsed.tbs_certificate.signature.algorithm.to_id_string();
        if !rest.is_empty() || !has_one_encoding(der, named_twice) {
            return Err(CertificateError::Malformed);
        }
        let (not_before, not_after) = (
            instant(parsed.validity().not_before.timestamp())?,
            instant(parsed.validity().not_after.timestamp())?,
        );
        let subject = parsed.subject();
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            attribute.as_str().ok().map(str::to_owned)
        };
        let common_name = subject
            .iter_common_name()
            .next()
            .or_else(|| subject.iter_organizational_unit().last())
            .or_else(|| subject.iter_organization().last())
            .and_then(text);
        let subject_serial =
            subject.iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER).next().and_then(text);
        let mut certificate = Self {
            tbs: start..start + tbs.len(),
            signature: parsed.signature_value.data.to_vec(),
            signature_oid: parsed.signature_algorithm.algorithm.to_id_string(),
            inner_signature_oid: parsed.tbs_certificate.signature.algorithm.to_id_string(),
            issuer_dn: parsed.issuer().as_raw().to_vec(),
            subject_dn: subject.as_raw().to_vec(),
            subject_key_id: None,
            authority_key_id: None,
            serial: parsed.raw_serial().to_vec(),
            not_before,
            not_after,
            is_ca: false,
            path_len: None,
            key_usage: None,
            extended: None,
            policies: Vec::new(),
            dns_names: Vec::new(),
            directory: Vec::new(),
            ip_addresses: Vec::new(),
            directory_names: Vec::new(),
            subject: names::Name::of(subject),
            constraints: None,
            points: Vec::new(),
            no_check: false,
            unknown_critical: false,
            public_key: public_key(&parsed)?,
            common_name: common_name.unwrap_or_default(),
            subject_serial,
            der: der.to_vec(),
        };
        certificate.read_extensions(&parsed)?;
        Ok(certificate)
    }

    fn read_extensions(&mut self, parsed: &X509Certificate<'_>) -> Result<(), CertificateError> {
        // Refuses two extensions of one kind, of which one could say what the other denies.
        parsed.tbs_certificate.extensions_map().map_err(|_| CertificateError::Malformed)?;
        for extension in parsed.iter_extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
                ParsedExtension::BasicConstraints(constraints) => {
                    self.is_ca = constraints.ca;
                    self.path_len = constraints.path_len_constraint;
                }
                ParsedExtension::KeyUsage(usage) => {
                    self.key_usage = Some(KeyUses {
                        digital_signature: usage.digital_signature(),
                        cert_sign: usage.key_cert_sign(),
                        crl_sign: usage.crl_sign(),
                    });
                }
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    self.extended = Some(ExtendedUses {
                        server: usage.server_auth,
                        client: usage.client_auth,
                        ocsp_signing: usage.ocsp_signing,
                        any: usage.any,
                    });
                }
                ParsedExtension::CertificatePolicies(policies) => {
                    self.policies = policies.iter().map(|policy| policy.policy_id.to_id_string()).collect();
                }
                ParsedExtension::SubjectAlternativeName(names) => {
                    for name in &names.general_names {
                        match name {
                            GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
                            GeneralName::IPAddress(address) => self.ip_addresses.push(address.to_vec()),
                            GeneralName::DirectoryName(name) => {
                                self.directory_names.push(names::Name::of(name));
                            }
                            _ => {}
                        }
                    }
                }
                ParsedExtension::NameConstraints(constraints) => {
                    self.constraints = Some(names::Constraints::of(constraints));
                }
                ParsedExtension::CRLDistributionPoints(points) => self.points = uris(points),
                _ if extension.oid == OCSP_NO_CHECK => self.no_check = true,
                ParsedExtension::ParseError { .. } => return Err(CertificateError::Malformed),
                _ if extension.oid == oid!(2.5.29.9) => {
                    self.directory =
                        directory_attributes(extension.value).ok_or(CertificateError::Malformed)?;
                }
                _ => self.unknown_critical |= extension.critical,
            }
        }
        Ok(())
    }

    /// Checks that the key of `issuer` signed this certificate, with an accepted algorithm that both of its fields name.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> Result<(), ChainError> {
        let agree = self.signature_oid == self.inner_signature_oid;
        let scheme = x509_scheme(&self.signature_oid, &issuer.public_key).filter(|_| agree);
        issuer
            .public_key
            .verify_with(scheme.ok_or(ChainError::WeakAlgorithm)?, self.tbs(), &self.signature)
            .map_err(|_| ChainError::BadSignature)
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn tbs(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }

    /// The values of one directory attribute, by its dotted object identifier.
    pub(crate) fn directory(&self, oid: &str) -> impl Iterator<Item = &str> {
        self.directory.iter().filter(move |(kind, _)| kind == oid).map(|(_, value)| value.as_str())
    }

    /// Key id of the issuer, hexadecimal in upper case; empty if the certificate names none.
    pub fn issuer_key_id(&self) -> String {
        hex::encode_upper(self.authority_key_id.as_deref().unwrap_or_default())
    }

    /// Own key id, hexadecimal in upper case; empty if the certificate names none.
    pub fn key_id(&self) -> String {
        hex::encode_upper(self.subject_key_id.as_deref().unwrap_or_default())
    }

    /// Serial of the certificate, hexadecimal in upper case.
    pub fn serial(&self) -> String {
        hex::encode_upper(&self.serial)
    }

    /// Issuer key id, a colon, certificate serial: `iss` and `sub` of a login assertion.
    pub fn subject(&self) -> String {
        format!("{}:{}", self.issuer_key_id(), self.serial())
    }

    /// The key that the certificate is about; it fixes the signature algorithm.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

/// The URIs at which lists about a certificate are found.
fn uris(points: &CRLDistributionPoints<'_>) -> Vec<String> {
    let full_names = points.points.iter().filter_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => Some(names),
        _ => None,
    });
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    full_names.flatten().filter_map(uri).collect()
}

/// SHA-256 of a DER certificate in base64url, as in `x5t#S256`.
pub fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(canonical::sha256(der))
}

/// DER certificates as `x5c` holds them (RFC 7515 §4.1.6): standard base64, the leaf first.
pub fn to_x5c(chain_der: &[Vec<u8>]) -> Vec<String> {
    chain_der.iter().map(|der| STANDARD.encode(der)).collect()
}

/// The DER certificates of an `x5c`; none if one of them is not base64.
pub fn from_x5c(x5c: &[String]) -> Option<Vec<Vec<u8>>> {
    x5c.iter().map(|text| STANDARD.decode(text).ok()).collect()
}

fn instant(seconds: i64) -> Result<Instant, CertificateError> {
    DateTime::from_timestamp(seconds, 0).ok_or(CertificateError::Malformed)
}

/// Where `part`, a slice of `whole`, begins. The parser lends slices of its input; this finds them by content,
/// from the front, where a certificate's first part always is.
fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    (0..8).find(|start| whole.get(*start..start + part.len()) == Some(part))
}

/// Whether what the authority's signature does not cover is strict DER: the parser takes more than that, and a
/// certificate could then be had in several encodings, each with a thumbprint of its own. Where two algorithms are named
/// (`named_twice`), the chain is refused for that.
fn has_one_encoding(der: &[u8], named_twice: bool) -> bool {
    let frame = || {
        let mut outer = Reader::only(der, 0x30)?;
        let mut signed = outer.expect(0x30)?.inside();
        let (algorithm, signature) = (outer.expect(0x30)?, outer.expect(0x03)?.content);
        outer.end()?;
        signed.next_if(0xa0)?;
        signed.expect(0x02)?;
        let same = signed.expect(0x30)?.whole == algorithm.whole;
        // No unused bits: a signature is whole bytes.
        Ok::<_, BadDer>((named_twice || same) && signature.first() == Some(&0))
    };
    frame().unwrap_or(false)
}

fn public_key(parsed: &X509Certificate<'_>) -> Result<PublicKey, CertificateError> {
    let spki = parsed.public_key();
    let bytes = spki.subject_public_key.data.to_vec();
    match spki.parsed().map_err(|_| CertificateError::Malformed)? {
        ParsedKey::RSA(key) if (2048..=8192).contains(&key.key_size()) => Ok(PublicKey::Rsa(bytes)),
        ParsedKey::EC(_) => {
            let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Ok(PublicKey::P256(bytes)),
                Some("1.3.132.0.34") => Ok(PublicKey::P384(bytes)),
                _ => Err(CertificateError::WeakKey),
            }
        }
        _ => Err(CertificateError::WeakKey),
    }
}

/// SubjectDirectoryAttributes (RFC 5280 §4.2.1.8) as pairs of object identifier and text; values that are neither
/// text nor object identifiers are left out.
fn directory_attributes(value: &[u8]) -> Option<Vec<(String, String)>> {
    let (rest, outer) = Sequence::from_der(value).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut attributes = Vec::new();
    let mut left: &[u8] = outer.content.as_ref();
    while !left.is_empty() {
        let (rest, attribute) = Sequence::from_der(left).ok()?;
        left = rest;
        let content: &[u8] = attribute.content.as_ref();
        let (values, kind) = Oid::from_der(content).ok()?;
        let (_, values) = Set::from_der(values).ok()?;
        let mut values: &[u8] = values.content.as_ref();
        while !values.is_empty() {
            let (rest, value) = Any::from_der(values).ok()?;
            values = rest;
            let text = match value.tag() {
                Tag::Oid => value.as_oid().ok().map(|oid| oid.to_id_string()),
                Tag::PrintableString | Tag::Utf8String | Tag::Ia5String => {
                    std::str::from_utf8(value.data).ok().map(str::to_owned)
                }
                _ => None,
            };
            attributes.extend(text.map(|text| (kind.to_id_string(), text)));
        }
    }
    Some(attributes)
}
