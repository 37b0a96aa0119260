import sharp from 'sharp';

const { floor, imul, max, min, round } = Math;

/** A whole number of 32 bits in, the same numbers from 0 to 1 out, on every machine. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

export const defects = ['scratch', 'missing-hole', 'stain', 'chip'] as const;
export type Defect = (typeof defects)[number];

/** In masks. */
export const defectColours: Readonly<Record<Defect, string>> = {
  scratch: '#D13212',
  'missing-hole': '#1D8102',
  stain: '#0073BB',
  chip: '#EC7211',
};

export const partSize = { width: 256, height: 256 } as const;

const holes = [
  [76, 76],
  [180, 76],
  [180, 180],
  [76, 180],
] as const;

export interface Part {
  /** A JPEG. */
  readonly picture: Uint8Array;
  /** A PNG of the same size: white, and the defect in its colour. */
  readonly mask?: Uint8Array;
}

/**
 * Draws one machined plate on a conveyor, as a fixed camera sees it: light, noise and place differ a little
 * every time.
 */
export async function drawPart(random: () => number, defect?: Defect): Promise<Part> {
  const between = (least: number, most: number): number => least + (most - least) * random();
  const place = `translate(${between(-2, 2)} ${between(-2, 2)}) rotate(${between(-0.7, 0.7)} 128 128)`;
  const missing = defect === 'missing-hole' ? floor(random() * holes.length) : -1;
  const marks = defect === undefined ? '' : drawDefect[defect](between);
  const picture = await photograph(
    random,
    between,
    `<rect width="256" height="256" fill="#4c5157"/>
    <g transform="${place}">
      <rect x="36" y="40" width="190" height="190" rx="22" fill="#33373b" filter="url(#soft)"/>
      <rect x="34" y="34" width="188" height="188" rx="20" fill="url(#steel)" stroke="#8a9097"
        stroke-width="2"/>
      <circle cx="128" cy="128" r="40" fill="#969ca3"/><circle cx="128" cy="128" r="27" fill="#3a3e43"/>
      ${holes
        .filter((_, index) => index !== missing)
        .map(
          ([x, y]) =>
            `<circle cx="${x}" cy="${y}" r="12" fill="#8d939a"/><circle cx="${x}" cy="${y}" r="9" ` +
            'fill="#3a3e43"/>',
        )
        .join('')}
      ${marks}
    </g>`,
  );
  if (defect === undefined) return { picture };
  const [x, y] = holes[missing] ?? [0, 0];
  return {
    picture,
    mask: await drawMask(
      `<g transform="${place}">${missing < 0 ? marks : `<circle cx="${x}" cy="${y}" r="12"/>`}</g>`,
      defectColours[defect],
    ),
  };
}

const svgOf = (drawing: string): Buffer =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">
    <defs>
      <linearGradient id="steel" x1="0" y1="0" x2="1" y2="1">
        <stop offset="0" stop-color="#b9bec4"/><stop offset="1" stop-color="#a2a8af"/>
      </linearGradient>
      <filter id="soft"><feGaussianBlur stdDeviation="3"/></filter>
    </defs>
    ${drawing}
  </svg>`);

/** Light falls a little differently every time, and the sensor adds its noise. @returns a JPEG */
async function photograph(random: () => number, between: Between, drawing: string): Promise<Uint8Array> {
  const { data } = await sharp(svgOf(drawing)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const exposure = between(0.9, 1.1);
  const [slopeX, slopeY] = [between(-0.06, 0.06), between(-0.06, 0.06)];
  const lit = data.map((value, index) => {
    const pixel = floor(index / 3);
    const light =
      exposure * (1 + slopeX * ((pixel % 256) / 128 - 1) + slopeY * (floor(pixel / 256) / 128 - 1));
    // The sum of three even draws is nearly normal, with a deviation of half their range.
    const noise = (random() + random() + random() - 1.5) * 10;
    return min(max(round(value * light + noise), 0), 255);
  });
  return sharp(lit, { raw: { ...partSize, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

/** What the drawing covers well enough to be seen, in one colour. @returns a PNG */
async function drawMask(drawing: string, colour: string): Promise<Uint8Array> {
  const { data } = await sharp(svgOf(drawing)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const ink = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const mask = new Uint8Array((data.length / 4) * 3).fill(255);
  for (let pixel = 0; pixel < data.length / 4; pixel += 1)
    if ((data[pixel * 4 + 3] ?? 0) > 64) mask.set(ink, pixel * 3);
  return sharp(mask, { raw: { ...partSize, channels: 3 } })
    .png()
    .toBuffer();
}

type Between = (least: number, most: number) => number;

const drawDefect: Readonly<Record<Defect, (between: Between) => string>> = {
  scratch(between) {
    const [x, y] = [between(60, 80), between(198, 204)];
    const bend = `q${between(15, 30)} ${between(-10, 10)} ${between(40, 50)} ${between(-6, 6)}`;
    return `<path d="M${x} ${y} ${bend} t${between(20, 40)} ${between(-4, 8)}"
      fill="none" stroke="#eceff2" stroke-width="${between(2.8, 3.6)}" stroke-linecap="round"/>`;
  },
  'missing-hole': () => '',
  stain(between) {
    const [x, y] = [between(100, 156), between(192, 202)];
    return (
      `<ellipse cx="${x}" cy="${y}" rx="${between(12, 18)}" ry="${between(8, 11)}" fill="#6d5a3c" ` +
      'opacity="0.75" filter="url(#soft)"/>'
    );
  },
  chip(between) {
    const y = between(90, 150);
    return (
      `<path d="M224 ${y} l${between(-18, -13)} ${between(5, 9)} l${between(1, 5)} ${between(8, 12)} L224 ` +
      `${y + between(22, 30)} z" fill="#4c5157"/>`
    );
  },
};
