// Pure rules of the review queue: what a decision leads to and which lead comes next.
import type {
  Catalogue, Counts, DecisionCode, LeadDetail, LeadState, LeadSummary, View,
} from "./types";

const TARGET: Record<DecisionCode, LeadState> = {
  confirm: "confirmed",
  false_alarm: "false_alarm",
  known_stock: "known_stock",
  fly_again: "fly_again",
};

/** The state a decision should lead to; a first confirmation under two-step review goes to the second. */
export function expectedAfter(
  lead: LeadSummary, decision: DecisionCode, catalogue: Catalogue | null,
): LeadState {
  const matter = catalogue?.matters.find((m) => m.code === lead.matter_code);
  const first = lead.state !== "second_review" && lead.state !== "confirmed";
  if (decision === "confirm" && matter?.review_policy === "two_step" && first) return "second_review";
  return TARGET[decision];
}

/** The counts after one lead moved. */
export function movedCounts(counts: Counts, from: LeadState, to: LeadState): Counts {
  if (from === to) return counts;
  return { ...counts, [from]: Math.max(0, counts[from] - 1), [to]: counts[to] + 1 };
}

/** How many leads still wait for a person. */
export function leftToReview(counts: Counts): number {
  return counts.candidate + counts.second_review;
}

/**
 * The lead `step` places from `id`. Where `id` has left the list, `lastIndex` stands for its place,
 * so that "next" goes on from where the reviewer was. null at either end.
 */
export function neighbour(
  leads: readonly LeadSummary[], id: string | null, step: 1 | -1, lastIndex: number,
): LeadSummary | null {
  const found = leads.findIndex((lead) => lead.lead_id === id);
  if (found >= 0) return leads[found + step] ?? null;
  const index = step === 1 ? lastIndex : lastIndex - 1;
  return leads[Math.min(Math.max(index, 0), leads.length - 1)] ?? null;
}

/** The leads to fetch ahead of time: `ahead` after the current one, then the one before it. */
export function toPrefetch(
  leads: readonly LeadSummary[], id: string | null, ahead: number,
): string[] {
  const at = leads.findIndex((lead) => lead.lead_id === id);
  const wanted = leads.slice(at + 1, at + 1 + ahead).map((lead) => lead.lead_id);
  const before = at > 0 ? leads[at - 1] : undefined;
  return before ? [...wanted, before.lead_id] : wanted;
}

/** The list with `lead` back at `index`, and never twice. */
export function putBack(
  leads: readonly LeadSummary[], lead: LeadSummary, index: number,
): LeadSummary[] {
  const others = leads.filter((other) => other.lead_id !== lead.lead_id);
  return others.toSpliced(Math.min(Math.max(index, 0), others.length), 0, lead);
}

/** Index of the view to show first: the one the model was surest of. */
export function bestView(views: readonly View[]): number {
  let best = 0;
  views.forEach((view, i) => {
    if (view.score > (views[best]?.score ?? 0)) best = i;
  });
  return best;
}

/** The summary part of a detail, for the list. */
export function summaryOf(detail: LeadDetail): LeadSummary {
  const { views: _v, assumptions: _a, model: _m, events: _e, ellipse_outline: _o, ...summary } = detail;
  return summary;
}
