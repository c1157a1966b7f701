//! Ground by label, GSD class limit and day it was last seen: what "seen within the last N days" is read off.

use super::parameters::GSD_CLASSES;

/// Sums of true area, mm². Whole numbers, so that what is added and taken away again leaves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    /// The day of the first sum, days since 1970-01-01; none as long as there is no day.
    first_day: Option<u16>,
    /// By label row and class, a sum for each day from the first on; all of one length.
    sums: Vec<Vec<u64>>,
}

impl Histogram {
    pub fn new(label_rows: usize) -> Self {
        Self {
            first_day: None,
            sums: vec![Vec::new(); label_rows * GSD_CLASSES],
        }
    }

    /// Makes room for a day; call it before the day's sums are touched.
    pub fn make_room(&mut self, day: u16) {
        let first = *self.first_day.get_or_insert(day);
        let end = usize::from(first) + self.sums.first().map_or(0, Vec::len);
        if day < first {
            let before = usize::from(first - day);
            self.sums
                .iter_mut()
                .for_each(|sums| drop(sums.splice(0..0, std::iter::repeat_n(0, before))));
            self.first_day = Some(day);
        } else if usize::from(day) >= end {
            let length = usize::from(day - first) + 1;
            self.sums.iter_mut().for_each(|sums| sums.resize(length, 0));
        }
    }

    pub fn add(&mut self, row: usize, class: usize, day: u16, area_mm2: u64) {
        *self.sum(row, class, day) += area_mm2;
    }

    pub fn take(&mut self, row: usize, class: usize, day: u16, area_mm2: u64) {
        *self.sum(row, class, day) -= area_mm2;
    }

    fn sum(&mut self, row: usize, class: usize, day: u16) -> &mut u64 {
        let first = self.first_day.unwrap_or(day);
        &mut self.sums[row * GSD_CLASSES + class][usize::from(day - first)]
    }

    /// Ground of a label last seen on `since` or later at this class limit, mm².
    pub fn since(&self, row: usize, class: usize, since: u16) -> u64 {
        self.by_day(row, class)
            .skip_while(|(day, _)| *day < since)
            .map(|(_, area)| area)
            .sum()
    }

    /// Day and ground last seen on it, mm², from the first day on.
    pub fn by_day(&self, row: usize, class: usize) -> impl Iterator<Item = (u16, u64)> {
        let first = self.first_day.unwrap_or(0);
        (first..).zip(self.sums[row * GSD_CLASSES + class].iter().copied())
    }
}
