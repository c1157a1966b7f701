//! A lead's place in the queue and its number.

use survey::time::CivilDay;

/// What the order of the review queue depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeadFacts {
    /// The matter's own urgency, 0 … 100, from the catalogue: under construction 100, new on farmland, river
    /// or sea wall 80, new 60, enlarged stock 50, pledge overdue 40, known 0.
    pub matter_priority: u8,
    /// Best detector score among the views, 0 … 1.
    pub score: f64,
    /// Distinct photos that show the site.
    pub n_photos: u32,
}

/// The most that score and sightings add; less than the smallest step (10) between two matters.
const EVIDENCE_POINTS: f64 = 9.0;

/// Priority, 0 … 109: higher is reviewed first.
///
/// `matter_priority + 9 · (0.7 · score + 0.3 · (1 − 1/n_photos))`. The matter decides (order of urgency from
/// the bureau's practice: under construction before new before enlarged before known); within one matter a
/// sure detection seen in many photos comes before a doubtful one seen once. A score outside 0 … 1 counts as
/// the nearer end, one that is not a number as 0, and no photo like one.
pub fn priority(facts: &LeadFacts) -> f64 {
    let score = if facts.score.is_nan() {
        0.0
    } else {
        facts.score.clamp(0.0, 1.0)
    };
    let seen_often = 1.0 - 1.0 / f64::from(facts.n_photos.max(1));
    f64::from(facts.matter_priority.min(100)) + EVIDENCE_POINTS * (0.7 * score + 0.3 * seen_often)
}

/// The number people use for a lead: `PD-20261123-0001`. `n` counts the leads of the civil `day` from 1 and
/// takes more digits beyond 9999.
pub fn lead_no(prefix: &str, day: CivilDay, n: u32) -> String {
    let day = day.to_string().replace('-', "");
    format!("{prefix}-{day}-{n:04}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_read_like_the_bureaus() {
        // 2026-11-23 is day 20780 after 1970-01-01 (`date -d 2026-11-23 +%s` / 86400).
        assert_eq!(lead_no("PD", CivilDay(20_780), 1), "PD-20261123-0001");
        assert_eq!(lead_no("PD", CivilDay(20_780), 12_345), "PD-20261123-12345");
    }

    proptest! {
        #[test]
        fn the_matter_outranks_any_evidence(
            step in 0u8..10, weak in 0.0..1.0f64, sure in 0.0..1.0f64, n in 0u32..1000
        ) {
            let urgent = LeadFacts { matter_priority: (step + 1) * 10, score: weak, n_photos: 1 };
            let calm = LeadFacts { matter_priority: step * 10, score: sure, n_photos: n };
            prop_assert!(priority(&urgent) > priority(&calm));
        }

        #[test]
        fn more_evidence_never_ranks_lower(score in -1.0..2.0f64, n in 0u32..1000) {
            let now = priority(&LeadFacts { matter_priority: 60, score, n_photos: n });
            let once_more = priority(&LeadFacts { matter_priority: 60, score: score + 0.1, n_photos: n + 1 });
            prop_assert!(once_more >= now && (60.0..=69.0).contains(&now));
        }
    }
}
