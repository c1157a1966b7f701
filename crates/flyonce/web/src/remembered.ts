// Small settings kept in this browser. A browser that refuses storage only forgets them.

export const remembered = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(`flyonce.${key}`);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(`flyonce.${key}`, value);
    } catch {
      // Nothing to do: the setting lasts until the page is closed.
    }
  },
};
