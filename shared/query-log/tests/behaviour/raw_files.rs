//! Early erasure seen from outside: what the files of a database and of a key store give away before and after.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use dev_servers::{Postgres, PostgresOptions};
use kernel::{Personal, Random};
use query_log::{Body, GOVERNANCE, KeyStore as _, SUBJECT, Verdict, verify_database};

use crate::common::{LOG, World, intent};

const ERASED: u64 = 2;
const SUBJECT_VALUE: &str = "S000000777";
const MARK: &str = "抹除標記 7f3a91c5";
const SEED: [u8; 32] = *b"the seed of an entry, looked for";

/// Seeds that can be looked for.
struct Marked;

impl Random for Marked {
    fn fill(&self, to: &mut [u8]) {
        to.iter_mut().zip(SEED.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
}

/// Every file below `folder`, WAL and free pages too.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.symlink_metadata().unwrap() {
            data if data.is_dir() => found.extend(files(&path)),
            data if data.is_file() => found.push(fs::read(&path).unwrap()),
            _ => {}
        }
    }
    found
}

fn holds(files: &[Vec<u8>], text: &[u8]) -> bool {
    files.iter().any(|file| {
        let mut starts = file.iter().enumerate().filter(|(_, byte)| **byte == text[0]);
        starts.any(|(at, _)| file[at..].starts_with(text))
    })
}

/// Every 32 bytes that the key store still holds, whatever they are meant for.
async fn secrets(world: &World) -> Vec<[u8; 32]> {
    let keys = world.keys.existing_keys(LOG, "2026-01".parse().unwrap()).await.unwrap().unwrap();
    let mut found: Vec<[u8; 32]> =
        keys.to_bytes().windows(32).map(|bytes| bytes.try_into().unwrap()).collect();
    for log in [LOG, GOVERNANCE] {
        found.push(*world.keys.signing_seed(log).await.unwrap());
    }
    found
}

/// Whether `body` opens under `secret` as its key, or as any ancestor of its key in a key tree.
fn opens(secret: [u8; 32], index: u64, body: &[u8]) -> bool {
    (0..=32).any(|height| {
        let mut key = secret;
        for bit in (0..height).rev() {
            let parent = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key.copy_from_slice(hmac::sign(&parent, &[u8::from(index >> bit & 1 == 1)]).as_ref());
        }
        let nonce = Nonce::try_assume_unique_for_key(&body[1..13]).unwrap();
        let aad = Aad::from(format!("datawarden/log-body/v1\n{LOG}\n2026-01\n{index}"));
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        key.open_in_place(nonce, aad, &mut body[13..].to_vec()).is_ok()
    })
}

/// Whether a subject hash was made from the subject by any of the secrets.
fn matches(secrets: &[[u8; 32]], hash: &[u8]) -> bool {
    secrets.iter().any(|key| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, SUBJECT_VALUE.as_bytes()).as_ref() == hash
    })
}

async fn subject_hash(world: &World, index: u64) -> Option<Vec<u8>> {
    use diesel::sql_types::{BigInt, Binary};
    use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
    let mut connection = AsyncPgConnection::establish(&world.url).await.unwrap();
    let found: Vec<Vec<u8>> =
        diesel::dsl::sql::<Binary>("SELECT subject_hash FROM log_subjects WHERE entry_index = ")
            .bind::<BigInt, _>(i64::try_from(index).unwrap())
            .load(&mut connection)
            .await
            .unwrap();
    found.into_iter().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_and_no_key_that_is_left_gives_an_erased_entry_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(folder.path(), &PostgresOptions::durable()).unwrap();
    let world = World::on(server.url().to_owned(), Arc::new(Marked)).await;
    for n in 0..5 {
        let mut entry = intent(n);
        if u64::from(n) == ERASED {
            entry.personal.insert("reason".to_owned(), Personal::new(MARK.to_owned()));
            entry.personal.insert(SUBJECT.to_owned(), Personal::new(SUBJECT_VALUE.to_owned()));
        }
        world.log.append(LOG, entry).await.unwrap();
    }
    let entry = world.log.read(LOG, ERASED).await.unwrap();
    let neighbour = world.log.read(LOG, ERASED + 1).await.unwrap();
    let (body, next_body) = (entry.body.clone().unwrap(), neighbour.body.clone().unwrap());
    let old_hash = subject_hash(&world, ERASED).await.unwrap();

    // Before: whoever has the key store reads the entry and finds its subject.
    let before = secrets(&world).await;
    assert!(before.iter().any(|secret| opens(*secret, ERASED, &body)));
    assert!(matches(&before, &old_hash));

    let order = world.log.append(GOVERNANCE, world.log.erasure_order(&entry)).await.unwrap().index;
    world.log.erase_entry(LOG, ERASED, order, "2026-04-15".parse().unwrap()).await.unwrap();
    world.run("CHECKPOINT").await.unwrap();

    // The ciphertext and the old index are there still, in heap or WAL; what they hide is nowhere.
    let database = files(folder.path());
    assert!(holds(&database, &body) && holds(&database, &old_hash), "the search finds what is there");
    let (hex_seed, texts) = (hex::encode(SEED), [MARK, SUBJECT_VALUE]);
    for text in texts.iter().map(|text| text.as_bytes()).chain([SEED.as_slice(), hex_seed.as_bytes()]) {
        assert!(!holds(&database, text), "{:?} is in a file of the database", String::from_utf8_lossy(text));
    }

    // After: none of the keys that are left opens it, and none finds its subject; the neighbour opens as before.
    let after = secrets(&world).await;
    assert!(!after.iter().any(|secret| opens(*secret, ERASED, &body)));
    assert!(after.iter().any(|secret| opens(*secret, ERASED + 1, &next_body)));
    assert!(!matches(&after, &old_hash));
    assert_eq!(subject_hash(&world, ERASED).await, None);
    let store = files(world.directory.path());
    let old_keys = before.iter().filter(|secret| !after.contains(secret)).count();
    assert!(old_keys >= 2, "the root and the old matching key went");
    assert!(before.iter().all(|secret| !holds(&store, secret)), "no key lies unwrapped");

    assert_eq!(world.log.open_body(&entry).await.unwrap(), Body::Erased);
    let heads = [world.log.head(LOG).await.unwrap(), world.log.head(GOVERNANCE).await.unwrap()];
    let report = verify_database(&world.url, &[LOG, GOVERNANCE], heads).await.unwrap();
    assert_eq!(report.verdict, Verdict::Intact, "{:?}", report.breaks);
}
