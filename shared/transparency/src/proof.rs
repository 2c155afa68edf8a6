//! Checks proofs of inclusion and consistency (RFC 9162 §2.1.3.2 and §2.1.4.2; the trees are those of RFC 6962).

use crate::hash::Hash;

/// The proof proves something else, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not fit the tree")]
pub struct ProofError;

/// The root of the tree of `size` leaves in which `leaf` stands at `index`, by its inclusion proof.
pub fn root_of(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError);
        }
        if at & 1 == 1 || at == last {
            hash = Hash::node(*sibling, hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = Hash::node(hash, *sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(ProofError) }
}

/// Checks that `leaf` stands at `index` of the tree of `size` leaves with `root`.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if root_of(leaf, index, size, proof)? == root { Ok(()) } else { Err(ProofError) }
}

/// Checks that the tree of `new` leaves begins with all leaves of the tree of `old` leaves, by their roots.
pub fn verify_consistency(
    (old, old_root): (u64, Hash),
    (new, new_root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new || ((old == 0 || old == new) && !proof.is_empty()) {
        return Err(ProofError);
    }
    if old == new {
        return if old_root == new_root { Ok(()) } else { Err(ProofError) };
    }
    if old == 0 {
        return if old_root == Hash::empty_tree() { Ok(()) } else { Err(ProofError) };
    }
    // A tree of a power of two is a node of every later one: the proof leaves it out.
    let whole = [old_root];
    let mut rest = if old.is_power_of_two() { &whole } else { &[][..] }.iter().chain(proof);
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let first = *rest.next().ok_or(ProofError)?;
    let (mut old_hash, mut new_hash) = (first, first);
    for hash in rest {
        if last == 0 {
            return Err(ProofError);
        }
        if at & 1 == 1 || at == last {
            old_hash = Hash::node(*hash, old_hash);
            new_hash = Hash::node(*hash, new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = Hash::node(new_hash, *hash);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 && old_hash == old_root && new_hash == new_root { Ok(()) } else { Err(ProofError) }
}
