//! Siting against every choice there is, and tables against sums from scratch.

use proptest::prelude::*;

use super::tables::{NONE, Swap};
use super::*;

/// Every choice of `sites` candidates with the kept ones: the most that one covers.
fn best_of_all(problem: &Problem, sites: usize, kept: &[usize]) -> f64 {
    let candidates = problem.candidates();
    let keeps = |choice: u32| kept.iter().all(|site| choice >> site & 1 == 1);
    (0..1_u32 << candidates)
        .filter(|choice| choice.count_ones() as usize == sites && keeps(*choice))
        .map(|choice| {
            let chosen: Vec<usize> = (0..candidates).filter(|site| choice >> site & 1 == 1).collect();
            problem.covered(&chosen).1
        })
        .fold(0.0, f64::max)
}

fn instance() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<u32>>)> {
    let demand = 1_usize..40;
    (demand, 3_usize..11).prop_flat_map(|(demands, candidates)| {
        let weights = prop::collection::vec(0.0..10.0_f64, demands)
            .prop_filter("some demand", |weights| weights.iter().sum::<f64>() > 0.0);
        let cover = prop::collection::vec(0..demands as u32, 0..demands.min(15));
        (weights, prop::collection::vec(cover, candidates))
    })
}

fn effort() -> Effort {
    Effort {
        swaps: 60,
        price_rounds: 40,
        parts: 5_000,
        ..Effort::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_best_choice_is_found_and_proven((weights, covers) in instance(), sites in 1_usize..4, keep in 0_usize..2) {
        let problem = Problem::new(&weights, &covers).unwrap();
        let kept: Vec<usize> = (0..keep.min(sites)).collect();
        let best = best_of_all(&problem, sites, &kept);
        let siting = solve(&problem, sites, &kept, effort(), &mut |_| true).unwrap();
        prop_assert!((siting.value - best).abs() < 1e-9 * problem.total_weight(), "{} {}", siting.value, best);
        prop_assert!(siting.bound >= best && siting.bound <= best + 1e-7 * problem.total_weight());
        prop_assert_eq!(&siting.sites[..kept.len()], &kept[..]);
        prop_assert_eq!(siting.sites.len(), sites);
        prop_assert!((siting.adds.iter().sum::<f64>() - siting.value).abs() < 1e-9 * problem.total_weight());
        prop_assert!(siting.greedy <= siting.swapped + 1e-9 && siting.swapped <= siting.searched + 1e-9);
    }

    #[test]
    fn a_bound_holds_wherever_the_work_is_cut_off((weights, covers) in instance(), sites in 1_usize..4, rounds in 0_u32..30) {
        let problem = Problem::new(&weights, &covers).unwrap();
        let best = best_of_all(&problem, sites, &[]);
        let mut left = rounds;
        let siting = solve(&problem, sites, &[], effort(), &mut |progress| {
            left = left.saturating_sub(1);
            assert!(progress.bound >= progress.value * (1.0 - 1e-9));
            left > 0
        }).unwrap();
        prop_assert!(siting.bound >= best * (1.0 - 1e-12) && siting.value <= best * (1.0 + 1e-12));
    }

    #[test]
    fn tables_are_sums_from_scratch((weights, covers) in instance(), moves in prop::collection::vec((0_usize..3, 0_usize..11), 0..12)) {
        let problem = Problem::new(&weights, &covers).unwrap();
        let candidates = problem.candidates();
        let mut tables = Tables::new(&problem, 3);
        search::greedy(&mut tables);
        for (slot, site) in moves {
            if site < candidates && !tables.is_chosen[site] {
                tables.swap(Swap { slot, site: site as u32, brings: 0 });
            }
        }
        let covered = |sites: &[u32]| -> i64 {
            let mut groups: Vec<u32> = sites.iter().filter(|site| **site != NONE)
                .flat_map(|site| problem.groups_of.of(*site as usize)).copied().collect();
            groups.sort_unstable();
            groups.dedup();
            groups.iter().map(|group| problem.weights[*group as usize]).sum()
        };
        prop_assert_eq!(tables.value, covered(&tables.slots));
        let mut best: Option<i64> = None;
        for slot in 0..3 {
            for site in (0..candidates).filter(|site| !tables.is_chosen[*site]) {
                let mut swapped = tables.slots.clone();
                swapped[slot] = site as u32;
                let brings = covered(&swapped) - tables.value;
                best = Some(best.map_or(brings, |best| best.max(brings)));
            }
        }
        prop_assert_eq!(tables.best_swap(|_, _, _| true).map(|swap| swap.brings), best);
    }
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let covers: Vec<Vec<u32>> = (0..60)
        .map(|site| (0..8).map(|step| (site * 7 + step * step) % 97).collect())
        .collect();
    let weights: Vec<f64> = (0..97).map(|demand| 1.0 + f64::from(demand % 5)).collect();
    let problem = Problem::new(&weights, &covers).unwrap();
    let once = || solve(&problem, 7, &[3, 5], effort(), &mut |_| true).unwrap();
    assert_eq!(once(), once());
}

#[test]
fn what_cannot_be_is_told() {
    let weights = [1.0, 2.0];
    let bad = Problem::new(&[1.0, -1.0], &[vec![0]]).unwrap_err();
    assert_eq!(
        bad,
        SitingError::BadWeight {
            demand: 1,
            weight: -1.0
        }
    );
    assert_eq!(
        Problem::new(&[0.0], &[vec![0]]).unwrap_err(),
        SitingError::NoDemand
    );
    let beyond = Problem::new(&weights, &[vec![2]]).unwrap_err();
    assert_eq!(
        beyond,
        SitingError::NoSuchDemand {
            site: 0,
            demand: 2,
            demands: 2
        }
    );
    let problem = Problem::new(&weights, &[vec![0], vec![1]]).unwrap();
    let solved = |sites, kept: &[usize]| solve(&problem, sites, kept, effort(), &mut |_| true);
    assert!(matches!(solved(3, &[]), Err(SitingError::Sites { .. })));
    assert!(matches!(solved(0, &[1]), Err(SitingError::Sites { .. })));
    assert_eq!(solved(2, &[1, 1]).unwrap_err(), SitingError::BadKept { site: 1 });
    let all = solved(2, &[1]).unwrap();
    assert_eq!(
        (all.sites.as_slice(), all.value, all.is_optimal()),
        (&[1, 0][..], 3.0, true)
    );
    assert_eq!(all.adds, [2.0, 1.0]);
    assert_eq!(solved(0, &[]).unwrap().value, 0.0);
}
