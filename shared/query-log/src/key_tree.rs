//! The key tree of a month (after Goldreich, Goldwasser, Micali): its data key is the root, `child = HMAC-SHA256(parent,
//! bit)`, and leaf i at depth 32 is the body key of an entry. To erase one entry, the stored node above its leaf is
//! replaced by the siblings on the way down (at most 32): every other leaf can be derived as before, that one no more,
//! because no stored node is an ancestor of it.
//!
//! Leaf of an entry: the low 32 bits of its index. They need nothing but the index, so that a row copied out of a
//! backup is read without the bounds of its month; two entries of one month meet only after 2³² entries in it.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// A key of the tree; wiped from memory on drop.
pub type TreeKey = Zeroizing<[u8; 32]>;

const HEIGHT: u8 = 32;
/// Bytes of a node in [`Punctured::to_bytes`]: first leaf, depth, key.
const NODE: usize = 4 + 1 + 32;

/// The leaf of the entry at `index`.
#[expect(clippy::cast_possible_truncation, reason = "the low 32 bits are meant")]
pub fn leaf_of(index: u64) -> u32 {
    index as u32
}

#[derive(Clone)]
struct Node {
    first: u32,
    depth: u8,
    key: TreeKey,
}

impl Node {
    fn covers(&self, leaf: u32) -> bool {
        (u64::from(self.first ^ leaf) >> (HEIGHT - self.depth)) == 0
    }

    /// The child on the way to `leaf`, and its sibling's bit.
    fn child(&self, right: bool) -> Self {
        let depth = self.depth + 1;
        let parent = hmac::Key::new(hmac::HMAC_SHA256, self.key.as_ref());
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(hmac::sign(&parent, &[u8::from(right)]).as_ref());
        Self { first: self.first | (u32::from(right) << (HEIGHT - depth)), depth, key }
    }

    fn goes_right(&self, leaf: u32) -> bool {
        (leaf >> (HEIGHT - 1 - self.depth)) & 1 == 1
    }
}

/// What is left of a month's tree: the nodes that cover all leaves but the punctured ones.
#[derive(Clone)]
pub struct Punctured {
    /// By their first leaf; they never overlap.
    nodes: BTreeMap<u32, Node>,
}

impl std::fmt::Debug for Punctured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[key tree, {} nodes]", self.nodes.len())
    }
}

impl Punctured {
    /// The whole tree under `root`.
    pub fn whole(root: TreeKey) -> Self {
        Self { nodes: BTreeMap::from([(0, Node { first: 0, depth: 0, key: root })]) }
    }

    fn covering(&self, leaf: u32) -> Option<&Node> {
        self.nodes.range(..=leaf).next_back().map(|(_, node)| node).filter(|node| node.covers(leaf))
    }

    /// Destroys the key of `leaf` and returns it a last time, to name it in records; `None` if it is gone already.
    pub fn puncture(&mut self, leaf: u32) -> Option<TreeKey> {
        let first = self.covering(leaf)?.first;
        let mut node = self.nodes.remove(&first)?;
        while node.depth < HEIGHT {
            let right = node.goes_right(leaf);
            let sibling = node.child(!right);
            self.nodes.insert(sibling.first, sibling);
            node = node.child(right);
        }
        Some(node.key)
    }

    /// The nodes as bytes, for the key store to wrap.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // With its full size from the start: a vector that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.nodes.len() * NODE));
        for node in self.nodes.values() {
            bytes.extend_from_slice(&node.first.to_be_bytes());
            bytes.push(node.depth);
            bytes.extend_from_slice(node.key.as_ref());
        }
        bytes
    }

    /// Reads [`Self::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<NODE>();
        let mut nodes = BTreeMap::new();
        for chunk in chunks {
            let (first, rest) = chunk.split_first_chunk::<4>()?;
            let (&depth, key) = rest.split_first()?;
            let first = u32::from_be_bytes(*first);
            let below = u64::from(first).trailing_zeros().min(u32::from(HEIGHT));
            if depth > HEIGHT || below < u32::from(HEIGHT - depth) {
                return None;
            }
            let node = Node { first, depth, key: Zeroizing::new(key.try_into().ok()?) };
            nodes.insert(first, node);
        }
        let found = Self { nodes };
        let apart = found.nodes.values().zip(found.nodes.keys().skip(1)).all(|(a, next)| !a.covers(*next));
        (rest.is_empty() && apart && found.nodes.len() == chunks.len()).then_some(found)
    }
}

/// Derives leaves one after another; neighbours cost two hashes each, because the way down to the last is kept.
pub struct Walker {
    tree: Punctured,
    /// From the stored node down to the last leaf.
    path: Vec<Node>,
}

impl std::fmt::Debug for Walker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.tree.fmt(f)
    }
}

impl Walker {
    /// Walks `tree`.
    pub fn new(tree: Punctured) -> Self {
        Self { tree, path: Vec::with_capacity(usize::from(HEIGHT) + 1) }
    }

    /// The key of `leaf`; `None` if it was punctured.
    pub fn leaf(&mut self, leaf: u32) -> Option<TreeKey> {
        while self.path.pop_if(|node| !node.covers(leaf)).is_some() {}
        if self.path.is_empty() {
            self.path.push(self.tree.covering(leaf)?.clone());
        }
        loop {
            let last = self.path.last()?;
            if last.depth == HEIGHT {
                return Some(last.key.clone());
            }
            let child = last.child(last.goes_right(leaf));
            self.path.push(child);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn whole() -> Punctured {
        Punctured::whole(Zeroizing::new([7; 32]))
    }

    fn leaf(tree: &Punctured, leaf: u32) -> Option<TreeKey> {
        Walker::new(tree.clone()).leaf(leaf)
    }

    /// Made by an independent program.
    #[test]
    fn leaves_are_frozen() {
        for (index, key) in [
            (0, "d5d61ccee34df124cc2def30214f4bb6144f99938274c9a1febe260e0978fb7b"),
            (1, "bb921909e8b18c70b27a0d96dbfe9a2a3388bb409ed37d5ce6d86dbb87581b2a"),
            (0x8000_0000, "cbe36dee55953144488c9f0daf1ba4ee6d31b739e9df38c9339c61720ce1c841"),
            (0xffff_ffff, "9d21193cecbfb588f0cfdc912a55cb6e01f69d9daf16470529984691ed4f1e92"),
            (0x1_0000_002a, "464a917510cbc139288a3954610807d1b5c1e3a9ff3ef50c7786b395492af6e2"),
        ] {
            assert_eq!(hex::encode(leaf(&whole(), leaf_of(index)).unwrap()), key, "leaf {index}");
        }
        assert_eq!(leaf_of(1 << 32), 0);
    }

    #[test]
    fn only_what_was_written_is_read_back() {
        let mut tree = whole();
        tree.puncture(5);
        let bytes = tree.to_bytes();
        assert_eq!(Punctured::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert_eq!(bytes.len(), 32 * NODE);
        let twice = [bytes.as_slice(), &whole().to_bytes()].concat();
        let mut askew = bytes.to_vec();
        askew[4] = 3;
        for bad in [&bytes[1..], &twice, &askew] {
            assert!(Punctured::from_bytes(bad).is_none());
        }
    }

    /// Leaves that share long and short ways.
    fn leaves() -> impl Strategy<Value = BTreeSet<u32>> {
        proptest::collection::btree_set(prop_oneof![0..40_u32, any::<u32>(), u32::MAX - 40..=u32::MAX], 1..12)
    }

    proptest! {
        #[test]
        fn exactly_the_punctured_leaves_are_gone(gone in leaves(), others in leaves()) {
            let mut tree = whole();
            for &index in &gone {
                prop_assert_eq!(tree.puncture(index), leaf(&whole(), index));
                prop_assert_eq!(tree.puncture(index), None);
            }
            prop_assert!(tree.nodes.len() <= 32 * gone.len());
            let tree = Punctured::from_bytes(&tree.to_bytes()).unwrap();
            for &index in &gone {
                prop_assert!(!tree.nodes.values().any(|node| node.covers(index)), "no ancestor is stored");
                prop_assert_eq!(leaf(&tree, index), None);
            }
            let near = gone.iter().flat_map(|i| [i.wrapping_sub(1), i.wrapping_add(1)]);
            for index in others.iter().copied().chain(near).filter(|index| !gone.contains(index)) {
                prop_assert_eq!(leaf(&tree, index), leaf(&whole(), index));
            }
        }

        #[test]
        fn a_walk_finds_what_single_steps_find(order in proptest::collection::vec(0..70_u32, 1..40), gone in leaves()) {
            let mut tree = whole();
            for index in gone {
                tree.puncture(index);
            }
            let mut walker = Walker::new(tree.clone());
            for index in order {
                prop_assert_eq!(walker.leaf(index), leaf(&tree, index));
            }
        }
    }
}
