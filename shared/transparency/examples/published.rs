//! Writes a log as an outsider meets it, for other implementations to check: `published FOLDER`. Tiles, a cosigned
//! checkpoint, a proof of an entry, a request to a witness, and the keys.

#![expect(clippy::unwrap_used, reason = "a tool of the tests")]

use std::fs;
use std::path::{Path, PathBuf};

use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::entry_proof::EntryProof;
use transparency::note::Signer;
use transparency::tile::{Level, Tile};
use transparency::tree::{Node, fold, of_consistency, of_inclusion};
use transparency::witness::Request;
use transparency::{Frontier, Hash};

const ORIGIN: &str = "log.example/three-year";
/// More than a tile of tiles' edge: three levels.
const SIZE: u64 = 70_000;
const OLD: u64 = 4_321;
const PROVED: u64 = 65_537;

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap());
    let mut nodes = std::collections::HashMap::new();
    let mut tree = Frontier::default();
    let mut old = Hash::empty_tree();
    for index in 0..SIZE {
        if index == OLD {
            old = tree.root();
        }
        tree.push(Hash::leaf(&entry(index)), |node, hash| {
            nodes.insert(node, hash);
        });
    }
    let hashes = |parts: Vec<Vec<Node>>| -> Vec<Hash> {
        parts.into_iter().filter_map(|part| fold(part.iter().map(|node| nodes[node]))).collect()
    };
    for level in 0..3_u32 {
        for index in 0.. {
            let Some(tile) = Tile::in_tree(Level::Hashes(level), index, SIZE) else { break };
            let first = tile.first_node().unwrap();
            let hash = |n| nodes[&Node { index: first.index + n, ..first }].0;
            write(&folder, &tile.to_string(), &(0..tile.width).flat_map(hash).collect::<Vec<u8>>());
        }
    }
    let log = Signer::new(ORIGIN, &[1; 32]).unwrap();
    let witness = Signer::witness("witness.example/w1", &[2; 32]).unwrap();
    let checkpoint = Checkpoint::new(ORIGIN, SIZE, tree.root());
    let note = checkpoint.sign(&log) + &cosign(&witness, &checkpoint.text(), 1_772_413_200);
    write(&folder, "checkpoint", note.as_bytes());
    write(&folder, "log.key", log.verifier().to_string().as_bytes());
    write(&folder, "witness.key", witness.verifier().to_string().as_bytes());
    let proof = EntryProof {
        extra: Some(entry(PROVED)),
        index: PROVED,
        path: hashes(of_inclusion(PROVED, SIZE).unwrap()),
        checkpoint: note,
    };
    write(&folder, "entry.tlog-proof", proof.to_string().as_bytes());
    write(&folder, "old", format!("{OLD}\n{old}\n").as_bytes());
    let request =
        Request { old: OLD, proof: hashes(of_consistency(OLD, SIZE).unwrap()), note: checkpoint.sign(&log) };
    write(&folder, "add-checkpoint", request.to_string().as_bytes());
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
