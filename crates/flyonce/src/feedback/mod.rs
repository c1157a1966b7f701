//! What reviewers decided, as pictures that a model can learn from: a COCO data set.
//!
//! `instances.json` beside `images/`. What plain COCO does not have stands under `flyonce`:
//!
//! | where | field | meaning |
//! |---|---|---|
//! | image | `set` | `feedback` |
//! | image | `split`, `group` | `train` or `val` (one group in five), fixed by the hash of the group; pictures of one site, of one photo, or within 80 m of one another are one group |
//! | image | `labelled_classes` | classes a reviewer judged in this picture, all others are unknown. What the model did not find was not judged |
//! | image | `negative_categories` | judged classes of which nothing is real here (also as `neg_category_ids`, as LVIS has them) |
//! | image | `rejected` | what was rejected: `category`, `bbox`, `score`, `reason`, `decided_at`, `lead_no`, `detection_id`, `model_sha256` |
//! | image | `cm_per_px` | ground per pixel; absent where the photo has no pose |
//! | image | `photo_sha256`, `photo_window_px`, `sortie_id`, `site_ids`, `captured_at`, `simulated` | where the picture comes from; `photo_window_px` is x, y, width, height in the photo |
//! | annotation | `detection_id`, `lead_no`, `decision`, `reason`, `decided_at`, `score`, `model_sha256` | what the box rests on; `decision` is the lead's state |
//!
//! Boxes (`iscrowd` 0) are detections of leads that were confirmed, are known stock, or were turned down for a reason
//! that says the thing is there (`teaches = "present"` in the catalogue: permitted, a duplicate). Rejected are those
//! turned down because it is not there. Regions to be ignored (`iscrowd` 1) are, of labelled classes, detections nobody
//! has decided on, those turned down for a reason that says nothing (`teaches = "unsure"`), those of another class than
//! their lead's, and what the edge of the picture cuts. Neither names of reviewers nor places go along, and pictures
//! carry no EXIF.

pub mod export;

mod groups;
mod instances;
mod verdict;
mod window;
