// Test charts: pictures with a colour in every corner, one along all sides, and one of their own inside. So it can be seen of
// one that is drawn whether all of it is there, in its right shape, and which it is.
import assert from 'node:assert/strict';
import { PATIENCE, pixels, shapes, until, uploads } from './lib.mjs';
import { GRID } from './views.mjs';

export const THUMBNAIL = [150, 100];
export const AVATAR = [400, 400];
export const BACKGROUND = [26, 26, 26];
export const TOLERANCE = 24; // of 255, for what JPEG and movies do to colours

export const far = (color, other) => Math.max(...color.map((part, at) => Math.abs(part - other[at])));

// What is to be seen of a chart in the place that its canvas has on the screen: points, and their colours.
export function marks({ size, corners, sides, inside, isHollow }, place, canvas) {
  const scale = [place.width / canvas[0], place.height / canvas[1]];
  const fit = Math.min(canvas[0] / size[0], canvas[1] / size[1]);
  const [width, height] = size.map((side, axis) => side * fit * scale[axis]);
  const [left, top] = [place.left + (place.width - width) / 2, place.top + (place.height - height) / 2];
  // Points keep off the edges: pixels of the texture lie across them, and those of a small picture are blurred.
  const [dx, dy] = scale.map((by) => Math.max(2 * by, fit * by, 1.2));
  const tolerance = fit > 1 ? 2 * TOLERANCE : TOLERANCE; // what is made larger rings
  const found = [];
  const add = (what, x, y, color) => found.push({ what, at: [left + x, top + y], color, tolerance });
  corners.forEach((color, corner) => {
    const name = ['top left', 'top right', 'bottom left', 'bottom right'][corner];
    const point = (what, x, y, color) => add(`${what} ${name}`, corner % 2 ? width - x : x, corner < 2 ? y : height - y, color);
    point('outermost', dx, dy, color);
    point('deep in', width / 5, height / 5, color);
    point('inner end of', width / 4 - dx, dy, color);
    point('beside', width / 4 + dx, dy, sides);
    point('lower end of', dx, height / 4 - dy, color);
    point('below', dx, height / 4 + dy, sides);
    point('within', width / 4 + dx, height / 5, isHollow ? BACKGROUND : inside);
    if (left - place.left > 2 * dx) point('left of', -dx, dy, BACKGROUND);
    if (top - place.top > 2 * dy) point('above', dx, -dy, BACKGROUND);
  });
  const across = [['left', dx, height / 2], ['right', width - dx, height / 2], ['top', width / 2, dy], ['bottom', width / 2, height - dy]];
  for (const [name, x, y] of across) add(`side ${name}`, x, y, sides);
  add('middle', width / 2, height / 2, inside);
  return found;
}

// A face is shown through a round hole, with the thumbnail behind it.
const inCircle = ({ left, top, width, height }) => ({ at: [x, y], color }) =>
  color !== BACKGROUND && Math.hypot(x - left - width / 2, y - top - height / 2) < width / 2 - 1.5;

// The same mark under what is drawn over it, such as the bar of a label: what shines through differs by less.
function under(mark, covers) {
  const [x, y] = mark.at;
  const over = covers.filter(({ left, top, width, height }) => x >= left && x < left + width && y >= top && y < top + height);
  return over.reduce((below, { color: [red, green, blue, alpha] }) => ({
    ...below,
    color: below.color.map((part, at) => part * (1 - alpha) + 255 * [red, green, blue][at] * alpha),
    tolerance: Math.max(6, below.tolerance * (1 - alpha)),
  }), mark);
}

// At the edge of a bar, or under the frame around what is chosen, a point says nothing.
const isAtEdge = ([x, y]) => ({ kind, left, top, width, height }) => {
  const near = kind === 'frame' ? 4 : 1.5;
  const inside = Math.min(x - left, left + width - x, y - top, top + height - y);
  return Math.abs(inside) < near;
};

// Only pictures and bars: the page's texts are on a canvas of their own.
async function pixelsOfGrid(page, points) {
  const texts = page.locator(`#${GRID}-text`);
  await texts.evaluate((canvas) => { canvas.style.opacity = 0; });
  const found = await pixels(page, GRID, points);
  await texts.evaluate((canvas) => { canvas.style.opacity = ''; });
  return found.at;
}

// What of the pictures of a bundle is not as it should be.
async function faults(page, bundle, wanted) {
  const drawn = await shapes(page, GRID);
  const [covers, edged] = [['rect'], ['rect', 'frame']].map((kinds) => drawn.filter(({ kind }) => kinds.includes(kind)));
  const places = drawn.filter((shape) => shape.kind === 'image' && shape.bundle === bundle);
  const charts = places.map((place) => ({ place, ...wanted(place, drawn) })).filter(({ chart }) => chart);
  const points = charts.flatMap(({ place, name, chart }) => {
    const all = bundle ? marks(chart, place, AVATAR).filter(inCircle(place)) : marks(chart, place, THUMBNAIL).map((mark) => under(mark, covers));
    return all.filter(({ at }) => !edged.some(isAtEdge(at))).map((mark) => ({ ...mark, name }));
  });
  const at = await pixelsOfGrid(page, points.map((point) => point.at));
  const wrong = points.map((point, index) => ({ ...point, is: at[index] })).filter(({ is, color, tolerance }) => far(is, color) > tolerance);
  const said = wrong.map(({ name, what, is, color }) => `${name}, ${what}: ${is}, not ${color.map(Math.round)}`);
  return { count: charts.length, points: points.length, wrong: said };
}

// Waits until so many pictures of a bundle are drawn whole in the grid; `wanted` gives the name and the chart of each.
export async function areWhole(page, count, bundle, wanted) {
  let found;
  const isWhole = async () => {
    found = await faults(page, bundle, wanted);
    return found.count === count && !found.wrong.length;
  };
  await until(isWhole, 'whole pictures', PATIENCE, 100).catch((error) => {
    if (!found) throw error;
    assert.fail(`${found.count} of ${count} pictures, at ${found.wrong.length} of ${found.points} points:\n${found.wrong.slice(0, 20).join('\n')}`);
  });
  const canvas = (bundle ? AVATAR : THUMBNAIL).join('x');
  const refused = (await uploads(page, GRID)).filter(({ slot, error, picture }) => slot === canvas && (error || picture !== canvas));
  assert.deepEqual(refused, [], 'pictures that do not fit');
  return `${count} pictures, ${found.points} points`;
}
