//! Cosignatures, the policy that wants them, and what a witness refuses.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::{NoteError, Signer};
use transparency::policy::{Distrust, Policy};
use transparency::tree::{Node, fold, of_consistency};
use transparency::witness::{Refusal, Request, Seen};
use transparency::{Frontier, Hash};

const ORIGIN: &str = "log.example/three-year";

fn log() -> Signer {
    Signer::new(ORIGIN, &[1; 32]).unwrap()
}

fn witness(n: u8) -> Signer {
    Signer::witness(&format!("witness{n}.example"), &[100 + n; 32]).unwrap()
}

fn hash_of(node: Node) -> Hash {
    if node.level == 0 {
        return Hash::leaf(&node.index.to_be_bytes());
    }
    let child = |n| hash_of(Node { level: node.level - 1, index: 2 * node.index + n });
    Hash::node(child(0), child(1))
}

fn head(size: u64) -> Checkpoint {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(hash_of(Node { level: 0, index }), |_, _| {}));
    Checkpoint::new(ORIGIN, size, tree.root())
}

fn seen(size: u64) -> Seen {
    Seen { size, root: head(size).root }
}

fn request(old: u64, new: u64) -> Request {
    let parts = of_consistency(old, new).unwrap();
    let proof = parts.into_iter().map(|part| fold(part.into_iter().map(hash_of)).unwrap()).collect();
    Request { old, proof, note: head(new).sign(&log()) }
}

fn policy(quorum: &str) -> String {
    let [log, one, two, three] =
        [log(), witness(1), witness(2), witness(3)].map(|signer| signer.verifier().to_string());
    format!(
        "# ours\nlog {log}\n\nwitness one {one} https://one.example/\nwitness\ttwo {two}\n witness three {three}\n{quorum}\n"
    )
}

#[test]
fn a_checkpoint_counts_once_the_quorum_has_seen_it_and_is_dated_by_that_moment() {
    let policy: Policy =
        policy("group both 2 one two\ngroup all-of-them any both three\nquorum all-of-them").parse().unwrap();
    let (checkpoint, text) = (head(5), head(5).text());
    let note = checkpoint.sign(&log());
    assert_eq!(policy.judge(&note), Err(Distrust::Quorum));
    let one = note.clone() + &cosign(&witness(1), &text, 50);
    assert_eq!(policy.judge(&one), Err(Distrust::Quorum));
    let both = one.clone() + &cosign(&witness(2), &text, 40);
    let trusted = policy.judge(&both).unwrap();
    assert_eq!((trusted.checkpoint, trusted.witnessed_at), (checkpoint, Some(50)));
    let third = both + &cosign(&witness(3), &text, 45);
    assert_eq!(policy.judge(&third).unwrap().witnessed_at, Some(45), "by 45 the third was enough");

    let stranger = one.clone() + &cosign(&witness(4), &text, 40);
    assert_eq!(policy.judge(&stranger), Err(Distrust::Quorum));
    let of_another = one + &cosign(&witness(2), &head(4).text(), 40);
    assert_eq!(policy.judge(&of_another), Err(Distrust::Note(NoteError::Signature)));
    let other_log = Checkpoint::new("log.example/other", 5, head(5).root)
        .sign(&Signer::new("log.example/other", &[1; 32]).unwrap());
    assert_eq!(policy.judge(&other_log), Err(Distrust::Note(NoteError::Unsigned)), "same key, other log");
}

#[test]
fn without_a_quorum_the_log_s_signature_is_enough_and_needed() {
    let policy: Policy = policy("quorum none").parse().unwrap();
    assert!(!policy.wants_witnesses());
    assert_eq!(policy.judge(&head(5).sign(&log())).unwrap().witnessed_at, None);
    let forged = Signer::new(ORIGIN, &[2; 32]).unwrap();
    assert_eq!(policy.judge(&head(5).sign(&forged)), Err(Distrust::Note(NoteError::Unsigned)));
}

#[test]
fn a_policy_that_cannot_be_followed_names_its_line() {
    let line = |text: &str| policy(text).parse::<Policy>().unwrap_err().line;
    for (wrong, number) in [
        ("", 0),
        ("quorum one\nquorum one", 0),
        ("quorum nobody", 7),
        ("group g 3 one two", 7),
        ("group g 0 one", 7),
        ("group g any", 7),
        ("group g any one\ngroup h any one", 8),
        ("group one any two", 7),
        ("group none any two", 7),
        ("group g any nobody", 7),
        ("witness one key", 7),
        ("nonsense", 7),
        ("log key", 7),
    ] {
        assert_eq!(line(wrong), number, "{wrong}");
    }
    let as_log = format!("log {}\nquorum none", witness(1).verifier());
    assert_eq!(as_log.parse::<Policy>().unwrap_err().what, "a key for something else");
}

#[test]
fn a_witness_cosigns_what_continues_what_it_has_seen() {
    let keys = [log().verifier().clone()];
    for (old, new) in [(0, 1), (0, 7), (3, 3), (3, 8), (4, 8), (7, 13)] {
        let request = request(old, new);
        assert_eq!(Request::parse(&request.to_string()).unwrap(), request);
        assert_eq!(request.origin().unwrap(), ORIGIN);
        let before = if old == 0 { None } else { Some(seen(old)) };
        assert_eq!(request.judge(&keys, before).unwrap(), head(new));
    }
}

#[test]
fn a_witness_refuses_what_does_not() {
    let keys = [log().verifier().clone()];
    assert_eq!(request(3, 8).judge(&keys, Some(seen(5))), Err(Refusal::Conflict(5)));
    assert_eq!(request(3, 8).judge(&keys, None), Err(Refusal::Conflict(0)));
    assert_eq!(request(3, 8).judge(&[], Some(seen(3))), Err(Refusal::UnknownLog));
    assert_eq!(
        request(3, 8).judge(&[Signer::new(ORIGIN, &[9; 32]).unwrap().verifier().clone()], Some(seen(3))),
        Err(Refusal::Unsigned)
    );
    let rewritten = Some(Seen { size: 3, root: Hash::of(b"another history") });
    assert_eq!(request(3, 8).judge(&keys, rewritten), Err(Refusal::Inconsistent));
    assert_eq!(request(3, 3).judge(&keys, rewritten), Err(Refusal::TwoHistories(3)));
    assert_eq!(Request { old: 9, ..request(3, 8) }.judge(&keys, Some(seen(9))), Err(Refusal::Malformed));
    assert_eq!(
        Request { proof: vec![], ..request(3, 8) }.judge(&keys, Some(seen(3))),
        Err(Refusal::Inconsistent)
    );
    let note = head(8).sign(&log());
    for wrong in [
        String::new(),
        note.clone(),
        format!("old 03\n\n{note}"),
        format!("old -3\n\n{note}"),
        format!("old 3\nx\n\n{note}"),
        format!("old 3\n{}\n{note}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".repeat(64)),
    ] {
        let refused = Request::parse(&wrong).and_then(|request| request.judge(&keys, Some(seen(3))));
        assert_eq!(refused, Err(Refusal::Malformed), "{wrong}");
    }
    assert_eq!(
        [
            Refusal::Malformed,
            Refusal::UnknownLog,
            Refusal::Unsigned,
            Refusal::Conflict(1),
            Refusal::TwoHistories(1),
            Refusal::Inconsistent
        ]
        .map(Refusal::status),
        [400, 404, 403, 409, 409, 422]
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_fail_otherwise_than_by_refusing(text in any::<String>(), lines in "(old|log|witness|group| |a|[0-9]{1,3}|\n){0,9}") {
        for text in [text, lines] {
            let _ = (Request::parse(&text), text.parse::<Policy>());
        }
    }
}
