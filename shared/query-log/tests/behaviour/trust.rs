//! What a verifier trusts besides heads: the log's key, and a quorum of witnesses.

use query_log::{BreakKind, Verdict, Verifier, VerifyReport};
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::Signer;
use transparency::policy::{Distrust, Policy};

use crate::common::{LOG, ORIGIN, World};
use crate::tampering::{places, rewrite};

fn witness() -> Signer {
    Signer::witness("witness.example", &[9; 32]).unwrap()
}

/// Trusts the log's key, and wants the witness if told.
async fn policy(world: &World, quorum: &str) -> Policy {
    let (log, witness) = (world.log.verifier_key(LOG).await.unwrap(), witness());
    format!("log {log}\nwitness one {}\nquorum {quorum}", witness.verifier()).parse().unwrap()
}

async fn verified(world: &World, policy: &Policy, kept: &[&str]) -> VerifyReport {
    let mut verifier = Verifier::new([]).under(policy.clone());
    for text in kept {
        verifier.keep(text).unwrap();
    }
    verifier.bundle(world.bundle(LOG).await.as_slice()).unwrap();
    verifier.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_signed_by_the_log_anchors_it_where_no_witness_is_wanted() {
    let world = World::start().await;
    for n in 0..6 {
        world.append(n).await;
    }
    world.log.publish(LOG).await.unwrap().unwrap();
    world.append(6).await;
    let report = verified(&world, &policy(&world, "none").await, &[]).await;
    assert_eq!((report.verdict, report.anchored[LOG]), (Verdict::Intact, 6), "{:?}", report.breaks);
    let wanted = policy(&world, "one").await;
    let report = verified(&world, &wanted, &[]).await;
    assert_eq!(report.verdict, Verdict::Unanchored, "no witness has seen it");

    let note = world.log.checkpoint(LOG).await.unwrap().note;
    let seen = note.clone() + &cosign(&witness(), &Checkpoint::parse(&note).unwrap().text(), 1_770_000_000);
    let report = verified(&world, &wanted, &[&seen]).await;
    assert_eq!((report.verdict, report.witnessed[LOG][0].at), (Verdict::Intact, 1_770_000_000));
    assert_eq!(Verifier::new([]).under(wanted).keep(&note), Err(Distrust::Quorum));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_rewritten_and_signed_with_a_new_key_is_found_by_the_key_and_by_any_receipt() {
    let world = World::start().await;
    let mut receipts = vec![];
    for n in 0..12 {
        receipts.push(world.append(n).await);
    }
    world.log.publish(LOG).await.unwrap().unwrap();
    let own = policy(&world, "none").await;
    let tree = rewrite(&world, 7, |header| {
        if header.index == 7 {
            header.decision = Some("refused".to_owned());
        }
    })
    .await;
    let forger = Signer::new(&format!("{ORIGIN}/{LOG}"), &[66; 32]).unwrap();
    let note = Checkpoint::new(forger.name(), 12, tree.root()).sign(&forger);
    world.bend(&format!("UPDATE log_checkpoints SET note = '{note}'")).await;

    let fooled =
        verified(&world, &format!("log {}\nquorum none", forger.verifier()).parse().unwrap(), &[]).await;
    assert_eq!(fooled.verdict, Verdict::Intact, "who trusts the new key sees nothing");
    let report = verified(&world, &own, &[]).await;
    assert_eq!((report.verdict, places(&report)), (Verdict::Broken, vec![(11, BreakKind::Signature)]));
    // A receipt from before says the same, and between which entries: the eighth was acknowledged after the seventh held.
    let report = verified(&world, &own, &[&receipts[5].proof, &receipts[8].proof]).await;
    assert_eq!(places(&report), [(8, BreakKind::HeadMismatch), (11, BreakKind::Signature)]);
    assert_eq!(report.anchored[LOG], 6);
}
