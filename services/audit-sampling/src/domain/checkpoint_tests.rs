use transparency::note::Signer;
use transparency::tree::{Node, fold, of_consistency};
use transparency::{Frontier, Hash};

use super::*;

const ORIGIN: &str = "log.example/three-year";

fn hash_of(history: u8, node: Node) -> Hash {
    if node.level == 0 {
        return Hash::leaf(&[history, u8::try_from(node.index).unwrap()]);
    }
    let child = |n| hash_of(history, Node { level: node.level - 1, index: 2 * node.index + n });
    Hash::node(child(0), child(1))
}

fn published(history: u8, after: u64, size: u64, seed: u8) -> CheckpointPublished {
    let signer = Signer::new(ORIGIN, &[seed; 32]).unwrap();
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(hash_of(history, Node { level: 0, index }), |_, _| {}));
    let parts = of_consistency(after, size).unwrap_or_default();
    let hashes = |part: Vec<Node>| fold(part.into_iter().map(|node| hash_of(history, node)));
    CheckpointPublished {
        log: "three-year".to_owned(),
        size,
        note: Checkpoint::new(ORIGIN, size, tree.root()).sign(&signer),
        key: signer.verifier().to_string(),
        after,
        proof: parts.into_iter().filter_map(hashes).map(|hash| hash.to_string()).collect(),
    }
}

fn copy(event: CheckpointPublished, last: Option<&CheckpointCopy>) -> CheckpointCopy {
    CheckpointCopy::of(event, last, "2026-03-02T01:00:00Z".parse().unwrap())
}

#[test]
fn a_history_that_goes_on_is_kept_without_a_fault() {
    let first = copy(published(1, 0, 3, 1), None);
    let second = copy(published(1, 3, 8, 1), Some(&first));
    assert_eq!((first.fault, second.fault), (None, None));
    assert_eq!(copy(published(1, 3, 8, 1), Some(&second)).id, second.id, "told twice");
}

#[test]
fn every_way_to_take_back_a_checkpoint_is_a_fault_of_its_own() {
    let last = copy(published(1, 0, 8, 1), None);
    let fault = |event| copy(event, Some(&last)).fault;
    assert_eq!(fault(published(2, 8, 8, 1)), Some(CheckpointFault::TwoHistories));
    assert_eq!(fault(published(2, 8, 13, 1)), Some(CheckpointFault::Rewritten));
    assert_eq!(fault(published(1, 0, 5, 1)), Some(CheckpointFault::Rewritten), "a shorter log");
    assert_eq!(fault(published(1, 3, 13, 1)), Some(CheckpointFault::Rewritten), "a gap says nothing");
    assert_eq!(fault(published(1, 8, 13, 2)), Some(CheckpointFault::Key));
    let forged = CheckpointPublished { key: published(1, 0, 1, 1).key, ..published(1, 8, 13, 2) };
    assert_eq!(fault(forged), Some(CheckpointFault::Signature));
    let renamed = CheckpointPublished { size: 14, ..published(1, 8, 13, 1) };
    assert_eq!(fault(renamed), Some(CheckpointFault::Signature));
}
