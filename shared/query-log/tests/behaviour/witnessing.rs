//! What is kept of witnesses' words, and what is shown because of them.

use chrono::TimeDelta;
use kernel::Clock as _;
use query_log::{LogError, NoAnchors, Published};
use transparency::checkpoint::Checkpoint;
use transparency::cosignature::cosign;
use transparency::note::{Note, Signer};
use transparency::policy::Policy;
use transparency::{Hash, verify_consistency};

use crate::common::{LOG, World, moment};

const NAMES: [&str; 2] = ["ethics.example/w", "examiner.example/w"];

pub fn witness(n: usize) -> Signer {
    Signer::witness(NAMES[n], &[u8::try_from(n).unwrap() + 1; 32]).unwrap()
}

pub fn line(witness: &Signer, checkpoint: &Published) -> String {
    cosign(witness, &Note::parse(&checkpoint.note).unwrap().text, 1_768_442_400)
}

async fn published(world: &World, entries: u8) -> Published {
    for n in 0..entries {
        world.append(n).await;
    }
    world.log.publish(LOG).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_witness_s_own_word_on_this_very_checkpoint_is_kept() {
    let world = World::start().await;
    let earlier = published(&world, 3).await;
    let newest = published(&world, 2).await;
    let own = witness(0);
    let keep = async |line: String| world.log.keep_cosignature(LOG, 5, own.verifier(), &line).await;

    // Another key under the same name, another witness, the log itself.
    let impostor = Signer::witness(NAMES[0], &[9; 32]).unwrap();
    for lying in [line(&impostor, &newest), line(&witness(1), &newest)] {
        assert!(matches!(keep(lying).await, Err(LogError::Cosignature(_))));
    }
    // Its own word, but on something else: an earlier checkpoint, another root, no time.
    let other = Checkpoint::new(&world.log.origin(LOG), 5, Hash::of(b"another history")).text();
    let plain = own.line(&own.sign(newest.note.as_bytes()));
    for lying in [line(&own, &earlier), cosign(&own, &other, 1_768_442_400), plain, "— x".to_owned()] {
        assert!(matches!(keep(lying).await, Err(LogError::Cosignature(_))));
    }
    let unknown = world.log.keep_cosignature(LOG, 4, own.verifier(), &line(&own, &newest)).await;
    assert!(matches!(unknown, Err(LogError::NotFound)), "{unknown:?}");
    assert_eq!(world.log.seen_by(LOG, own.verifier()).await.unwrap(), 0);
    assert_eq!(world.log.unseen(LOG, own.verifier()).await.unwrap().unwrap(), (newest.clone(), 0));

    keep(line(&own, &newest)).await.unwrap();
    keep(line(&own, &newest)).await.unwrap();
    assert_eq!(world.log.seen_by(LOG, own.verifier()).await.unwrap(), 5);
    assert_eq!(world.log.unseen(LOG, own.verifier()).await.unwrap(), None);
    let shown = format!("{}{}", newest.note, line(&own, &newest));
    assert_eq!(world.log.checkpoint(LOG).await.unwrap().note, shown);
    for change in
        ["UPDATE log_cosignatures SET line = ''", "DELETE FROM log_cosignatures", "TRUNCATE log_cosignatures"]
    {
        assert!(world.run(change).await.is_err(), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_shown_when_the_quorum_has_seen_it_and_proofs_wait_for_that() {
    let world = World::start().await;
    let log = world.witnessed(NoAnchors, 2);
    let (first, second) = (witness(0), witness(1));
    let policy = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both",
        log.verifier_key(LOG).await.unwrap(),
        first.verifier(),
        second.verifier()
    );
    let policy: Policy = policy.parse().unwrap();
    let three = published(&world, 3).await;
    for witness in [&first, &second] {
        log.keep_cosignature(LOG, 3, witness.verifier(), &line(witness, &three)).await.unwrap();
    }
    let five = published(&world, 2).await;
    log.keep_cosignature(LOG, 5, first.verifier(), &line(&first, &five)).await.unwrap();
    assert_eq!(policy.judge(&log.checkpoint(LOG).await.unwrap().note).unwrap().checkpoint.size, 3);
    assert!(matches!(log.proof(LOG, 4).await, Err(LogError::NotFound)));

    // What the second is sent leads from what it has seen to the newest.
    let request = log.for_witness(LOG, 3, &five).await.unwrap();
    let roots = [&three, &five].map(|published| Checkpoint::parse(&published.note).unwrap().root);
    verify_consistency((3, roots[0]), (5, roots[1]), &request.proof).unwrap();
    log.keep_cosignature(LOG, 5, second.verifier(), &line(&second, &five)).await.unwrap();
    let trusted = policy.judge(&log.proof(LOG, 4).await.unwrap().checkpoint).unwrap();
    assert_eq!(trusted.checkpoint.size, 5);
    assert_eq!(trusted.witnessed_at, u64::try_from(moment("2026-01-15T02:00:00Z").timestamp()).ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_witnesses_are_away_what_is_new_is_shown_without_them() {
    let world = World::start().await;
    let log = world.witnessed(NoAnchors, 1);
    let seen = published(&world, 1).await;
    log.keep_cosignature(LOG, 1, witness(0).verifier(), &line(&witness(0), &seen)).await.unwrap();
    for _ in 0..9 {
        published(&world, 1).await;
        assert_eq!(log.checkpoint(LOG).await.unwrap().size, 1);
    }
    published(&world, 1).await;
    assert_eq!(log.checkpoint(LOG).await.unwrap().size, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_log_s_last_entry_is_not_kept_back_for_a_witness_that_is_away() {
    let world = World::start().await;
    let log = world.witnessed(NoAnchors, 1);
    let seen = published(&world, 1).await;
    log.keep_cosignature(LOG, 1, witness(0).verifier(), &line(&witness(0), &seen)).await.unwrap();
    published(&world, 1).await;
    assert!(matches!(log.proof(LOG, 1).await, Err(LogError::NotFound)));
    world.clock.set(world.clock.now() + TimeDelta::seconds(10));
    assert_eq!(log.proof(LOG, 1).await.unwrap().index, 1);
}
