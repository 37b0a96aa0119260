/**
 * Draws parts, boards and surfaces with defects, for the benchmark of verdicts. All of it is drawn here from
 * random numbers: no picture of anybody is copied.
 */
import sharp from 'sharp';
import type { Random } from '../../lambdas/vision/fitting/random.ts';

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** SVG of what a normal picture shows; every call draws another picture of the same kind. */
  draw(random: Random): { readonly body: string; readonly turned?: string };
  /** Multiplies a pixel's light; every call gives another illumination. */
  light?(random: Random): (x: number, y: number) => number;
  /** Deviation of the noise of a pixel, in steps of 256. */
  readonly noise: number;
}

export const between = (random: Random, least: number, most: number): number =>
  least + (most - least) * random.next();

export const grey = (level: number): string => {
  const byte = Math.round(Math.min(255, Math.max(0, level)));
  return `rgb(${byte},${byte},${byte})`;
};

/** A cover plate with holes, slots and ribs, always in the same place, or turned by any angle. */
export function plate(turns: boolean, width = 400, height = 300): Scene {
  const [x, y] = [width / 2, height / 2];
  return {
    width,
    height,
    noise: 5,
    draw(random) {
      const tone = between(random, 150, 175);
      const shift = `translate(${between(random, -1.5, 1.5)},${between(random, -1.5, 1.5)})`;
      const holes = [0, 1, 2, 3, 4, 5].map((at) => {
        const angle = (at * Math.PI) / 3;
        return (
          `<circle cx="${x + 88 * Math.cos(angle)}" cy="${y + 88 * Math.sin(angle)}" r="12" fill="${grey(40)}"/>` +
          `<circle cx="${x + 88 * Math.cos(angle)}" cy="${y + 88 * Math.sin(angle)}" r="17" ` +
          `fill="none" stroke="${grey(tone + 30)}" stroke-width="4"/>`
        );
      });
      const ribs = [-36, -12, 12, 36].map(
        (at) =>
          `<rect x="${x - 40}" y="${y + at - 4}" width="80" height="8" rx="4" fill="${grey(tone - 45)}"/>`,
      );
      const turned = `${shift} ${turns ? `rotate(${between(random, 0, 360)},${x},${y})` : ''}`;
      return {
        body:
          `<rect width="${width}" height="${height}" fill="${grey(between(random, 62, 72))}"/>` +
          `<g transform="${turned}"><circle cx="${x}" cy="${y}" r="128" fill="${grey(tone)}"/>` +
          `<rect x="${x + 112}" y="${y - 14}" width="24" height="28" fill="${grey(tone - 20)}"/>` +
          `${holes.join('')}${ribs.join('')}</g>`,
        turned,
      };
    },
  };
}

/** The same plate under a lamp that stands elsewhere in every picture, with the shadow of something. */
export const unevenly = (scene: Scene): Scene => ({
  ...scene,
  light(random) {
    const angle = between(random, 0, 2 * Math.PI);
    const strength = between(random, 0.15, 0.4);
    const [cx, cy] = [between(random, 0, scene.width), between(random, 0, scene.height)];
    const reach = between(random, 0.3, 0.7) * scene.width;
    const glow = between(random, -0.25, 0.3);
    return (x, y) =>
      1 +
      strength * (Math.cos(angle) * (x / scene.width - 0.5) + Math.sin(angle) * (y / scene.height - 0.5)) +
      glow * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * reach * reach));
  },
});

/** A surface of short strokes, no two alike and nothing in a place of its own. */
export const surface = (width = 400, height = 300): Scene => ({
  width,
  height,
  noise: 6,
  draw(random) {
    const base = between(random, 115, 135);
    const strokes = Array.from({ length: 900 }, () => {
      const [x, y] = [between(random, -20, width), between(random, -20, height)];
      const angle = between(random, -0.35, 0.35);
      const length = between(random, 6, 30);
      return (
        `<line x1="${x}" y1="${y}" x2="${x + length * Math.cos(angle)}" y2="${y + length * Math.sin(angle)}" ` +
        `stroke="${grey(base + 22 * random.normal())}" stroke-width="${between(random, 0.7, 2.4)}"/>`
      );
    });
    return {
      body: `<rect width="${width}" height="${height}" fill="${grey(base)}"/>${strokes.join('')}`,
    };
  },
});

/** A populated board: many small things, each board of other tolerances, in one of two orientations. */
export function board(width: number, height: number, layout: Random): Scene {
  const pitch = 56;
  const cells: { x: number; y: number; kind: number }[] = [];
  for (let y = pitch; y < height - pitch; y += pitch)
    for (let x = pitch; x < width - pitch; x += pitch) cells.push({ x, y, kind: layout.below(4) });
  return {
    width,
    height,
    noise: 5,
    draw(random) {
      const parts = cells.map(({ x, y, kind }) => {
        const [dx, dy] = [x + between(random, -1.5, 1.5), y + between(random, -1.5, 1.5)];
        const tone = between(random, 0, 18);
        if (kind === 0)
          return (
            `<rect x="${dx - 16}" y="${dy - 11}" width="32" height="22" fill="${grey(30 + tone)}"/>` +
            [-12, -4, 4, 12]
              .map(
                (pin) =>
                  `<rect x="${dx + pin - 2}" y="${dy - 16}" width="4" height="32" fill="${grey(190)}"/>`,
              )
              .join('') +
            `<rect x="${dx - 16}" y="${dy - 9}" width="32" height="18" fill="${grey(36 + tone)}"/>`
          );
        if (kind === 1)
          return (
            `<rect x="${dx - 12}" y="${dy - 6}" width="24" height="12" fill="${grey(205 - tone)}"/>` +
            `<rect x="${dx - 7}" y="${dy - 6}" width="14" height="12" fill="rgb(${120 + tone},90,60)"/>`
          );
        if (kind === 2)
          return (
            `<circle cx="${dx}" cy="${dy}" r="11" fill="rgb(190,${150 + tone},80)"/>` +
            `<circle cx="${dx}" cy="${dy}" r="5" fill="${grey(35)}"/>`
          );
        return `<line x1="${dx - 24}" y1="${dy}" x2="${dx + 24}" y2="${dy + 10}" stroke="rgb(40,${130 + tone},70)" stroke-width="5"/>`;
      });
      return {
        body:
          `<rect width="${width}" height="${height}" fill="rgb(22,${between(random, 78, 92)},48)"/>` +
          parts.join(''),
      };
    },
  };
}

export interface DefectType {
  readonly name: string;
  readonly colour: string;
  /** @param scale its extent in pixels, about @returns SVG in the paint given */
  draw(x: number, y: number, scale: number, random: Random): (paint?: string) => string;
}

const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

function wander(x: number, y: number, scale: number, bends: number, jag: number, random: Random) {
  const angle = between(random, 0, Math.PI);
  return Array.from({ length: bends + 1 }, (_, at) => {
    const along = (at / bends - 0.5) * scale;
    const across = jag * scale * (random.next() - 0.5);
    return [
      x + along * Math.cos(angle) - across * Math.sin(angle),
      y + along * Math.sin(angle) + across * Math.cos(angle),
    ] as const;
  });
}

export const defectTypes = {
  scratch: {
    name: 'scratch',
    colour: '#23A436',
    draw: (x, y, scale, random) => {
      const line = path(wander(x, y, scale * 1.6, 3, 0.1, random));
      const width = Math.max(1.5, scale / 14);
      return (paint = grey(225)) =>
        `<path d="${line}" fill="none" stroke="${paint}" stroke-width="${width}"/>`;
    },
  },
  spot: {
    name: 'spot',
    colour: '#0000FF',
    draw:
      (x, y, scale, random, [rx, ry] = [between(random, 0.3, 0.5), between(random, 0.3, 0.5)]) =>
      (paint = grey(70)) =>
        `<ellipse cx="${x}" cy="${y}" rx="${rx * scale}" ry="${ry * scale}" fill="${paint}"/>`,
  },
  crack: {
    name: 'crack',
    colour: '#FF8000',
    draw: (x, y, scale, random) => {
      const line = path(wander(x, y, scale * 1.4, 9, 0.35, random));
      const width = Math.max(1.5, scale / 18);
      return (paint = grey(25)) =>
        `<path d="${line}" fill="none" stroke="${paint}" stroke-width="${width}"/>`;
    },
  },
  stain: {
    name: 'stain',
    colour: '#A020F0',
    draw: (x, y, scale, random) => {
      const blobs = Array.from({ length: 5 }, () => ({
        x: x + scale * 0.35 * random.normal(),
        y: y + scale * 0.35 * random.normal(),
        r: scale * between(random, 0.2, 0.4),
      }));
      return (paint) =>
        `<g${paint === undefined ? ' opacity="0.4"' : ''} fill="${paint ?? 'rgb(120,85,40)'}">` +
        `${blobs.map((blob) => `<circle cx="${blob.x}" cy="${blob.y}" r="${blob.r}"/>`).join('')}</g>`;
    },
  },
  patch: {
    name: 'patch',
    colour: '#C0C000',
    draw: (x, y, scale, random) => {
      const angle = between(random, 0, 90);
      return (paint = grey(140)) =>
        `<rect x="${x - scale * 0.45}" y="${y - scale * 0.3}" width="${scale * 0.9}" height="${scale * 0.6}" ` +
        `transform="rotate(${angle},${x},${y})" fill="${paint}"/>`;
    },
  },
} as const satisfies Readonly<Record<string, DefectType>>;

export interface Drawn {
  readonly picture: Uint8Array;
  readonly mask: Uint8Array;
}

/**
 * @param defect what it shows beside the scene, how large, and how far from the middle, as a share of the
 *   height
 */
export async function drawPicture(
  scene: Scene,
  random: Random,
  defect?: { readonly type: DefectType; readonly scale: number; readonly within: number },
): Promise<Drawn> {
  const { width, height, noise } = scene;
  const svg = (body: string, crisp = false): Buffer =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"` +
        `${crisp ? ' shape-rendering="crispEdges"' : ''}>${body}</svg>`,
    );
  const { body } = scene.draw(random);
  const light = scene.light?.(random) ?? (() => 1);
  const far = (defect?.within ?? 0) * height;
  const across = Math.min(
    width / 2 - 8,
    far * (width > height * 1.2 && far > height * 0.45 ? width / height : 1),
  );
  const shape = defect?.type.draw(
    width / 2 + between(random, -across, across) * 0.95,
    height / 2 + between(random, -far, far) * 0.95,
    defect.scale,
    random,
  );
  const rgb = await sharp(svg(body + (shape?.() ?? '')))
    .removeAlpha()
    .raw()
    .toBuffer();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      // The sum of three is normal enough, and cheap.
      const grain = noise * 2 * (random.next() + random.next() + random.next() - 1.5);
      const factor = light(x, y);
      for (let channel = at; channel < at + 3; channel++)
        rgb[channel] = Math.min(255, Math.max(0, (rgb[channel] ?? 0) * factor + grain));
    }
  }
  return {
    picture: await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 92 })
      .toBuffer(),
    mask: await sharp(svg(defect === undefined ? '' : (shape?.(defect.type.colour) ?? ''), true))
      .png()
      .toBuffer(),
  };
}
