//! Canonical bytes: RFC 8785 JSON, and the digests that are taken over it.

use aws_lc_rs::digest;
use serde::Serialize;

/// RFC 8785 (JCS) bytes of `value`. Values without a JSON form (maps with non-text keys, NaN) give an error.
pub fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// SHA-256 of `data`, in lower-case hexadecimal.
pub fn sha256_hex(data: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, data).as_ref())
}

/// SHA-256 of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}
