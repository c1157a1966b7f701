//! What a model card promises against what the ONNX file has.

use std::fmt;

use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};

use crate::card::{Card, Task};

/// One point in which an ONNX file does not keep its card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The input is missing or goes by another name.
    #[error("the card says the input is \"{card}\", the file has {}", names(.file))]
    InputName {
        /// Name on the card.
        card: String,
        /// Names in the file.
        file: Vec<String>,
    },
    /// The file needs inputs the card does not speak of.
    #[error("the card says there is one input, the file has {}", names(.file))]
    MoreInputs {
        /// Names in the file.
        file: Vec<String>,
    },
    /// An output is missing or goes by another name.
    #[error("the card says there is an output \"{card}\", the file has {}", names(.file))]
    OutputName {
        /// Name on the card.
        card: String,
        /// Names in the file.
        file: Vec<String>,
    },
    /// A tensor has another type of number.
    #[error("\"{tensor}\" must be of f32, the file has {file}")]
    ElementType {
        /// Name of the tensor.
        tensor: String,
        /// Type in the file.
        file: String,
    },
    /// A tensor has another shape; `?` stands for a size that is only known when the model runs.
    #[error("the card says \"{tensor}\" has the shape {card}, the file has {file}")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Shape by the card.
        card: String,
        /// Shape in the file.
        file: String,
    },
    /// The score tensor has another number of columns than the card has classes.
    #[error("the card lists {card} classes, the score tensor \"{tensor}\" of the file has {file} columns")]
    ClassCount {
        /// Name of the tensor.
        tensor: String,
        /// Number of classes on the card.
        card: usize,
        /// Columns in the file.
        file: i64,
    },
}

/// An output as the card promises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Promised {
    /// Name of the tensor.
    pub(crate) name: String,
    /// Its sizes; [`OPEN`] where any will do.
    sizes: Vec<i64>,
    /// Axis along which the classes of the card lie.
    class_axis: Option<usize>,
}

/// The outputs that a card promises; a name that its task needs and the card lacks is left out, which
/// [`Card::read`] does not let through.
pub(crate) fn promised_outputs(card: &Card) -> Vec<Promised> {
    let classes = i64::try_from(card.classes.len()).unwrap_or(i64::MAX);
    let (outputs, input) = (&card.outputs, &card.input);
    let promised = |name: &String, sizes: Vec<i64>, class_axis| Promised {
        name: name.clone(),
        sizes,
        class_axis,
    };
    let boxes = outputs
        .boxes
        .iter()
        .map(|name| promised(name, vec![1, OPEN, 4], None));
    let scores = outputs.scores.iter().map(|name| match card.task {
        Task::TileClassifier => promised(name, vec![1, classes], Some(1)),
        Task::Detector | Task::Change => promised(name, vec![1, OPEN, classes], Some(2)),
    });
    let maps = outputs
        .features
        .iter()
        .zip(&outputs.strides)
        .map(|(name, stride)| {
            let cells = |px: u32| i64::from(px.checked_div(*stride).unwrap_or(0));
            promised(
                name,
                vec![1, OPEN, cells(input.height_px), cells(input.width_px)],
                None,
            )
        });
    boxes.chain(scores).chain(maps).collect()
}

impl Promised {
    /// Checks the shape of this output, declared or real.
    pub(crate) fn fits(&self, shape: &[i64]) -> Result<(), Mismatch> {
        if let Some(axis) = self.class_axis
            && shape.len() == self.sizes.len()
            && shape[axis] != OPEN
            && shape[axis] != self.sizes[axis]
        {
            return Err(Mismatch::ClassCount {
                tensor: self.name.clone(),
                card: usize::try_from(self.sizes[axis]).unwrap_or(usize::MAX),
                file: shape[axis],
            });
        }
        fits(&self.name, shape, &self.sizes)
    }
}

/// Every point in which the declared inputs and outputs of `session` differ from the card. Sizes that the file
/// leaves open are accepted here and checked on the first run.
pub(crate) fn mismatches(session: &Session, card: &Card) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let names = |outlets: &[Outlet]| outlets.iter().map(|o| o.name().to_owned()).collect::<Vec<_>>();
    let (inputs, outputs) = (session.inputs(), session.outputs());
    let input = &card.input;
    match inputs.iter().find(|outlet| outlet.name() == input.name) {
        None => found.push(Mismatch::InputName {
            card: input.name.clone(),
            file: names(inputs),
        }),
        Some(_) if inputs.len() > 1 => found.push(Mismatch::MoreInputs { file: names(inputs) }),
        Some(outlet) => {
            let wanted = [1, 3, i64::from(input.height_px), i64::from(input.width_px)];
            found.extend(
                shape_of(outlet)
                    .and_then(|shape| fits(&input.name, &shape, &wanted))
                    .err(),
            );
        }
    }
    for promised in promised_outputs(card) {
        let Some(outlet) = outputs.iter().find(|outlet| outlet.name() == promised.name) else {
            found.push(Mismatch::OutputName {
                card: promised.name,
                file: names(outputs),
            });
            continue;
        };
        found.extend(shape_of(outlet).and_then(|shape| promised.fits(&shape)).err());
    }
    found
}

/// ONNX Runtime's mark of a size that is only known when the model runs.
const OPEN: i64 = -1;

fn fits(tensor: &str, file: &[i64], card: &[i64]) -> Result<(), Mismatch> {
    let same = file.len() == card.len()
        && file
            .iter()
            .zip(card)
            .all(|(file, card)| file == card || *file == OPEN || *card == OPEN);
    if same {
        return Ok(());
    }
    let tensor = tensor.to_owned();
    Err(Mismatch::Shape {
        tensor,
        card: Sizes(card).to_string(),
        file: Sizes(file).to_string(),
    })
}

fn shape_of(outlet: &Outlet) -> Result<Vec<i64>, Mismatch> {
    match outlet.dtype() {
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape,
            ..
        } => Ok(shape.to_vec()),
        other => Err(Mismatch::ElementType {
            tensor: outlet.name().to_owned(),
            file: other.to_string(),
        }),
    }
}

struct Sizes<'s>(&'s [i64]);

impl fmt::Display for Sizes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |size: &i64| {
            if *size == OPEN {
                "?".to_owned()
            } else {
                size.to_string()
            }
        };
        write!(f, "[{}]", self.0.iter().map(size).collect::<Vec<_>>().join(", "))
    }
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ")
}
