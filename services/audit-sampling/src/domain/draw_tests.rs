//! Frozen vectors of the draw, and its properties.

use audit_sampling_types::{
    AccountChain, DrawnAccount, DrawnQuery, Randomness, RandomnessSource, SourceKind,
};
use kernel::ids::AccountId;
use proptest::prelude::*;

use super::*;

fn account(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn queries(account: u128, count: u64) -> Vec<QueryId> {
    (0..count).map(|i| QueryId(Uuid::from_u128((account << 64) + u128::from(i)))).collect()
}

/// A draw as the service makes it, from accounts with so many queries each.
fn proof(counts: &[u64], randomness: &str) -> DrawProof {
    let numbered = || counts.iter().zip(1..).map(|(count, n): (&u64, u128)| (n, *count));
    let population: Vec<FrozenAccount> = numbered()
        .map(|(n, count)| FrozenAccount {
            account: account(n),
            count,
            root: hex::encode(account_root(&queries(n, count))),
        })
        .collect();
    let commitment = PlanCommitment {
        plan: Uuid::from_u128(7).into(),
        regulation: "household".into(),
        period_start: "2026-01-01".parse().unwrap(),
        period_end: "2026-03-31".parse().unwrap(),
        rule_pack: "household-2017@1#0".into(),
        parts: 5,
        of: 100,
        least_records: 10,
        source: RandomnessSource {
            kind: SourceKind::PublicDraw,
            name: "draw of 2026-04-25".into(),
            publishes_at: "2026-04-25T06:00:00Z".parse().unwrap(),
        },
        accounts: u64::try_from(population.len()).unwrap(),
        population_root: hex::encode(population_root(&population).unwrap()),
        frozen_at: "2026-04-02T01:00:00Z".parse().unwrap(),
    };
    let plan_digest = digest_of(&commitment).unwrap();
    let chosen = draw(&commitment, &plan_digest, &population, randomness);
    let drawn: Vec<DrawnAccount> = chosen
        .iter()
        .map(|(index, positions)| {
            let (n, frozen) = (u128::try_from(*index).unwrap() + 1, &population[*index]);
            let ids = queries(n, frozen.count);
            let of = |p: &u64| DrawnQuery {
                position: *p,
                query: ids[usize::try_from(*p).unwrap()],
                log: "three-year".into(),
                log_index: 1,
            };
            DrawnAccount {
                account: frozen.account,
                count: frozen.count,
                shortfall: 10_u64.saturating_sub(frozen.count),
                queries: positions.iter().map(of).collect(),
            }
        })
        .collect();
    DrawProof {
        plan_digest: hex::encode(plan_digest),
        population,
        randomness: Randomness {
            text: randomness.into(),
            recorded_by: Uuid::from_u128(1).into(),
            recorded_at: "2026-04-25T07:00:00Z".parse().unwrap(),
            confirmed_by: Some(Uuid::from_u128(2).into()),
            confirmed_at: Some("2026-04-25T08:00:00Z".parse().unwrap()),
        },
        chains: chosen
            .iter()
            .map(|(index, _)| {
                let n = u128::try_from(*index).unwrap() + 1;
                AccountChain { account: account(n), queries: queries(n, counts[*index]) }
            })
            .collect(),
        sample_digest: hex::encode(digest_of(&drawn).unwrap()),
        drawn,
        commitment,
    }
}

#[test]
fn the_draw_gives_the_frozen_vectors() {
    let seed = seed(&[0; 32], "12345678");
    assert_eq!(hex::encode(seed), "e773a64a6aa0b5f9b8caa5ce3298926b274ce516a5a8e19aa64164854e42c991");
    assert_eq!(sample(&seed, 100, 5), [13, 15, 18, 64, 78]);
    assert_eq!(sample(&seed, 1_000_000, 3), [701_678, 807_313, 974_918]);
    assert_eq!(
        hex::encode(account_root(&queries(1, 3))),
        "50a154624bb91084ab58c146c6dc9ca5fbecd83146293423a745689208e19297"
    );
}

#[test]
fn five_percent_are_drawn_rounded_up_and_a_shortfall_is_stated() {
    let counts: Vec<u64> = (1..=41).collect();
    let proof = proof(&counts, "1, 2, 3");
    assert_eq!(proof.drawn.len(), 3, "5 % of 41 is 2.05");
    for drawn in &proof.drawn {
        assert_eq!(u64::try_from(drawn.queries.len()).unwrap(), drawn.count.min(10));
        assert_eq!(drawn.shortfall, 10_u64.saturating_sub(drawn.count));
    }
    assert_eq!(verify_draw(&proof), Ok(()));
}

#[test]
fn an_empty_population_gives_an_empty_sample_that_holds() {
    let proof = proof(&[], "42");
    assert!(proof.drawn.is_empty());
    assert_eq!(verify_draw(&proof), Ok(()));
}

#[test]
fn each_kind_of_tampering_is_found() {
    let good = proof(&[30; 60], "0912");
    let check = |change: fn(&mut DrawProof)| {
        let mut bad = good.clone();
        change(&mut bad);
        verify_draw(&bad).unwrap_err()
    };
    assert_eq!(check(|p| p.commitment.least_records = 5), DrawError::Commitment);
    assert_eq!(check(|p| p.population[3].count = 31), DrawError::Population);
    assert_eq!(check(|p| p.population.swap(0, 1)), DrawError::Order);
    assert_eq!(check(|p| p.randomness.text = "0913".into()), DrawError::Sample);
    assert_eq!(check(|p| p.randomness.confirmed_by = Some(p.randomness.recorded_by)), DrawError::Time);
    assert_eq!(check(|p| p.randomness.recorded_at = p.commitment.frozen_at), DrawError::Time);
    assert_eq!(check(|p| p.drawn[0].queries[0].query = QueryId(Uuid::nil())), DrawError::Chain);
    assert_eq!(check(|p| p.chains[0].queries.swap(0, 1)), DrawError::Chain);
    assert_eq!(check(|p| p.drawn[0].queries[0].log_index = 2), DrawError::SampleDigest);
    assert!(matches!(
        check(|p| {
            p.drawn.pop();
        }),
        DrawError::Sample
    ));
}

#[test]
fn every_number_is_drawn_about_as_often() {
    // 4,000 draws of 1 from 10: each number is expected 400 times, standard deviation 19.
    let mut hits = [0_u32; 10];
    for i in 0..4000_u32 {
        let number = sample(&sha256(&i.to_be_bytes()), 10, 1)[0];
        hits[usize::try_from(number).unwrap()] += 1;
    }
    assert!(hits.iter().all(|n| (305..=495).contains(n)), "{hits:?}");
}

proptest! {
    #[test]
    fn a_sample_is_in_range_without_repetition_complete_and_reproducible(
        seed in any::<[u8; 32]>(), range in 0_u64..5000, count in 0_u64..200,
    ) {
        let drawn = sample(&seed, range, count);
        prop_assert_eq!(u64::try_from(drawn.len()).unwrap(), count.min(range));
        prop_assert!(drawn.is_sorted_by(|a, b| a < b));
        prop_assert!(drawn.iter().all(|n| *n < range));
        prop_assert_eq!(drawn, sample(&seed, range, count));
    }

    #[test]
    fn a_smaller_sample_is_part_of_a_larger_one(seed in any::<[u8; 32]>(), range in 50_u64..5000, count in 0_u64..20) {
        let small = sample(&seed, range, count);
        let large = sample(&seed, range, count + 10);
        prop_assert!(small.iter().all(|n| large.contains(n)));
    }

    #[test]
    fn every_proof_of_an_honest_draw_holds(counts in proptest::collection::vec(1_u64..40, 1..80), text in "[0-9]{1,12}") {
        prop_assert_eq!(verify_draw(&proof(&counts, &text)), Ok(()));
    }
}
