// The doors of flights and imports that make no coverage by a person's word.
import { apiUrl, post, send } from "../api";
import type { Restored, WithdrawalList, Withdrawn } from "./types";

/** Answers of coverage follow what people do within this time. */
export const FOLLOWS_MS = 2200;

export const withdrawalsApi = {
  list: () => send<WithdrawalList>(apiUrl(["withdrawals"])),
  withdraw: (sortie: string, actor: string, reason: string) =>
    post<Withdrawn>(apiUrl(["flights", sortie, "withdraw"]), { actor, reason }),
  restore: (sortie: string, actor: string) => post<Restored>(apiUrl(["flights", sortie, "restore"]), { actor }),
};
