//! The store in a directory: what it keeps, what it destroys, and what a killed process leaves.

use super::*;
use crate::key_tree::{TreeKey, Walker};

const LOG: &str = "three-year";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self, kek: &str) -> FileKeyStore {
        FileKeyStore::open(&self.0.path().join("keys"), &self.0.path().join(kek)).unwrap()
    }

    /// The bytes of every file in the store.
    fn files(&self) -> Vec<Vec<u8>> {
        fs::read_dir(self.0.path().join("keys"))
            .unwrap()
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect()
    }
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn leaf(keys: &MonthKeys, leaf: u32) -> Option<TreeKey> {
    Walker::new(keys.tree.clone()).leaf(leaf)
}

#[tokio::test]
async fn a_destroyed_key_is_never_made_again_and_another_kek_opens_nothing() {
    let place = Place::new();
    let store = place.open("kek");
    let (january, february) = (month("2026-01"), month("2026-02"));
    let keys = store.month_keys(LOG, january).await.unwrap();
    let again = place.open("kek").month_keys(LOG, january).await.unwrap();
    assert_eq!(keys.to_bytes(), again.to_bytes());
    let foreign = place.open("other").existing_keys(LOG, january).await;
    assert!(matches!(foreign, Err(KeyError::Unwrap { .. })));
    assert!(store.existing_keys(LOG, february).await.unwrap().is_none());
    assert!(matches!(store.puncture(LOG, february, 0, 0).await, Err(KeyError::Destroyed { .. })));

    assert_eq!(store.destroy(LOG, january).await.unwrap(), Some(keys.fingerprint));
    assert_eq!(store.destroy(LOG, january).await.unwrap(), Some(keys.fingerprint));
    assert!(matches!(store.month_keys(LOG, january).await, Err(KeyError::Destroyed { .. })));
    assert!(!place.0.path().join("keys/three-year_2026-01.key").exists());
}

#[tokio::test]
async fn a_log_signs_with_one_key_that_outlives_its_months() {
    let place = Place::new();
    let store = place.open("kek");
    let seed = store.signing_seed(LOG).await.unwrap();
    assert_ne!(store.signing_seed("five-year").await.unwrap(), seed);
    store.month_keys(LOG, month("2026-01")).await.unwrap();
    store.destroy(LOG, month("2026-01")).await.unwrap();
    assert_eq!(place.open("kek").signing_seed(LOG).await.unwrap(), seed);
    let foreign = place.open("other").signing_seed(LOG).await;
    assert!(matches!(foreign, Err(KeyError::UnwrapSigning(log)) if log == LOG));
}

#[tokio::test]
async fn a_puncture_takes_one_leaf_for_good_and_says_the_same_when_repeated() {
    let place = Place::new();
    let (store, january) = (place.open("kek"), month("2026-01"));
    let whole = store.month_keys(LOG, january).await.unwrap();
    let told = store.puncture(LOG, january, 41, 0).await.unwrap();
    assert_eq!(told.fingerprint, crate::keys::fingerprint(&leaf(&whole, 41).unwrap()));
    assert_eq!(told.generation, 1);
    assert_eq!(place.open("kek").puncture(LOG, january, 41, 0).await.unwrap(), told);

    let left = store.existing_keys(LOG, january).await.unwrap().unwrap();
    assert_eq!((leaf(&left, 41), left.fingerprint), (None, whole.fingerprint));
    assert_eq!((leaf(&left, 40), leaf(&left, 42)), (leaf(&whole, 40), leaf(&whole, 42)));

    // The old matching key stays until the index stands under the new one, then goes.
    assert_eq!(left.matching(0), whole.matching(0));
    store.retire_matching(LOG, january, told.generation).await.unwrap();
    store.retire_matching(LOG, january, told.generation).await.unwrap();
    let left = store.existing_keys(LOG, january).await.unwrap().unwrap();
    assert_eq!(left.matching(0), None);
    assert!(left.matching(1).is_some_and(|fresh| Some(fresh) != whole.matching(0)));
}

/// A process that is killed after any step of the replacement: the next one reads whole keys, goes on, and nothing that
/// still opens the erased leaf is left in any file.
#[tokio::test]
async fn a_puncture_that_is_killed_between_its_steps_is_finished_by_the_next() {
    let january = month("2026-01");
    for steps in 0..=Replacement::STEPS.len() {
        let place = Place::new();
        let store = place.open("kek");
        let whole = store.month_keys(LOG, january).await.unwrap();
        let old = fs::read(store.inner.key_path(LOG, january)).unwrap();

        let mut punctured = whole.clone();
        punctured.puncture(7, 0).unwrap();
        let wrapped = store
            .inner
            .wrap(month_aad(LOG, january), Some(punctured.fingerprint), &punctured.to_bytes())
            .unwrap();
        let path = store.inner.key_path(LOG, january);
        let replacement = Replacement::new(&path, &wrapped);
        Replacement::STEPS.iter().take(steps).for_each(|step| step(&replacement).unwrap());

        let store = place.open("kek");
        let found = store.existing_keys(LOG, january).await.unwrap().unwrap();
        assert_eq!(leaf(&found, 7).is_none(), steps >= 4, "old or new, after {steps} steps");
        assert_eq!(leaf(&found, 8), leaf(&whole, 8));

        store.puncture(LOG, january, 7, 0).await.unwrap();
        let left = store.existing_keys(LOG, january).await.unwrap().unwrap();
        assert_eq!((leaf(&left, 7), leaf(&left, 8)), (None, leaf(&whole, 8)), "after {steps} steps");
        let files = place.files();
        assert!(!files.contains(&old), "the old keys are still there after {steps} steps");
        assert_eq!(files.len(), 2, "the keys and the lock, after {steps} steps");
    }
}
