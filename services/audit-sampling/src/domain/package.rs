//! Packages for external audits (H8.4, I4.2.2) and the requests to users that go with them.

use audit_sampling_types::CreatePackage;
use chassis::Document;
use chrono::{DateTime, NaiveDate, Utc};
use kernel::canonical;
use kernel::ids::{AgencyId, PersonId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Fault;

/// One part of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackagePart {
    /// Name, e.g. `roster`.
    pub name: String,
    /// SHA-256 (hex) of the RFC 8785 bytes of `content`.
    pub digest: String,
    /// Entries in it.
    pub entries: u64,
    /// The content: an array.
    #[schema(value_type = Vec<Object>)]
    pub content: Value,
}

/// The line of a part in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestLine {
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: String,
    /// Entries.
    pub entries: u64,
}

/// What the seal is taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// The package.
    pub package: Uuid,
    /// Its scope.
    pub scope: CreatePackage,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Its parts, by name.
    pub parts: Vec<ManifestLine>,
    /// How to check it.
    pub instructions: String,
}

/// A package. Its parts are read with `get_package_content`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditPackage {
    /// Its id.
    pub id: Uuid,
    /// Manifest.
    pub manifest: Manifest,
    /// SHA-256 (hex) of the manifest's RFC 8785 bytes; stands in the governance log.
    pub digest: String,
    /// Who made it.
    pub made_by: PersonId,
}

impl Document for AuditPackage {
    const TABLE: &'static str = "audit_packages";
    fn id(&self) -> Uuid {
        self.id
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.manifest.scope.regulation)
    }
}

/// The parts of a package.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PackageContent {
    /// The package's id.
    pub id: Uuid,
    /// Manifest.
    pub manifest: Manifest,
    /// SHA-256 (hex) of the manifest.
    pub digest: String,
    /// The parts.
    pub parts: Vec<PackagePart>,
}

impl Document for PackageContent {
    const TABLE: &'static str = "package_contents";
    fn id(&self) -> Uuid {
        self.id
    }
    fn regulation(&self) -> Option<&str> {
        Some(&self.manifest.scope.regulation)
    }
}

const INSTRUCTIONS: &str = "Take SHA-256 over the RFC 8785 bytes of each part's content and compare it with the manifest; \
    take SHA-256 over the RFC 8785 bytes of the manifest and compare it with the governance log's entry of kind `package`; \
    check log positions with the query log's own verifier.";

/// Makes a part of `entries`.
pub fn part(name: &str, entries: Vec<Value>) -> Result<PackagePart, serde_json::Error> {
    let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let content = Value::Array(entries);
    let digest = canonical::sha256_hex(&canonical::bytes(&content)?);
    Ok(PackagePart { name: name.to_owned(), digest, entries: count, content })
}

/// Seals the parts.
pub fn seal(
    package: Uuid,
    scope: CreatePackage,
    parts: Vec<PackagePart>,
    made_at: DateTime<Utc>,
) -> Result<PackageContent, serde_json::Error> {
    let lines = parts.iter().map(|p| ManifestLine {
        name: p.name.clone(),
        digest: p.digest.clone(),
        entries: p.entries,
    });
    let manifest =
        Manifest { package, scope, made_at, parts: lines.collect(), instructions: INSTRUCTIONS.to_owned() };
    let digest = canonical::sha256_hex(&canonical::bytes(&manifest)?);
    Ok(PackageContent { id: package, manifest, digest, parts })
}

/// Checks a package offline; false when anything was changed.
pub fn verify(content: &PackageContent) -> bool {
    let digest = |value: &Value| canonical::bytes(value).map(|b| canonical::sha256_hex(&b)).ok();
    let parts = content.manifest.parts.len() == content.parts.len()
        && content.manifest.parts.iter().zip(&content.parts).all(|(line, part)| {
            line.name == part.name
                && line.digest == part.digest
                && digest(&part.content) == Some(part.digest.clone())
        });
    let seal = canonical::bytes(&content.manifest).map(|b| canonical::sha256_hex(&b));
    parts && seal.is_ok_and(|seal| seal == content.digest)
}

/// A request to a user for cooperation (H8.4).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CooperationRequest {
    /// Its id.
    pub id: Uuid,
    /// The package.
    pub package_id: Uuid,
    /// The user.
    pub person_id: PersonId,
    /// The user's agency.
    pub agency_id: AgencyId,
    /// What is asked.
    pub request: String,
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked_on: NaiveDate,
    /// Last day for the answer.
    pub due_on: NaiveDate,
    /// `open` or `answered`.
    pub state: String,
    /// The answer.
    pub answer: Option<String>,
    /// Day of the answer.
    pub answered_on: Option<NaiveDate>,
}

impl Document for CooperationRequest {
    const TABLE: &'static str = "cooperation_requests";
    fn id(&self) -> Uuid {
        self.id
    }
}

impl CooperationRequest {
    /// Takes the user's answer.
    pub fn answer(&mut self, answer: &str, by: PersonId, today: NaiveDate) -> Result<(), Fault> {
        if self.state != "open" {
            return Err(Fault::WrongState);
        }
        if self.person_id != by {
            return Err(Fault::NotAssigned);
        }
        "answered".clone_into(&mut self.state);
        self.answer = Some(answer.to_owned());
        self.answered_on = Some(today);
        Ok(())
    }
}
