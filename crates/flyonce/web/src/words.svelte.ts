// The language of the page and the names of things in it; the store is built on this.
import { isWordKey, preferredLang, translate, type Lang, type WordKey } from "./i18n";
import { remembered } from "./remembered";
import type { Bilingual, Catalogue } from "./types";

export class Words {
  lang = $state<Lang>(preferredLang(remembered.get("lang"), navigator.languages));
  catalogue = $state.raw<Catalogue | null>(null);

  t = (key: WordKey, values: Record<string, string | number> = {}): string =>
    translate(this.lang, key, values);
  pick = (text: Bilingual): string => text[this.lang];
  /** Words for a state code; a code this page does not know is shown as it is. */
  stateName = (state: string): string => this.word("state", state);
  /** Words for a code of a kind, as in word("fleet.lid", "open"); an unknown code is shown as it is. */
  word = (kind: string, code: string): string => {
    const key = `${kind}.${code}`;
    return isWordKey(key) ? this.t(key) : code;
  };
  className = (id: string): string => {
    const found = this.catalogue?.classes.find((c) => c.id === id);
    return found ? this.pick(found.name) : id;
  };
  classColour = (id: string): string =>
    this.catalogue?.classes.find((c) => c.id === id)?.colour ?? "#888888";

  setLang(lang: Lang): void {
    this.lang = lang;
    remembered.set("lang", lang);
  }
}
