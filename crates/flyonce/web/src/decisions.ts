// Deciding on leads: shown at once, saved behind the reviewer's back, put back if saving fails.
import { ApiError, api } from "./api";
import { forgetDetail } from "./prefetch";
import { expectedAfter, summaryOf } from "./queue";
import type { Store } from "./store.svelte";
import type { DecisionCode, DecisionRequest, LeadDetail, LeadState, LeadSummary } from "./types";

interface Done { lead: LeadSummary; index: number; saved: Promise<boolean> }

export class Decisions {
  #done: Done[] = [];
  constructor(readonly store: Store) {}

  /** Decides on the current lead; asks for the reviewer's name or a reason first where one is due. */
  decide(decision: DecisionCode, reason?: string): void {
    const { store } = this;
    const lead = store.current;
    if (!lead || store.pending.has(lead.lead_id)) return;
    if (!store.actor) {
      store.overlay = { kind: "name", then: () => this.decide(decision, reason) };
      return;
    }
    const expected = expectedAfter(lead, decision, store.catalogue);
    if (expected === lead.state) {
      store.toasts.add("info", store.t("decide.already"));
      return;
    }
    const info = store.catalogue?.decisions.find((d) => d.code === decision);
    if (info?.reason_required && !reason) {
      store.overlay = { kind: "reason", decision };
      return;
    }
    store.overlay = null;
    this.#begin(lead, expected, this.#request(lead, decision, reason));
  }

  /**
   * Takes back a decision of this sitting (the last one unless `leadId` names another), or else the
   * one on the current lead.
   */
  async undo(leadId?: string): Promise<void> {
    const { store } = this;
    const at = leadId
      ? this.#done.findLastIndex((entry) => entry.lead.lead_id === leadId)
      : this.#done.length - 1;
    const done = at >= 0 ? this.#done.splice(at, 1)[0] : undefined;
    // A decision that failed to save has already been put back: go on to the one before it.
    if (done && !(await done.saved)) return this.undo();
    const lead = done?.lead ?? this.#decidedCurrent();
    if (!lead) {
      store.toasts.add("info", store.t("decide.nothingToUndo"));
      return;
    }
    if (!store.actor) {
      if (done) this.#done.push(done);
      store.overlay = { kind: "name", then: () => void this.undo() };
      return;
    }
    try {
      const detail = await api.decide(lead.lead_id, { decision: "undo", actor: store.actor });
      this.#undone(detail, done?.index ?? 0);
    } catch (error) {
      if (done) this.#done.push(done);
      store.report(error);
      store.refreshSoon();
    }
  }

  #request(lead: LeadSummary, decision: DecisionCode, reason?: string): DecisionRequest {
    const note = this.store.note.trim();
    return {
      decision,
      actor: this.store.actor,
      expected_state: lead.state,
      ...(reason ? { reason } : {}),
      ...(note ? { note } : {}),
    };
  }

  #begin(current: LeadSummary, expected: LeadState, request: DecisionRequest): void {
    const { store } = this;
    const lead = "views" in current ? summaryOf(current as LeadDetail) : current;
    store.pending.add(lead.lead_id);
    store.moveCounts(lead.state, expected);
    const index = store.leave(lead, expected === store.queueState);
    const saved = this.#save(lead, index, expected, request);
    this.#done.push({ lead, index, saved });
  }

  async #save(
    lead: LeadSummary, index: number, expected: LeadState, request: DecisionRequest,
  ): Promise<boolean> {
    const { store } = this;
    try {
      const detail = await api.decide(lead.lead_id, request);
      store.pending.delete(lead.lead_id);
      store.saved(detail);
      store.moveCounts(expected, detail.state);
      const values = { no: String(lead.lead_no), state: store.stateName(detail.state) };
      store.toasts.add("ok", store.t("decide.done", values), {
        label: store.t("decide.undo"),
        run: () => void this.undo(lead.lead_id),
      });
      return true;
    } catch (error) {
      store.pending.delete(lead.lead_id);
      if (!(error instanceof ApiError)) throw error;
      store.moveCounts(expected, lead.state);
      this.#rollBack(lead, index, error, request.note ?? "");
      return false;
    }
  }

  #rollBack(lead: LeadSummary, index: number, error: ApiError, note: string): void {
    const { store } = this;
    if (error.status === 0) void store.loadHealth();
    const values = { no: String(lead.lead_no), why: store.pick(error.text) };
    forgetDetail(lead.lead_id);
    if (error.status === 409) {
      store.toasts.add("error", store.t("decide.conflict", values));
      store.refreshSoon();
      return;
    }
    store.comeBack(lead, index);
    store.toasts.add("error", store.t("decide.failed", values), {
      label: store.t("common.show"),
      run: () => {
        store.select(lead.lead_id);
        store.note = note;
      },
    });
  }

  #undone(detail: LeadDetail, index: number): void {
    const { store } = this;
    const before = store.leads.some((lead) => lead.lead_id === detail.lead_id);
    store.saved(detail);
    store.comeBack(summaryOf(detail), index);
    if (before && detail.state !== store.queueState) store.leave(summaryOf(detail), false);
    store.section = "review";
    store.select(detail.lead_id);
    store.toasts.add("ok", store.t("decide.undone", { no: String(detail.lead_no) }));
    store.refreshSoon();
  }

  #decidedCurrent(): LeadSummary | null {
    const lead = this.store.current;
    return lead && lead.state !== "candidate" ? lead : null;
  }
}
