// Taking flights and imports out of coverage and letting them back in: what is done and said around the doors.
import { coverage, store } from "../session";
import { withdrawalsApi } from "./withdrawals-api";

/** Takes a flight out of coverage; the message that says so can take it back. Throws ApiError. */
export async function withdraw(sortie: string, reason: string): Promise<void> {
  const made = await withdrawalsApi.withdraw(sortie, store.actor, reason);
  const said = store.t(made.new ? "withdraw.done" : "withdraw.before", { sortie, n: made.photos, by: made.by });
  store.toasts.add("ok", said, made.new ? { label: store.t("withdraw.undo"), run: () => restore(sortie) } : null);
  coverage.changed();
}

/** Lets a flight count again; asks for the reviewer's name first where nobody gave one. */
export function restore(sortie: string): void {
  if (!store.actor.trim()) {
    store.overlay = { kind: "name", then: () => restore(sortie) };
    return;
  }
  withdrawalsApi.restore(sortie, store.actor).then(
    ({ photos }) => store.toasts.add("ok", store.t("withdraw.restored", { sortie, n: photos })),
    (error: unknown) => store.report(error),
  ).finally(() => coverage.changed());
}

/** Opens the dialog that asks for the reason. */
export function askToWithdraw(sortie: string, photos: number | null): void {
  store.overlay = { kind: "withdraw", sortie, photos };
}
