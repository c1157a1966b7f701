//! Names on a map, none over another: of places beside their sign, of areas inside them; an area too small for its name
//! gets a number.

use survey::grid::GridPoint;

use crate::lang::Words;
use crate::map_picture::colours::{INK, SOFT};
use crate::map_picture::{Board, SIGN_PX, letters, spans};

/// Size of names of docks, pixels.
const PLACE_EM_PX: f64 = 20.0;
/// Size of names of towns, pixels.
const AREA_EM_PX: f64 = 18.0;
/// Size of numbers in place of names, pixels.
const NUMBER_EM_PX: f64 = 15.0;
/// Rows of an area that are looked at for the widest place.
const ROWS: usize = 31;

/// Left, top, right, bottom.
type Room = [f64; 4];

/// What is already written.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    taken: Vec<Room>,
}

impl Labels {
    /// Keeps the room of signs at pixels free of names.
    pub fn keep_clear(&mut self, signs: impl IntoIterator<Item = [f64; 2]>) {
        let around = |[x, y]: [f64; 2]| [x - SIGN_PX, y - SIGN_PX, x + SIGN_PX, y + SIGN_PX];
        self.taken.extend(signs.into_iter().map(around));
    }

    /// Writes the name of a place beside its sign, where there is room; whether there was.
    pub fn beside(&mut self, board: &mut Board, name: &str, [x, y]: [f64; 2]) -> bool {
        let (width, height) = (letters::width_px(name, PLACE_EM_PX), PLACE_EM_PX);
        for gap in [SIGN_PX + 3.0, SIGN_PX + 16.0] {
            let (right, left) = (x + gap, x - gap - width);
            let (above, below) = (y - gap - height, y + gap);
            let (centre, middle) = (x - width / 2.0, y - height / 2.0);
            for corner in [
                [right, middle],
                [left, middle],
                [centre, above],
                [centre, below],
                [right, above],
                [right, below],
                [left, above],
                [left, below],
            ] {
                if self.write(board, name, corner, (PLACE_EM_PX, INK)) {
                    return true;
                }
            }
        }
        false
    }

    /// Writes a number about a pixel, where there is room.
    pub fn rank(&mut self, board: &mut Board, rank: u32, [x, y]: [f64; 2]) {
        let rank = rank.to_string();
        let width = letters::width_px(&rank, AREA_EM_PX);
        for shift in [0.0, AREA_EM_PX, -AREA_EM_PX] {
            let corner = [x - width / 2.0, y + shift - AREA_EM_PX / 2.0];
            if self.write(board, &rank, corner, (AREA_EM_PX, INK)) {
                return;
            }
        }
    }

    /// Writes names into areas, the largest first; where a name does not fit or has no room, a number, if there may be
    /// numbers. The numbered names in the order of their numbers.
    pub fn inside(
        &mut self,
        board: &mut Board,
        areas: &[(String, Vec<Vec<GridPoint>>)],
        may_number: bool,
    ) -> Vec<String> {
        let mut placed: Vec<(&String, Widest)> = areas
            .iter()
            .filter(|(name, _)| !name.is_empty())
            .filter_map(|(name, rings)| Some((name, Widest::of(board, rings)?)))
            .collect();
        placed.sort_by(|a, b| b.1.width_px.total_cmp(&a.1.width_px));
        let mut numbered = Vec::new();
        for (name, at) in placed {
            let width = letters::width_px(name, AREA_EM_PX);
            let fits = width <= 1.25 * at.width_px;
            let [x, y] = at.middle;
            let tried = [0.0, -AREA_EM_PX, AREA_EM_PX, -2.0 * AREA_EM_PX, 2.0 * AREA_EM_PX];
            let corner = |shift: f64| [x - width / 2.0, y + shift - AREA_EM_PX / 2.0];
            if (fits
                && tried
                    .into_iter()
                    .any(|shift| self.write(board, name, corner(shift), (AREA_EM_PX, SOFT))))
                || !may_number
            {
                continue;
            }
            let number = (numbered.len() + 1).to_string();
            let width = letters::width_px(&number, NUMBER_EM_PX);
            let corner = [x - width / 2.0, y - NUMBER_EM_PX / 2.0];
            if self.write(board, &number, corner, (NUMBER_EM_PX, SOFT)) {
                numbered.push(name.clone());
            }
        }
        numbered
    }

    fn write(
        &mut self,
        board: &mut Board,
        text: &str,
        [left, top]: [f64; 2],
        (em_px, colour): (f64, [u8; 3]),
    ) -> bool {
        let (width, frame) = (letters::width_px(text, em_px), board.frame());
        let wanted = [left - 3.0, top - 1.0, left + width + 3.0, top + em_px + 2.0];
        let inside = wanted[0] >= 0.0
            && wanted[1] >= 0.0
            && wanted[2] <= f64::from(frame.columns)
            && wanted[3] <= f64::from(frame.rows);
        if !inside || self.taken.iter().any(|taken| meet(taken, &wanted)) {
            return false;
        }
        board.name(text, [left, top], em_px, colour);
        self.taken.push(wanted);
        true
    }
}

/// Which area each number on a map stands for; `None` without numbers.
pub fn numbered_words(numbered: &[String]) -> Option<Words> {
    let list: Vec<String> = numbered
        .iter()
        .enumerate()
        .map(|(index, name)| format!("{} {name}", index + 1))
        .collect();
    (!list.is_empty()).then(|| {
        Words::new(
            format!("图中编号:{}", list.join("、")),
            format!("Numbers on the map: {}", list.join(", ")),
        )
    })
}

fn meet(a: &Room, b: &Room) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

/// The widest row of an area as far as the board shows it.
#[derive(Debug, Clone, Copy)]
struct Widest {
    middle: [f64; 2],
    width_px: f64,
}

impl Widest {
    fn of(board: &Board, rings: &[Vec<GridPoint>]) -> Option<Self> {
        let frame = board.frame();
        let (right, bottom) = (f64::from(frame.columns), f64::from(frame.rows));
        let on_board = |ring: &Vec<GridPoint>| ring.iter().map(|point| board.pixel(*point)).collect();
        let rings: Vec<Vec<[f64; 2]>> = rings.iter().map(on_board).collect();
        let rows = rings.iter().flatten().map(|point| point[1]);
        let (top, low) = rows.fold((f64::INFINITY, f64::NEG_INFINITY), |(top, low), y| {
            (top.min(y), low.max(y))
        });
        let (top, low) = (top.max(0.0), low.min(bottom));
        let mut widest: Option<Self> = None;
        for row in 1..ROWS {
            let share = row as f64 / ROWS as f64;
            let y = top + share * (low - top);
            // A row in the middle may be narrower.
            let preference = 1.0 - 0.6 * (2.0 * share - 1.0).powi(2);
            for [from, to] in spans(&rings, y) {
                let (from, to) = (from.max(0.0), to.min(right));
                let found = Self {
                    middle: [(from + to) / 2.0, y],
                    width_px: (to - from) * preference,
                };
                if to > from && widest.is_none_or(|widest| found.width_px > widest.width_px) {
                    widest = Some(found);
                }
            }
        }
        widest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map_picture::Frame;

    fn board() -> Board {
        Board::new(Frame {
            west_m: 0.0,
            north_m: 400.0,
            step_m: 1.0,
            columns: 400,
            rows: 400,
        })
    }

    fn square(west: f64, north: f64, side: f64) -> Vec<Vec<GridPoint>> {
        let corner = |x: f64, y: f64| GridPoint {
            easting_m: x,
            northing_m: y,
        };
        vec![vec![
            corner(west, north),
            corner(west + side, north),
            corner(west + side, north - side),
            corner(west, north - side),
        ]]
    }

    #[test]
    fn names_of_places_keep_out_of_each_others_way() {
        let (mut board, mut labels) = (board(), Labels::default());
        let docks = [[200.0, 200.0], [205.0, 210.0], [390.0, 200.0]];
        labels.keep_clear(docks);
        for (index, dock) in docks.into_iter().enumerate() {
            assert!(labels.beside(&mut board, &format!("机场D{index:02}"), dock));
        }
        // The signs come first; they may overlap, docks stand where they stand.
        for (index, a) in labels.taken.iter().enumerate().skip(3) {
            for b in &labels.taken[..index] {
                assert!(!meet(a, b), "{a:?} {b:?}");
            }
            assert!(a[0] >= 0.0 && a[2] <= 400.0, "{a:?}");
        }
    }

    #[test]
    fn an_area_too_small_for_its_name_gets_a_number() {
        let (mut board, mut labels) = (board(), Labels::default());
        let areas = [
            ("潍坊新村街道".to_owned(), square(300.0, 390.0, 40.0)),
            ("祝桥镇".to_owned(), square(20.0, 300.0, 200.0)),
            ("不在图上".to_owned(), square(2000.0, 300.0, 200.0)),
            (String::new(), square(20.0, 300.0, 200.0)),
        ];
        let numbered = labels.inside(&mut board, &areas, true);
        assert_eq!(numbered, ["潍坊新村街道"]);
        assert_eq!(numbered_words(&numbered).unwrap().zh, "图中编号:1 潍坊新村街道");
        assert_eq!(numbered_words(&[]), None);
        assert_eq!(labels.taken.len(), 2);
        let name = labels.taken[0];
        assert!(
            name[0] > 20.0 && name[2] < 220.0 && name[1] > 100.0 && name[3] < 300.0,
            "{name:?}"
        );
    }
}
