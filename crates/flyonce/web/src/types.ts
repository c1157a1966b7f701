// The shapes of the HTTP API, by hand from its contract. Times are RFC 3339, lengths metres,
// angles degrees, pixels refer to the photo as taken (not to the derived image).

/** A text in both languages, written by the server. */
export interface Bilingual { zh: string; en: string }

export interface Health {
  status: string;
  version: string;
  schema_version: number | string;
  data_folder: string;
  model: { name: string; sha256: string; loaded: boolean } | null;
  listening_on: string;
  accounts: boolean;
  simulated_photos: number;
  now: string;
}

export interface Matter {
  code: string;
  name: Bilingual;
  classes: string[];
  recipients: string[];
  review_policy: "joint" | "two_step";
  /** Title or address of the handling guide. */
  guide?: string | null;
}
export interface ClassInfo { id: string; name: Bilingual; colour: string }
export interface Reason { code: string; name: Bilingual }
export interface DecisionInfo { code: DecisionCode; name: Bilingual; reason_required: boolean }
export interface Catalogue {
  matters: Matter[];
  classes: ClassInfo[];
  false_alarm_reasons: Reason[];
  decisions: DecisionInfo[];
}

export const LEAD_STATES = [
  "candidate", "second_review", "confirmed", "false_alarm", "known_stock", "fly_again",
] as const;
export type LeadState = (typeof LEAD_STATES)[number];
export type DecisionCode = "confirm" | "false_alarm" | "known_stock" | "fly_again";
export type Counts = Record<LeadState, number>;

export interface Ellipse {
  semi_major_m: number;
  semi_minor_m: number;
  /** Direction of the major axis, clockwise from north. */
  azimuth_deg: number;
  confidence: number;
}
export interface Place { longitude_deg: number; latitude_deg: number; ellipse: Ellipse }

export interface LeadSummary {
  lead_id: string;
  lead_no: string | number;
  state: LeadState;
  matter_code: string;
  class: string;
  score: number;
  priority: number;
  n_photos: number;
  /** null: the place could not be worked out. */
  place: Place | null;
  first_seen_at: string | null;
  last_seen_at: string | null;
  /** null: no detection of it has a picture. */
  crop_url: string | null;
  simulated: boolean;
}

export type BoxPx = [x0: number, y0: number, x1: number, y1: number];

export interface View {
  detection_id: string;
  photo_id: string;
  sha256: string;
  score: number;
  box_px: BoxPx;
  image_width_px: number;
  image_height_px: number;
  captured_at: string | null;
  gsd_cm: number | null;
  image_url: string;
  crop_url: string;
  place: Place | null;
}
export interface LeadEvent {
  seq: number;
  at: string;
  actor: string;
  role: string;
  from: string | null;
  /** null: the event moved nothing. */
  to: string | null;
  kind: string;
  reason: string | null;
  note: string | null;
  hash: string;
  /** null: the first record of the chain. */
  prev_hash: string | null;
}
export interface LeadDetail extends LeadSummary {
  views: View[];
  assumptions: Bilingual[];
  model: { name: string; sha256: string; threshold: number | null } | null;
  events: LeadEvent[];
  ellipse_outline: [number, number][] | null;
}
export interface LeadPage {
  leads: LeadSummary[];
  total: number;
  counts: Counts;
  next: string | null;
}
export interface LeadQuery {
  state?: LeadState;
  class?: string;
  matter?: string;
  limit?: number;
  after?: string;
}
export interface DecisionRequest {
  decision: DecisionCode | "undo";
  actor: string;
  reason?: string;
  note?: string;
  expected_state?: LeadState;
}

export interface Photo {
  photo_id: string;
  /** The flight it was taken on, or the import it came with. */
  sortie_id: string;
  sha256: string;
  names: string[];
  captured_at: string | null;
  state: string;
  pose_usable: boolean;
  problem: Bilingual | null;
  width_px: number;
  height_px: number;
  gsd_cm: number | null;
  camera: string | null;
  n_detections: number;
  simulated: boolean;
  image_url: string;
  thumbnail_url: string;
}
export interface PhotoPage { photos: Photo[]; total: number; next: string | null }
export interface PhotoDetection {
  detection_id: string;
  class: string;
  score: number;
  box_px: BoxPx;
  lead_id: string | null;
}

export interface LayerInfo { name: string; version: string; role: string }

export interface LeadMoved { lead_id: string; state: LeadState | null; seq: number }
export interface Progress { looked_at: number; total: number }
