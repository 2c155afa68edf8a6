//! The tree against an independent implementation (`ct-merkle`) and against published vectors.

use ct_merkle::{RootHash, mem_backed_tree::MemoryBackedTree};
use proptest::prelude::*;
use transparency::tile::{Level, Tile};
use transparency::tree::{Node, fold, of_consistency, of_inclusion, of_root};
use transparency::{Frontier, Growth, Hash, root_of, verify_consistency, verify_inclusion};

fn leaf(n: u64) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

/// The hash of a node, computed from the leaves each time.
fn hash_of(node: Node) -> Hash {
    if node.level == 0 {
        return Hash::leaf(&leaf(node.index));
    }
    let child = |n| hash_of(Node { level: node.level - 1, index: 2 * node.index + n });
    Hash::node(child(0), child(1))
}

fn hashes(parts: Vec<Vec<Node>>) -> Vec<Hash> {
    parts.into_iter().filter_map(|part| fold(part.into_iter().map(hash_of))).collect()
}

fn root(size: u64) -> Hash {
    fold(of_root(size).into_iter().map(hash_of)).unwrap_or_else(Hash::empty_tree)
}

fn oracle(size: u64) -> MemoryBackedTree<sha2::Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|n| tree.push(leaf(n)));
    tree
}

fn oracle_root(size: u64) -> RootHash<sha2::Sha256> {
    let mut digest = sha2::digest::Output::<sha2::Sha256>::default();
    digest.copy_from_slice(&root(size).0);
    RootHash::new(digest, size)
}

#[test]
fn roots_are_those_that_rfc_6962_s_reference_implementation_gives() {
    // The eight inputs and roots of certificate-transparency's `merkletree` tests.
    let inputs =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Frontier::default();
    assert_eq!(tree.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (input, root) in inputs.iter().zip(roots) {
        tree.push(Hash::leaf(&hex::decode(input).unwrap()), |_, _| {});
        assert_eq!(tree.root().to_string(), root);
    }
}

#[test]
fn every_root_and_proof_of_small_trees_agrees_with_the_other_implementation() {
    for size in 1..70 {
        let other = oracle(size);
        assert_eq!(root(size).0.as_slice(), other.root().as_bytes().as_slice());
        for index in 0..size {
            let proof = hashes(of_inclusion(index, size).unwrap());
            let theirs = other.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes());
            verify_inclusion(Hash::leaf(&leaf(index)), index, size, root(size), &proof).unwrap();
        }
        for old in 1..size {
            let proof = hashes(of_consistency(old, size).unwrap());
            let theirs = other.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(proof.iter().flat_map(|h| h.0).collect::<Vec<_>>(), theirs.as_bytes());
            verify_consistency((old, root(old)), (size, root(size)), &proof).unwrap();
            oracle_root(size).verify_consistency(&oracle_root(old), &theirs).unwrap();
        }
    }
    assert!(of_inclusion(3, 3).is_none() && of_consistency(4, 3).is_none());
}

proptest! {
    #[test]
    fn what_is_appended_at_once_is_proved_from_the_edge_alone(old in 0_u64..600, added in 1_u64..300) {
        let mut edge = Frontier::default();
        (0..old).for_each(|n| edge.push(Hash::leaf(&leaf(n)), |_, _| {}));
        let edge = Frontier::from_parts(old, edge.nodes().to_vec()).unwrap();
        let mut growth = Growth::new(edge);
        let mut completed = Vec::new();
        (old..old + added).for_each(|n| growth.push(Hash::leaf(&leaf(n)), |node, hash| completed.push((node, hash))));
        for (node, hash) in completed.into_iter().filter(|(node, _)| node.level % 4 == 0) {
            prop_assert_eq!(hash, hash_of(node));
        }
        for index in old..old + added {
            let proof = growth.inclusion(index).unwrap();
            let found = root_of(Hash::leaf(&leaf(index)), index, old + added, &proof).unwrap();
            prop_assert_eq!(found, growth.edge().root());
        }
        prop_assert!(growth.inclusion(old + added).is_none());
    }

    #[test]
    fn a_bent_proof_proves_nothing(size in 2_u64..300, at in any::<proptest::sample::Index>(), flip in any::<proptest::sample::Index>()) {
        let index = u64::try_from(at.index(usize::try_from(size).unwrap())).unwrap();
        let proof = hashes(of_inclusion(index, size).unwrap());
        let leaf_hash = Hash::leaf(&leaf(index));
        let mut bent = proof.clone();
        bent[flip.index(proof.len())].0[0] ^= 1;
        prop_assert!(verify_inclusion(leaf_hash, index, size, root(size), &bent).is_err());
        prop_assert!(verify_inclusion(leaf_hash, index, size, root(size), &proof[1..]).is_err());
        prop_assert!(verify_inclusion(leaf_hash, (index + 1) % size, size, root(size), &proof).is_err());
        let old = index.max(1);
        let proof = hashes(of_consistency(old, size).unwrap());
        let mut bent = proof.clone();
        bent[flip.index(proof.len())].0[0] ^= 1;
        prop_assert!(verify_consistency((old, root(old)), (size, root(size)), &bent).is_err());
        prop_assert!(verify_consistency((old, root(old)), (size, root(size)), &proof[1..]).is_err());
    }

    #[test]
    fn paths_of_tiles_have_one_spelling(level in 0_u32..64, index in 0_u64..1 << 53, width in 1_u64..=256) {
        let tile = Tile { level: Level::Hashes(level), index, width };
        prop_assert_eq!(tile.to_string().parse::<Tile>().unwrap(), tile);
    }
}

#[test]
fn tiles_are_placed_as_c2sp_says() {
    let tile = |level, index, width| Tile { level: Level::Hashes(level), index, width };
    assert_eq!(tile(0, 1_234_067, 256).to_string(), "tile/0/x001/x234/067");
    assert_eq!(Tile { level: Level::Entries, ..tile(0, 5, 7) }.to_string(), "tile/entries/005.p/7");
    for wrong in [
        "tile/0/5",
        "tile/00/005",
        "tile/64/000",
        "tile/0/x000/005",
        "tile/0/005.p/256",
        "tile/0/005.p/0",
        "tile/0/-05",
        "tile/0/x001/5x4",
        "tile/0/",
        "tile/1",
    ] {
        assert!(wrong.parse::<Tile>().is_err(), "{wrong}");
    }
    // C2SP's example: a tree of 70,000.
    let in_tree = |level, index| Tile::in_tree(Level::Hashes(level), index, 70_000).map(|t| t.width);
    assert_eq!([in_tree(0, 272), in_tree(0, 273), in_tree(0, 274)], [Some(256), Some(112), None]);
    assert_eq!(
        [in_tree(1, 0), in_tree(1, 1), in_tree(2, 0), in_tree(2, 1)],
        [Some(256), Some(17), Some(1), None]
    );
}
