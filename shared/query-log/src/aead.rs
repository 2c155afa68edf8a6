//! AES-256-GCM as this crate stores it: nonce ‖ ciphertext ‖ tag, the nonce random.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

/// Bytes of a nonce.
const NONCE: usize = 12;

/// A key of 32 bytes.
pub fn key(bytes: &[u8]) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()
}

/// Seals `plain`, bound to `aad`.
pub fn seal(key: &RandomizedNonceKey, aad: Aad<impl AsRef<[u8]>>, plain: &[u8]) -> Option<Vec<u8>> {
    // With its full size from the start: a vector that grows leaves copies behind.
    let mut data = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    data.extend_from_slice(plain);
    let nonce = key.seal_in_place_append_tag(aad, &mut *data).ok()?;
    Some([nonce.as_ref().as_slice(), &data].concat())
}

/// Opens what [`seal`] made under the same key and `aad`; `None` for anything else.
pub fn open(
    key: &RandomizedNonceKey,
    aad: Aad<impl AsRef<[u8]>>,
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, data) = sealed.split_at_checked(NONCE)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut data = Zeroizing::new(data.to_vec());
    let length = key.open_in_place(nonce, aad, &mut data).ok()?.len();
    data.truncate(length);
    Some(data)
}
