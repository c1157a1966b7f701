// What the address after # says, so that a lead, a dock or a photo can be bookmarked and sent to a colleague.

export type Section = "review" | "fleet" | "coverage" | "siting" | "photos";
export interface Route { section: Section; id: string | null }

export function parseRoute(hash: string): Route {
  const [name = "", id = ""] = hash.replace(/^#\/?/, "").split("/");
  const section: Section =
    name === "fleet" || name === "coverage" || name === "siting" || name === "photos" ? name : "review";
  return { section, id: decodeURIComponentSafe(id) };
}

export function formatRoute({ section, id }: Route): string {
  const name = section === "review" ? "leads" : section;
  return id ? `#/${name}/${encodeURIComponent(id)}` : `#/${name}`;
}

function decodeURIComponentSafe(text: string): string | null {
  try {
    return decodeURIComponent(text) || null;
  } catch {
    return null;
  }
}
