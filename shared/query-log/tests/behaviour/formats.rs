//! The formats that can never change: frozen vectors (made by an independent program) and the round trip of headers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate};
use kernel::ids::{AgencyId, QueryApplicationId, QueryId};
use proptest::prelude::*;
use query_log::body::commitment;
use query_log::{AccountMark, Hash, Header, Kind, MonthRange};
use uuid::Uuid;

const FROZEN: &str = concat!(
    "\u{1}{\"account\":{\"pseudonym\":\"1111111111111111111111111111111111111111111111111111111111111111\",\"seq\":7},",
    "\"at\":\"2026-01-15T01:59:59.000000Z\",\"body\":\"2222222222222222222222222222222222222222222222222222222222222222\",",
    "\"commitments\":{\"subject\":\"3333333333333333333333333333333333333333333333333333333333333333\"},",
    "\"decision\":\"granted\",\"fields\":[\"address\",\"name\"],\"index\":42,\"kind\":\"intent\",",
    "\"legal_basis\":\"社會救助法\",\"log\":\"three-year\",\"recorded_at\":\"2026-01-15T02:00:00.000123Z\"}"
);

#[test]
fn the_header_bytes_are_frozen() {
    let header = Header::from_bytes(FROZEN.as_bytes()).unwrap();
    assert_eq!((header.index, header.kind, header.account.unwrap().seq), (42, Kind::Intent, 7));
    assert_eq!(header.to_bytes().unwrap(), FROZEN.as_bytes());
    for other in [FROZEN.replace("\"index\":42", "\"index\": 42"), FROZEN.replace('\u{1}', "\u{2}")] {
        assert!(Header::from_bytes(other.as_bytes()).is_err());
    }
}

#[test]
fn leaf_hashes_are_frozen() {
    let leaf = Hash::leaf(FROZEN.as_bytes());
    assert_eq!(leaf.to_string(), "7edf35f8f01f7a666d16e6dfbfc74624380329927ab8054f96d310e330bb22a0");
    // RFC 6962 §2.1: the leaf hash of the empty input, as in the test vectors of transparency logs.
    let empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(Hash::leaf(b"").to_string(), empty);
}

#[test]
fn commitments_are_frozen() {
    let found = commitment(&[7; 32], "subject", "S000000003").unwrap();
    assert_eq!(found.to_string(), "893437c951e7de0fa5bc357cd4c8a5cecfedecc9e20d22db73282a39aeeee906");
    assert_ne!(found, commitment(&[8; 32], "subject", "S000000003").unwrap());
    assert_ne!(found, commitment(&[7; 32], "reason", "S000000003").unwrap());
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

/// Indices and counters as JSON numbers keep them.
const LARGEST: u64 = 1 << 53;

prop_compose! {
    fn month_range()(log in "[a-z][a-z0-9-]{0,30}", year in 1912..2100, month in 1..=12, first in 0..LARGEST,
        last in 0..LARGEST, count in 0..LARGEST, root in hash()) -> MonthRange {
        MonthRange { log, month: format!("{year:04}-{month:02}").parse().unwrap(), first, last, count, root }
    }
}

prop_compose! {
    fn texts()(legal_basis in any::<Option<String>>(), programme in any::<Option<String>>(),
        decision in any::<Option<String>>(), refusal in any::<Option<String>>(), rule_pack in any::<Option<String>>(),
        action in any::<Option<String>>()) -> [Option<String>; 6] {
        [legal_basis, programme, decision, refusal, rule_pack, action]
    }
}

prop_compose! {
    fn header()(index in 0..LARGEST, closes in proptest::option::of(0..LARGEST),
        kind in proptest::sample::select(vec![Kind::Intent, Kind::Outcome, Kind::Refusal, Kind::Import, Kind::Governance,
            Kind::Manifest]),
        micros in -60_000_000_000_000_000_i64..60_000_000_000_000_000, ids in proptest::option::of((id(), id(), id())),
        account in proptest::option::of((hash(), 0..LARGEST)), texts in texts(),
        fields in proptest::collection::btree_set(any::<String>(), 0..4), range in proptest::option::of(month_range()),
        digests in proptest::collection::btree_map(any::<String>(), hash(), 0..3),
        commitments in proptest::collection::btree_map(any::<String>(), hash(), 0..3),
        body in proptest::option::of(hash()), days in proptest::option::of(0..100_000_u64)) -> Header {
        let [legal_basis, programme, decision, refusal, rule_pack, action] = texts;
        let at = DateTime::from_timestamp_micros(micros).unwrap();
        let (fields, digests): (BTreeSet<String>, BTreeMap<String, Hash>) = (fields, digests);
        Header {
            log: "three-year".to_owned(), index, kind, recorded_at: at, at, closes, legal_basis, programme, decision,
            refusal, rule_pack, action, fields, range, digests, commitments, body,
            backups_expire: days.map(|days| NaiveDate::default() + Days::new(days)),
            agency: ids.map(|ids| AgencyId(ids.0)), agency_seq: ids.map(|_| index),
            application: ids.map(|ids| QueryApplicationId(ids.1)), query: ids.map(|ids| QueryId(ids.2)),
            account: account.map(|(pseudonym, seq)| AccountMark { pseudonym, seq }),
        }
    }
}

proptest! {
    #[test]
    fn headers_come_back_from_their_bytes(header in header()) {
        let bytes = header.to_bytes().unwrap();
        prop_assert_eq!(&bytes[1..], kernel::canonical::bytes(&header).unwrap());
        prop_assert_eq!(Header::from_bytes(&bytes).unwrap(), header);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise_than_by_refusing(bytes in any::<Vec<u8>>()) {
        if let Ok(header) = Header::from_bytes(&bytes) {
            prop_assert_eq!(header.to_bytes().unwrap(), bytes);
        }
    }
}
