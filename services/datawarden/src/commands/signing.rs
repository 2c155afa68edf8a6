//! Card signatures in files, for acts before anybody can sign in. The bytes to sign are written to a file; a soft card
//! signs them here, any other card wherever it can: what comes back is a certificate and a signature.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use identity::endorsement::endorsement_bytes;
use identity::signature::ecdsa_from_der;
use identity::{Credential, Endorsement, SignatureForm, SoftCard, TrustAnchors, Usage, verify_chain};
use kernel::canonical;
use kernel::{Clock as _, SystemClock};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;

/// With what is signed, and where the endorsement goes.
#[derive(Args)]
pub struct Signing {
    /// The card's certificate, or its chain with its own certificate first (PEM).
    #[arg(long)]
    certificate: PathBuf,
    /// A soft card's key (PEM). Not for real cards: their keys never leave them.
    #[arg(long, conflicts_with = "signature", required_unless_present = "signature")]
    key: Option<PathBuf>,
    /// The signature that a card made over the bytes of `prepare`: PKCS#1 v1.5 with SHA-256, or ECDSA in DER.
    #[arg(long, requires = "roots")]
    signature: Option<PathBuf>,
    /// With `--signature`: the folder of trusted authorities, so that a wrong card or wrong bytes show here.
    #[arg(long)]
    roots: Option<PathBuf>,
    /// The endorsement's file.
    #[arg(long)]
    out: PathBuf,
}

/// Writes the bytes that both cards sign and prints the digest that both holders compare.
pub fn prepare<T: Serialize>(content: &T, out: &Path) -> anyhow::Result<()> {
    let bytes = endorsement_bytes(content)?;
    fs::write(out, &bytes).with_context(|| out.display().to_string())?;
    super::say(format!("bytes to sign: {}", out.display()));
    super::say(format!("their SHA-256: {}", canonical::sha256_hex(&bytes)));
    Ok(())
}

/// Makes the endorsement of `content`.
pub fn sign<T: Serialize>(signing: &Signing, content: &T) -> anyhow::Result<()> {
    let endorsement = match (&signing.key, &signing.signature, &signing.roots) {
        (Some(key), ..) => {
            let card = SoftCard::new(Credential::from_pem_files(&signing.certificate, key)?);
            Endorsement::sign(&card, content, SystemClock.now())?
        }
        (None, Some(signature), Some(roots)) => assemble(content, &signing.certificate, signature, roots)?,
        _ => anyhow::bail!("name --key, or --signature and --roots"),
    };
    fs::write(&signing.out, serde_json::to_string_pretty(&endorsement)?)
        .with_context(|| signing.out.display().to_string())?;
    super::say(format!("endorsement: {}", signing.out.display()));
    Ok(())
}

fn assemble<T: Serialize>(
    content: &T,
    certificate: &Path,
    signature: &Path,
    roots: &Path,
) -> anyhow::Result<Endorsement> {
    let pem = fs::read(certificate).with_context(|| certificate.display().to_string())?;
    let chain: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&pem)
        .map(|der| der.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| anyhow::anyhow!("{}: no certificate", certificate.display()))?;
    let (anchors, now) = (TrustAnchors::from_dir(roots)?, SystemClock.now());
    let card = verify_chain(&chain, &anchors, now, Usage::CitizenSignature)
        .with_context(|| certificate.display().to_string())?;
    let algorithm = card.public_key.algorithm();
    let raw = fs::read(signature).with_context(|| signature.display().to_string())?;
    let raw = ecdsa_from_der(algorithm, &raw).unwrap_or(raw);
    let bytes = endorsement_bytes(content)?;
    card.public_key
        .verify(algorithm, &bytes, &raw)
        .with_context(|| format!("{}: not over these bytes by this card", signature.display()))?;
    Ok(Endorsement {
        content_digest: canonical::sha256_hex(&bytes),
        certificate: chain.iter().map(|der| STANDARD.encode(der)).collect(),
        algorithm,
        form: SignatureForm::Raw,
        signature: STANDARD.encode(raw),
        signed_at: now,
    })
}

/// Reads an endorsement.
pub fn read(path: &Path) -> anyhow::Result<Endorsement> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{}: no endorsement", path.display()))
}

/// Two endorsements.
pub fn read_both(paths: &[PathBuf]) -> anyhow::Result<[Endorsement; 2]> {
    let [first, second] = paths else { anyhow::bail!("name --endorsement twice: one of each card") };
    Ok([read(first)?, read(second)?])
}
