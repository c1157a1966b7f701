//! What must hold whatever the boxes are.

use evaluation::coco::{Settings, evaluate_class};
use evaluation::confusion::confusion;
use evaluation::curve::Outcomes;
use proptest::prelude::*;

use crate::random::{Recipe, pictures};

const RECIPE: Recipe = Recipe {
    pictures: 5,
    classes: 3,
    truths: 8,
    noise: 8,
    score_steps: 20.0,
    on_grid: true,
    crowd_share: 0.2,
    unlabelled_share: 0.2,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn figures_are_shares_and_a_higher_overlap_is_never_easier(seed in any::<u64>()) {
        let drawn = pictures(seed, RECIPE);
        let settings = Settings::benchmark();
        for class in 0..RECIPE.classes {
            let result = evaluate_class(&drawn, class, &settings);
            let recalls: Vec<f64> = (0..10).filter_map(|overlap| result.average_recall(0, 2, &[overlap])).collect();
            prop_assert!(recalls.iter().all(|recall| (0.0..=1.0).contains(recall)));
            prop_assert!(recalls.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12));
        }
    }

    #[test]
    fn every_truth_and_find_is_counted_once_in_the_confusion(seed in any::<u64>()) {
        let drawn = pictures(seed, Recipe { crowd_share: 0.0, ..RECIPE });
        let counts = confusion(&drawn, &[0.0; 3], 0.5).counts;
        for class in 0..RECIPE.classes {
            let judged = drawn.iter().filter(|picture| picture.is_judged(class));
            let truths: usize = judged.clone().map(|it| it.truths.iter().filter(|truth| truth.class == class).count()).sum();
            let finds: usize = judged.map(|it| it.found.iter().filter(|found| found.class == class).count()).sum();
            prop_assert_eq!(counts[class].iter().sum::<usize>(), truths);
            prop_assert_eq!(counts.iter().map(|row| row[class]).sum::<usize>(), finds);
        }
    }

    #[test]
    fn a_lower_score_never_loses_a_truth(seed in any::<u64>(), low in 0.0..0.5_f64) {
        let outcomes = Outcomes::of(&pictures(seed, RECIPE), 0, 0.5, 1000);
        if let (Some(below), Some(above)) = (outcomes.at(low), outcomes.at(low + 0.3)) {
            prop_assert!(below.recall >= above.recall);
        }
    }
}
