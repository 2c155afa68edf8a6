//! Notes, checkpoints and proofs of entries: published examples, round trips, and what is refused.

use proptest::prelude::*;
use transparency::checkpoint::Checkpoint;
use transparency::entry_proof::{EntryProof, EntryProofError};
use transparency::note::{Algorithm, Note, NoteError, Signer, Verifier};
use transparency::{Growth, Hash};

/// The example of Go's `golang.org/x/mod/sumdb/note`.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANN: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} \
    PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_note_of_go_s_documentation_verifies_and_no_other_text_does() {
    let key = Verifier::parse(PETER).unwrap();
    assert_eq!((key.name(), key.to_string().as_str()), ("PeterNeumann", PETER));
    let note = Note::parse(NEUMANN).unwrap();
    note.verify(std::slice::from_ref(&key)).unwrap();
    let other = Note::parse(&NEUMANN.replace("answer", "Answer")).unwrap();
    assert_eq!(other.verify(std::slice::from_ref(&key)), Err(NoteError::Signature));
    let stranger = Signer::new("PeterNeumann", &[1; 32]).unwrap();
    assert_eq!(note.verify(&[stranger.verifier().clone()]), Err(NoteError::Unsigned), "same name, other key");
}

#[test]
fn a_note_by_several_keys_needs_one_that_is_known_and_none_that_lies() {
    let (log, other) =
        (Signer::new("log.example", &[1; 32]).unwrap(), Signer::new("other.example", &[2; 32]).unwrap());
    let checkpoint = Checkpoint::new("log.example", 7, Hash::of(b"root"));
    let note = checkpoint.sign(&log) + &other.line(&other.sign(checkpoint.text().as_bytes()));
    for keys in [vec![log.verifier().clone()], vec![other.verifier().clone()]] {
        assert_eq!(Checkpoint::open(&note, &keys).unwrap(), checkpoint);
    }
    let lies = checkpoint.sign(&log) + &other.line(&other.sign(b"something else"));
    assert_eq!(
        Checkpoint::open(&lies, &[log.verifier().clone()]).unwrap(),
        checkpoint,
        "an unknown key is not heard"
    );
    let both = [log.verifier().clone(), other.verifier().clone()];
    assert_eq!(Checkpoint::open(&lies, &both), Err(NoteError::Signature));
}

#[test]
fn a_witness_s_key_is_no_log_s_key() {
    let witness = Signer::witness("log.example", &[1; 32]).unwrap();
    let note = Checkpoint::new("log.example", 7, Hash::of(b"root")).sign(&witness);
    assert_eq!(witness.verifier().algorithm(), Algorithm::Cosignature);
    assert_eq!(Checkpoint::open(&note, &[witness.verifier().clone()]), Err(NoteError::Unsigned));
}

#[test]
fn what_is_no_note_key_or_checkpoint_is_refused() {
    for wrong in [
        "",
        "text\n",
        "text\n\n",
        "\n\n\u{2014} a YWJjZGU=\n",
        "text\n\n\u{2014} a YWJjZGU=",
        "te\txt\n\n\u{2014} a YWJjZGU=\n",
        "text\n\n- a YWJjZGU=\n",
        "text\n\n\u{2014} a+b YWJjZGU=\n",
        "text\n\n\u{2014} a YWJj\n",
        "text\n\n\u{2014} a !\n",
    ] {
        assert_eq!(Note::parse(wrong), Err(NoteError::Malformed), "{wrong:?}");
    }
    assert!(Note::parse(&format!("text\n\n{}", "\u{2014} a YWJjZGU=\n".repeat(65))).is_err());
    for wrong in [
        "",
        "a",
        "a+b+c",
        &PETER.replace("c74f20a3", "c74f20a4"),
        &PETER.replace("ARpc", "BRpc"),
        &PETER[..60],
        &format!(" {PETER}"),
    ] {
        assert_eq!(Verifier::parse(wrong), Err(NoteError::Key), "{wrong:?}");
    }
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for wrong in [
        "a\n1\n",
        &format!("\n1\n{root}\n"),
        &format!("a\n01\n{root}\n"),
        &format!("a\n-1\n{root}\n"),
        &format!("a\n1\n{}\n", &root[1..]),
        &format!("a\n1\n{root}"),
        &format!("a\n1\n{root}\n\nb\n"),
        &format!("a\n18446744073709551616\n{root}\n"),
    ] {
        assert_eq!(Checkpoint::from_text(wrong), Err(NoteError::Malformed), "{wrong:?}");
    }
    let extended = format!("a\n1\n{root}\nmore\n");
    assert_eq!(Checkpoint::from_text(&extended).unwrap().text(), extended);
}

#[test]
fn a_proof_convinces_whoever_knows_the_log_s_key_and_nobody_once_bent() {
    let mut growth = Growth::new(transparency::Frontier::default());
    let leaf = |n: u8| Hash::leaf(&[n]);
    (0..11).for_each(|n| growth.push(leaf(n), |_, _| {}));
    let log = Signer::new("log.example/a", &[1; 32]).unwrap();
    let head = Checkpoint::new("log.example/a", 11, growth.edge().root());
    let proof = EntryProof {
        extra: Some(vec![6]),
        index: 6,
        path: growth.inclusion(6).unwrap(),
        checkpoint: head.sign(&log),
    };
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra Bg==\nindex 6\n"));
    let read = EntryProof::parse(&text).unwrap();
    assert_eq!(read, proof);
    let keys = [log.verifier().clone()];
    assert_eq!(read.verify(leaf(6), &keys).unwrap(), head);
    assert!(matches!(read.verify(leaf(7), &keys), Err(EntryProofError::Inclusion(_))));
    let stranger = [Signer::new("log.example/a", &[2; 32]).unwrap().verifier().clone()];
    assert!(matches!(read.verify(leaf(6), &stranger), Err(EntryProofError::Checkpoint(_))));
    assert!(EntryProof { index: 7, ..read.clone() }.verify(leaf(6), &keys).is_err());
    let without = EntryProof { extra: None, ..read };
    assert_eq!(EntryProof::parse(&without.to_string()).unwrap(), without);
    for wrong in [
        text.replace("proof@v1", "proof@v2"),
        text.replace("index 6", "index 06"),
        text.replace("extra Bg", "extra !"),
        text.replace("index 6\n", ""),
        text.replacen("\n\n", "\n", 2),
    ] {
        assert_eq!(EntryProof::parse(&wrong), Err(EntryProofError::Malformed), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_fail_otherwise_than_by_refusing(text in any::<String>(), lines in "(a|[0-9]{1,3}|\u{2014} a YWJjZGU=|\n){0,9}") {
        for text in [text, lines] {
            let _ = (Note::parse(&text), Checkpoint::parse(&text), EntryProof::parse(&text), Verifier::parse(&text));
        }
    }
}
