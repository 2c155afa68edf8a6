//! The Merkle tree of RFC 6962 §2.1: its right edge, by which it grows, and the complete subtrees that proofs are made of.

use crate::hash::Hash;

/// A complete subtree: leaves `index << level` up to `(index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Its height; 0 is a leaf.
    pub level: u32,
    /// Its position among the nodes of that height.
    pub index: u64,
}

/// The right edge of a tree: the roots of its largest complete subtrees from left to right. Enough to append and to know
/// the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves; `None` unless there is one node for each bit of the size.
    pub fn from_parts(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()).ok()? == nodes.len()).then_some(Self { size, nodes })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        fold(self.nodes.iter().copied()).unwrap_or_else(Hash::empty_tree)
    }

    /// Appends a leaf; tells every subtree that it completes, itself first.
    pub fn push(&mut self, leaf: Hash, mut completes: impl FnMut(Node, Hash)) {
        let mut node = Node { level: 0, index: self.size };
        let mut hash = leaf;
        completes(node, hash);
        while node.index & 1 == 1
            && let Some(left) = self.nodes.pop()
        {
            hash = Hash::node(left, hash);
            node = Node { level: node.level + 1, index: node.index >> 1 };
            completes(node, hash);
        }
        self.nodes.push(hash);
        self.size += 1;
    }
}

/// The hash over complete subtrees that stand side by side, the largest first; `None` over nothing.
pub fn fold(nodes: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    nodes.rev().reduce(|right, left| Hash::node(left, right))
}

/// The complete subtrees of a tree of `size` leaves whose hashes, folded, are its root.
pub fn of_root(size: u64) -> Vec<Node> {
    cover(0, size)
}

/// The largest complete subtrees that cover leaves `start..end`; `start` must be a multiple of the largest of them.
fn cover(start: u64, end: u64) -> Vec<Node> {
    let length = end.saturating_sub(start);
    let mut at = start;
    (0..u64::BITS)
        .rev()
        .filter(|level| length >> level & 1 == 1)
        .map(|level| {
            let node = Node { level, index: at >> level };
            at += 1 << level;
            node
        })
        .collect()
}

/// Where a subtree of more than one leaf divides: the largest power of two below `length` (RFC 6962 §2.1).
fn split(length: u64) -> u64 {
    1 << (u64::BITS - 1 - (length - 1).leading_zeros())
}

/// What the inclusion proof of leaf `index` in a tree of `size` is made of (RFC 6962 §2.1.1): for each hash of the
/// proof, from the leaf's sibling up, the subtrees to fold. `None` if there is no such leaf.
pub fn of_inclusion(index: u64, size: u64) -> Option<Vec<Vec<Node>>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end, mut parts) = (0, size, vec![]);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            parts.push(cover(middle, end));
            end = middle;
        } else {
            parts.push(cover(start, middle));
            start = middle;
        }
    }
    parts.reverse();
    Some(parts)
}

/// What the consistency proof between trees of `old` and `new` leaves is made of (RFC 6962 §2.1.2), as in
/// [`of_inclusion`]; empty where either tree is empty or both are the same. `None` if the new tree is the smaller.
pub fn of_consistency(old: u64, new: u64) -> Option<Vec<Vec<Node>>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(vec![]);
    }
    let (mut start, mut end, mut parts, mut whole) = (0, new, vec![], true);
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            parts.push(cover(middle, end));
            end = middle;
        } else {
            parts.push(cover(start, middle));
            start = middle;
            whole = false;
        }
    }
    if !whole {
        parts.push(cover(start, end));
    }
    parts.reverse();
    Some(parts)
}

/// A tree and what was appended to it at once: makes the inclusion proof of every leaf that was appended, against the
/// tree as it is then, without reading anything that was stored before.
#[derive(Debug, Clone)]
pub struct Growth {
    edge: Frontier,
    /// Of each height: index of the first node known, and the nodes from there on.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Growth {
    /// Begins at the right edge of a tree.
    pub fn new(edge: Frontier) -> Self {
        let mut levels = Vec::new();
        for node in cover(0, edge.size).into_iter().zip(&edge.nodes) {
            let (Node { level, index }, hash) = node;
            let place = usize::try_from(level).unwrap_or(usize::MAX);
            if levels.len() <= place {
                levels.resize(place + 1, (0, vec![]));
            }
            if let Some(known) = levels.get_mut(place) {
                *known = (index, vec![*hash]);
            }
        }
        Self { edge, levels }
    }

    /// Appends a leaf; tells every subtree that it completes, itself first.
    pub fn push(&mut self, leaf: Hash, mut completes: impl FnMut(Node, Hash)) {
        let levels = &mut self.levels;
        self.edge.push(leaf, |node, hash| {
            let place = usize::try_from(node.level).unwrap_or(usize::MAX);
            if levels.len() <= place {
                levels.resize(place + 1, (node.index, vec![]));
            }
            if let Some((first, nodes)) = levels.get_mut(place) {
                if nodes.is_empty() {
                    *first = node.index;
                }
                nodes.push(hash);
            }
            completes(node, hash);
        });
    }

    /// The right edge of the tree as it is now.
    pub fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// The inclusion proof of a leaf that was appended, in the tree as it is now.
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        let hash = |node: Node| {
            let (first, nodes) = self.levels.get(usize::try_from(node.level).ok()?)?;
            nodes.get(usize::try_from(node.index.checked_sub(*first)?).ok()?).copied()
        };
        of_inclusion(index, self.edge.size)?
            .into_iter()
            .map(|part| fold(part.into_iter().map(hash).collect::<Option<Vec<_>>>()?.into_iter()))
            .collect()
    }
}
