//! A card to begin with, for a file that has none.

use super::{Inspection, Roles};
use crate::card::Task;

const SCALE_TABLE: &str = "[scale]\nground_scale_cm_per_px = 12.5\ntrained_from_cm_per_px = 8.0\n\
                           trained_to_cm_per_px = 20.0\n\n";

const LAST_TABLES: &str = "[training]\nseed = 0\npictures_seen = 0\nminutes = 0.0\nrecipe = \"?\"\ncommand = \"?\"\n\
                           pytorch = \"?\"\n\n[[data]]\nname = \"?\"\nlicence = \"?\"\nattribution = \"?\"\n\
                           share = 1.0\n\n[limits]\nnot_trained_for = []\nnotes = \"?\"\n";

impl Inspection {
    /// A card for this file with everything that the file tells; what it cannot tell is to be filled in.
    pub fn card_template(&self) -> String {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let [height, width] = self.picture_size().unwrap_or([640, 640]);
        let input = self.inputs.first().map_or("image", |input| input.name.as_str());
        let roles = self.guessed_roles();
        let task = match &roles {
            Some(Roles { boxes: None, .. }) => Task::TileClassifier,
            _ => Task::Detector,
        };
        let scores = roles.as_ref().map_or("scores", |roles| roles.scores.as_str());
        let columns = self.outputs.iter().find(|it| it.name == scores);
        let classes = columns.and_then(|it| *it.sizes.last()?).unwrap_or(1).min(200);
        let boxes = match (&roles, task) {
            (_, Task::TileClassifier) => String::new(),
            (roles, _) => {
                let name = roles
                    .as_ref()
                    .and_then(|roles| roles.boxes.as_deref())
                    .unwrap_or("boxes");
                format!("boxes = {name:?}\nbox_format = \"xyxy_input_px\"\n")
            }
        };
        let merge = match task {
            Task::Detector => "[merge]\niou = 0.55\nmax_detections_per_tile = 300\n\n",
            Task::TileClassifier | Task::Change => "",
        };
        let class_tables: String = (0..classes)
            .map(|index| {
                format!("[[class]]\nid = \"class_{index}\"\nthreshold = 0.5\ntrained = true\nvalidation_boxes = 0\n\n")
            })
            .collect();
        let head = format!(
            "name = {stem:?}\nversion = \"1\"\ntask = \"{}\"\nfile = {file:?}\nsha256 = \"{}\"\nlicence = \"?\"\n\
             attribution = \"?\"\n\n",
            task.word(),
            self.sha256
        );
        let tensors = format!(
            "[input]\nname = {input:?}\nwidth_px = {width}\nheight_px = {height}\nchannels = \"rgb\"\n\
             range = \"0..255\"\nlayout = \"nchw\"\n\n[outputs]\n{boxes}scores = {scores:?}\n\n"
        );
        format!("{head}{tensors}{SCALE_TABLE}{merge}{class_tables}{LAST_TABLES}")
    }
}
