//! What an ONNX file is, without a card or beside one: its tensors, and how it behaves on a few pictures. For the
//! check of a model that somebody brings along.

mod template;
mod trial;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};
use sha2::{Digest, Sha256};

use crate::card::Card;
use crate::runtime::Runtime;
use crate::session::{ModelError, open_session};

use trial::Seen;

/// Runs timed.
const TIMED_RUNS: usize = 5;

/// A tensor as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorFact {
    /// Its name.
    pub name: String,
    /// Type of its numbers, e.g. `f32`.
    pub element: String,
    /// Its sizes; `None` where one is only known when the model runs.
    pub sizes: Vec<Option<u64>>,
}

/// An ONNX file opened for inspection.
pub struct Inspection {
    session: Session,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The inputs.
    pub inputs: Vec<TensorFact>,
    /// The outputs.
    pub outputs: Vec<TensorFact>,
    /// Resident memory that the session took, bytes, after one run; `None` where the system does not tell.
    pub session_bytes: Option<u64>,
}

/// Something about a file that does not fit, or may not.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// There is not one input.
    InputCount {
        /// Number of inputs.
        found: usize,
    },
    /// The input is of another type than `f32`.
    InputElement {
        /// Its type.
        found: String,
    },
    /// The input has channels last.
    ChannelsLast {
        /// Its sizes.
        sizes: Vec<Option<u64>>,
    },
    /// The input is no picture `[1, 3, height, width]`.
    InputShape {
        /// Its sizes.
        sizes: Vec<Option<u64>>,
    },
    /// Sizes of a tensor are open.
    OpenSizes {
        /// Name of the tensor.
        tensor: String,
        /// Its sizes.
        sizes: Vec<Option<u64>>,
    },
    /// An output is of another type than `f32`.
    OutputElement {
        /// Name of the tensor.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// One output holds boxes and scores of all places in columns (YOLOv8, YOLO11: `[1, 4 + classes, places]`).
    BoxesInColumns {
        /// Name of the tensor.
        tensor: String,
        /// Number of classes, by its size.
        classes: u64,
    },
    /// One output holds boxes, an object score and class scores in rows (YOLOv5: `[1, places, 5 + classes]`).
    BoxesAndScoresInRows {
        /// Name of the tensor.
        tensor: String,
        /// Columns.
        columns: u64,
    },
    /// One output holds finished boxes with score and class (`[1, n, 6]`).
    FinishedBoxes {
        /// Name of the tensor.
        tensor: String,
    },
    /// Scores outside 0..1: they have not gone through a sigmoid.
    ScoresAreLogits {
        /// Least score seen.
        least: f32,
        /// Greatest score seen.
        greatest: f32,
    },
    /// Boxes are shares of the picture, not pixels.
    BoxesAreShares {
        /// Greatest coordinate seen.
        greatest: f32,
    },
    /// Right lies left of left, or bottom above top, too often: middle and size, not corners.
    BoxesAreNotCorners {
        /// Share of the boxes, 0..1.
        share: f32,
    },
    /// An output has values that are no numbers.
    NotFinite {
        /// Name of the tensor.
        tensor: String,
    },
    /// The best score is much better with values of 0..1.
    WantsUnitRange {
        /// Best score with values of 0..255.
        bytes: f32,
        /// Best score with values of 0..1.
        unit: f32,
    },
    /// No picture changes the scores.
    SameForEverything,
    /// It does not run.
    DoesNotRun {
        /// What the runtime said.
        message: String,
    },
}

/// How the model ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// Median processor time of one run, in one thread; `None` where it does not run.
    pub median_run: Option<Duration>,
}

/// The tensors that a card, or a guess from shapes, takes for boxes and scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// `[1, N, 4]`.
    pub boxes: Option<String>,
    /// `[1, N, classes]` or `[1, classes]`.
    pub scores: String,
}

impl Inspection {
    /// Opens a file with the same settings as for work.
    ///
    /// # Errors
    /// [`ModelError::Read`], or [`ModelError::Refused`] with the runtime's words.
    pub fn open(runtime: &Runtime, path: &Path) -> Result<Inspection, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let before = resident_bytes();
        let session = open_session(runtime, &bytes).map_err(|message| ModelError::Refused {
            path: path.to_path_buf(),
            message,
        })?;
        let facts = |outlets: &[Outlet]| outlets.iter().map(fact_of).collect();
        let mut inspection = Inspection {
            path: path.to_path_buf(),
            sha256: hex::encode(Sha256::digest(&bytes)),
            inputs: facts(session.inputs()),
            outputs: facts(session.outputs()),
            session,
            session_bytes: None,
        };
        if let Some([height, width]) = inspection.picture_size() {
            // Only the memory is looked at; what goes wrong is told by the trial.
            let _ = inspection.run(&vec![114.0; 3 * height * width], [height, width]);
        }
        inspection.session_bytes = before
            .zip(resident_bytes())
            .map(|(before, after)| after.saturating_sub(before));
        Ok(inspection)
    }

    /// Height and width where the one input is `f32` `[1, 3, height, width]` of known size.
    pub fn picture_size(&self) -> Option<[usize; 2]> {
        let [input] = self.inputs.as_slice() else {
            return None;
        };
        let size = |size: Option<u64>| usize::try_from(size?).ok();
        match (input.element.as_str(), input.sizes.as_slice()) {
            ("f32", [Some(1), Some(3), height, width]) => Some([size(*height)?, size(*width)?]),
            _ => None,
        }
    }

    /// What the declared tensors tell.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        match self.inputs.as_slice() {
            [input] => found.extend(input_finding(input)),
            inputs => found.push(Finding::InputCount { found: inputs.len() }),
        }
        for tensor in self.inputs.iter().chain(&self.outputs) {
            if tensor.sizes.contains(&None) {
                found.push(Finding::OpenSizes {
                    tensor: tensor.name.clone(),
                    sizes: tensor.sizes.clone(),
                });
            }
        }
        for output in &self.outputs {
            if output.element != "f32" {
                found.push(Finding::OutputElement {
                    tensor: output.name.clone(),
                    found: output.element.clone(),
                });
            }
        }
        found.extend(self.one_tensor_layout());
        found
    }

    /// The layouts of well-known detectors that put everything into one tensor.
    fn one_tensor_layout(&self) -> Option<Finding> {
        let [output] = self.outputs.as_slice() else {
            return None;
        };
        let [Some(1), Some(rows), Some(columns)] = output.sizes[..] else {
            return None;
        };
        let tensor = output.name.clone();
        match (rows, columns) {
            (1..=1000, 6) => Some(Finding::FinishedBoxes { tensor }),
            (5..=1024, _) if columns > rows => Some(Finding::BoxesInColumns {
                tensor,
                classes: rows - 4,
            }),
            (_, 6..) if rows > columns => Some(Finding::BoxesAndScoresInRows { tensor, columns }),
            _ => None,
        }
    }

    /// Boxes and scores by their shapes.
    pub fn guessed_roles(&self) -> Option<Roles> {
        let boxes = self
            .outputs
            .iter()
            .find(|it| matches!(it.sizes[..], [_, _, Some(4)]));
        let fits = |it: &&TensorFact| match (boxes, &it.sizes[..]) {
            (Some(boxes), [_, rows, _]) => it.name != boxes.name && *rows == boxes.sizes[1],
            (None, [Some(1), Some(_)]) => true,
            _ => false,
        };
        Some(Roles {
            scores: self.outputs.iter().find(fits)?.name.clone(),
            boxes: boxes.map(|it| it.name.clone()),
        })
    }

    /// Runs the model on pictures of its size, RGB row by row, and looks at what comes out.
    pub fn try_out(&mut self, roles: &Roles, pictures: &[Vec<u8>]) -> Trial {
        let mut seen = Seen::default();
        let Some(size) = self.picture_size() else {
            return Trial {
                findings: Vec::new(),
                median_run: None,
            };
        };
        let mut times = Vec::new();
        let mut best_of_unit = f32::NEG_INFINITY;
        for picture in pictures {
            let bytes = planes(picture, size, 1.0);
            let start = processor_time();
            let outputs = match self.run(&bytes, size) {
                Ok(outputs) => outputs,
                Err(message) => {
                    return Trial {
                        findings: vec![Finding::DoesNotRun { message }],
                        median_run: None,
                    };
                }
            };
            times.push(processor_time().saturating_sub(start));
            seen.add(roles, &outputs);
            let unit = planes(picture, size, 1.0 / 255.0);
            if let Ok(outputs) = self.run(&unit, size) {
                best_of_unit = outputs
                    .iter()
                    .filter(|(name, _)| *name == roles.scores)
                    .flat_map(|(_, values)| values)
                    .copied()
                    .fold(best_of_unit, f32::max);
            }
        }
        let grey = vec![114.0; 3 * size[0] * size[1]];
        while times.len() < TIMED_RUNS {
            let start = processor_time();
            if self.run(&grey, size).is_err() {
                break;
            }
            times.push(processor_time().saturating_sub(start));
        }
        times.sort();
        Trial {
            findings: seen.findings(roles, best_of_unit),
            median_run: times.get(times.len() / 2).copied(),
        }
    }

    /// All outputs of `f32`.
    fn run(
        &mut self,
        values: &[f32],
        [height, width]: [usize; 2],
    ) -> Result<Vec<(String, Vec<f32>)>, String> {
        let name = self.inputs.first().map_or("", |input| input.name.as_str());
        let input =
            TensorRef::from_array_view(([1, 3, height, width], values)).map_err(|it| it.to_string())?;
        let outputs = self
            .session
            .run(ort::inputs![name => input])
            .map_err(|it| it.to_string())?;
        let values = outputs.iter().filter_map(|(name, value)| {
            let (_, values) = value.try_extract_tensor::<f32>().ok()?;
            Some((name.to_owned(), values.to_vec()))
        });
        Ok(values.collect())
    }
}

impl Roles {
    /// As a card names them; `None` for a change model.
    pub fn of(card: &Card) -> Option<Roles> {
        Some(Roles {
            boxes: card.outputs.boxes.clone(),
            scores: card.outputs.scores.clone()?,
        })
    }
}

fn input_finding(input: &TensorFact) -> Option<Finding> {
    let sizes = input.sizes.clone();
    match input.sizes[..] {
        _ if input.element != "f32" => Some(Finding::InputElement {
            found: input.element.clone(),
        }),
        [_, Some(3) | None, _, _] => None,
        [_, _, _, Some(3)] => Some(Finding::ChannelsLast { sizes }),
        _ => Some(Finding::InputShape { sizes }),
    }
}

fn fact_of(outlet: &Outlet) -> TensorFact {
    let (element, sizes) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let element = match ty {
                TensorElementType::Float32 => "f32".to_owned(),
                other => other.to_string(),
            };
            (
                element,
                shape.iter().map(|&size| u64::try_from(size).ok()).collect(),
            )
        }
        other => (other.to_string(), Vec::new()),
    };
    TensorFact {
        name: outlet.name().to_owned(),
        element,
        sizes,
    }
}

/// RGB bytes row by row as planes of `f32`.
fn planes(picture: &[u8], [height, width]: [usize; 2], factor: f32) -> Vec<f32> {
    let pixels = height * width;
    let mut values = vec![0.0; 3 * pixels];
    for (index, pixel) in picture.chunks_exact(3).take(pixels).enumerate() {
        for (channel, value) in pixel.iter().enumerate() {
            values[channel * pixels + index] = f32::from(*value) * factor;
        }
    }
    values
}

/// Time that this thread was on a processor (first field of `schedstat`, nanoseconds): other programs do not lengthen
/// it. The wall clock where the system does not tell.
fn processor_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = schedstat
        .as_deref()
        .and_then(|text| text.split_whitespace().next());
    match first.and_then(|nanoseconds| nanoseconds.parse().ok()) {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.get_or_init(Instant::now).elapsed(),
    }
}

/// Resident memory of this process (field 2 of `/proc/self/statm`, pages of 4 KiB).
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
