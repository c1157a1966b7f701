// MOCK vector tiles of coverage (Mapbox Vector Tile 2.1): rectangles and points only, not cut to the tile; never shipped.
const EXTENT = 4096;

const varint = (value) => {
  const bytes = [];
  for (let left = value >>> 0; ; left >>>= 7) {
    if (left < 128) return [...bytes, left];
    bytes.push((left & 127) | 128);
  }
};
const field = (number, bytes) => [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
const whole = (number, value) => [...varint(number << 3), ...varint(value)];
const text = (number, value) => field(number, [...Buffer.from(value)]);
const zigzag = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
const value = (of) => (typeof of === "string" ? text(1, of) : typeof of === "boolean" ? whole(7, Number(of)) : whole(4, of));

/** Commands of a ring, or of a point. */
function geometry(points) {
  let [x, y] = [0, 0];
  const steps = points.map(([px, py]) => {
    const step = [zigzag(px - x), zigzag(py - y)];
    [x, y] = [px, py];
    return step;
  });
  if (steps.length === 1) return [9, ...steps[0]];
  return [9, ...steps[0], ((steps.length - 1) << 3) | 2, ...steps.slice(1).flat(), 15];
}

function layer(name, features, place) {
  const [keys, values] = [[], []];
  const index = (list, item) => (list.includes(item) ? list.indexOf(item) : list.push(item) - 1);
  const made = features.map(({ at, values: own }) => {
    const tags = Object.entries(own).flatMap(([key, of]) => [index(keys, key), index(values, of)]);
    const points = at.length === 2 ? [place(at)] : [[at[0], at[3]], [at[2], at[3]], [at[2], at[1]], [at[0], at[1]]].map(place);
    return field(2, [...field(2, tags.flatMap(varint)), ...whole(3, at.length === 2 ? 1 : 3), ...field(4, geometry(points).flatMap(varint))]);
  });
  return field(3, [...text(1, name), ...made.flat(), ...keys.flatMap((key) => text(3, key)), ...values.flatMap((of) => field(4, value(of))), ...whole(5, EXTENT), ...whole(15, 2)]);
}

/** A tile of layers; `at` of a feature is [west, south, east, north] or [longitude, latitude]. */
export function mockTile([z, x, y], layers) {
  const tiles = 2 ** z;
  const place = ([longitude, latitude]) => [
    Math.round((((longitude + 180) / 360) * tiles - x) * EXTENT),
    Math.round((((1 - Math.asinh(Math.tan((latitude * Math.PI) / 180)) / Math.PI) / 2) * tiles - y) * EXTENT),
  ];
  return Buffer.from(Object.entries(layers).flatMap(([name, features]) => layer(name, features, place)));
}
