//! The cheapest one-to-one assignment of rows (detections) to columns (sites) among the pairs that are allowed.

use std::collections::BTreeMap;

/// A pair that passed the gates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Row number.
    pub row: usize,
    /// Column number.
    pub column: usize,
    /// Cost, not negative.
    pub cost: f64,
}

/// Groups larger than this (rows) are assigned greedily; the optimal method takes the cube of the number.
const OPTIMAL_ROWS: usize = 256;

/// Assigns rows to columns, each at most once, so that the sum of pair costs and of `alone_cost` for every row
/// left alone is least. Returns the chosen `(row, column)` by row.
///
/// Pairs fall into groups that share no row or column; each group of up to 256 rows is solved optimally, a larger
/// one greedily, cheapest pair first.
pub fn assign(pairs: &[Pair], alone_cost: f64) -> Vec<(usize, usize)> {
    let mut chosen = Vec::new();
    for group in groups(pairs) {
        let mut rows: Vec<usize> = group.iter().map(|pair| pair.row).collect();
        rows.sort_unstable();
        rows.dedup();
        if rows.len() <= OPTIMAL_ROWS {
            chosen.extend(optimal(&group, &rows, alone_cost));
        } else {
            chosen.extend(greedy(group));
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Cheapest pair first, each row and column once; ties by row, then column.
pub fn greedy(mut pairs: Vec<Pair>) -> Vec<(usize, usize)> {
    pairs.sort_by(|a, b| {
        a.cost
            .total_cmp(&b.cost)
            .then((a.row, a.column).cmp(&(b.row, b.column)))
    });
    let (mut rows, mut columns) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    let free = |pair: &Pair| {
        let is_free = !rows.contains(&pair.row) && !columns.contains(&pair.column);
        if is_free {
            rows.insert(pair.row);
            columns.insert(pair.column);
        }
        is_free
    };
    pairs
        .into_iter()
        .filter(free)
        .map(|pair| (pair.row, pair.column))
        .collect()
}

/// Groups of pairs connected by shared rows or columns (union-find over rows and columns), by smallest row.
fn groups(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let rows = pairs.iter().map(|pair| pair.row + 1).max().unwrap_or(0);
    let columns = pairs.iter().map(|pair| pair.column + 1).max().unwrap_or(0);
    let mut parent: Vec<usize> = (0..rows + columns).collect();
    for pair in pairs {
        let (a, b) = (root(&mut parent, pair.row), root(&mut parent, rows + pair.column));
        parent[a.max(b)] = a.min(b);
    }
    let mut by_root: BTreeMap<usize, Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        by_root
            .entry(root(&mut parent, pair.row))
            .or_default()
            .push(*pair);
    }
    by_root.into_values().collect()
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}

/// The Hungarian method with potentials (Kuhn 1955, Munkres 1957, in the O(n²m) form of Jonker & Volgenant 1987).
/// Every row gets an own extra column of cost `alone_cost`, so that it may stay alone.
fn optimal(group: &[Pair], rows: &[usize], alone_cost: f64) -> Vec<(usize, usize)> {
    let mut columns: Vec<usize> = group.iter().map(|pair| pair.column).collect();
    columns.sort_unstable();
    columns.dedup();
    let (height, real) = (rows.len(), columns.len());
    let mut cost = vec![vec![f64::INFINITY; real + height]; height];
    for (row, costs) in cost.iter_mut().enumerate() {
        costs[real + row] = alone_cost;
    }
    for pair in group {
        if let (Ok(row), Ok(column)) = (rows.binary_search(&pair.row), columns.binary_search(&pair.column)) {
            cost[row][column] = pair.cost;
        }
    }
    let row_of = row_of_column(&cost, real + height);
    let real_pairs = row_of.into_iter().take(real).enumerate();
    real_pairs
        .filter_map(|(column, row)| Some((rows[row?], columns[column])))
        .collect()
}

/// For each column the row it is assigned to; `cost[row][column]` may be infinite, but every row has a finite way.
fn row_of_column(cost: &[Vec<f64>], width: usize) -> Vec<Option<usize>> {
    let mut row_of: Vec<Option<usize>> = vec![None; width];
    let mut row_potential = vec![0.0; cost.len()];
    let mut column_potential = vec![0.0; width];
    for start in 0..cost.len() {
        let mut least = vec![f64::INFINITY; width];
        let mut came_from: Vec<Option<usize>> = vec![None; width];
        let mut done = vec![false; width];
        let (mut row, mut at): (usize, Option<usize>) = (start, None);
        let end = loop {
            let mut next: Option<usize> = None;
            for column in (0..width).filter(|&column| !done[column]) {
                let reduced = cost[row][column] - row_potential[row] - column_potential[column];
                if reduced < least[column] {
                    (least[column], came_from[column]) = (reduced, at);
                }
                if next.is_none_or(|best| least[column] < least[best]) {
                    next = Some(column);
                }
            }
            let Some(column) = next.filter(|&column| least[column].is_finite()) else {
                break None;
            };
            let step = least[column];
            row_potential[start] += step;
            for column in 0..width {
                if let (true, Some(taken)) = (done[column], row_of[column]) {
                    row_potential[taken] += step;
                    column_potential[column] -= step;
                } else {
                    least[column] -= step;
                }
            }
            done[column] = true;
            at = Some(column);
            match row_of[column] {
                Some(taken) => row = taken,
                None => break Some(column),
            }
        };
        let mut column = end;
        while let Some(this) = column {
            row_of[this] = came_from[this].map_or(Some(start), |before| row_of[before]);
            column = came_from[this];
        }
    }
    row_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Least total cost by trying everything.
    fn brute_force(pairs: &[Pair], rows: usize, used: &mut Vec<usize>, row: usize, alone: f64) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut best = alone + brute_force(pairs, rows, used, row + 1, alone);
        for pair in pairs.iter().filter(|pair| pair.row == row) {
            if !used.contains(&pair.column) {
                used.push(pair.column);
                best = best.min(pair.cost + brute_force(pairs, rows, used, row + 1, alone));
                used.pop();
            }
        }
        best
    }

    #[test]
    fn a_row_of_sheds_is_not_assigned_to_the_nearest_neighbour() {
        // Each detection lies nearer to the next site than to its own; the greedy way leaves the last one alone.
        let at = |row, column, cost| Pair { row, column, cost };
        let pairs = [
            at(0, 0, 4.0),
            at(0, 1, 1.0),
            at(1, 1, 4.0),
            at(1, 2, 1.0),
            at(2, 2, 4.0),
        ];
        assert_eq!(assign(&pairs, 16.0), [(0, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn a_large_group_is_still_one_to_one() {
        let pairs: Vec<Pair> = (0..600)
            .flat_map(|row| {
                [0, 1].map(|next| Pair {
                    row,
                    column: row + next,
                    cost: next as f64,
                })
            })
            .collect();
        let chosen = assign(&pairs, 16.0);
        assert!(chosen.iter().all(|(row, column)| row == column));
        assert_eq!(chosen.len(), 600);
    }

    proptest! {
        #[test]
        fn small_groups_are_solved_optimally(
            costs in prop::collection::btree_map((0usize..5, 0usize..6), 0u32..100, 0..18)
        ) {
            let pairs: Vec<Pair> = costs
                .iter()
                .map(|(&(row, column), &cost)| Pair { row, column, cost: f64::from(cost) / 4.0 })
                .collect();
            let chosen = assign(&pairs, 16.0);
            let total: f64 = chosen.iter().map(|&(row, column)| f64::from(costs[&(row, column)]) / 4.0).sum();
            let total = total + 16.0 * (5 - chosen.len()) as f64;
            prop_assert!((total - brute_force(&pairs, 5, &mut Vec::new(), 0, 16.0)).abs() < 1e-9);
            for side in [chosen.iter().map(|c| c.0).collect::<Vec<_>>(), chosen.iter().map(|c| c.1).collect()] {
                let apart: std::collections::BTreeSet<_> = side.iter().collect();
                prop_assert_eq!(apart.len(), side.len());
            }
        }
    }
}
