import sharp from 'sharp';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';
import { createRandom, type Random } from '../../lambdas/vision/fitting/random.ts';

/** Small pictures of a noisy grey plate. Anomalies have a dark scratch or a bright spot, with a mask. */

export interface Plate {
  readonly side?: number;
  /** `side`, if absent. */
  readonly height?: number;
  readonly grey?: boolean;
}

type Defect = 'none' | 'scratch' | 'spot';
const colours = [
  { className: 'scratch', hexColor: '#23A436' },
  { className: 'spot', hexColor: '#0000FF' },
];

export function plates(
  normals: number,
  scratches: number,
  spots: number,
  seed: number,
  plate: Plate = {},
): LabelledPicture[] {
  const random = createRandom(seed);
  const kinds: Defect[] = [
    ...new Array<Defect>(normals).fill('none'),
    ...new Array<Defect>(scratches).fill('scratch'),
    ...new Array<Defect>(spots).fill('spot'),
  ];
  return kinds.map((kind, at) => {
    const drawn = draw(kind, random, plate);
    return {
      id: `${seed}/${kind}-${at}.png`,
      label: kind === 'none' ? 'normal' : 'anomaly',
      load: () => drawn.then(({ picture }) => picture),
      ...(kind !== 'none' && { mask: { colours, load: () => drawn.then(({ mask }) => mask) } }),
    };
  });
}

async function draw(
  kind: Defect,
  random: Random,
  { side = 96, height = side, grey = false }: Plate,
): Promise<{ picture: Uint8Array; mask: Uint8Array }> {
  const rgb = new Uint8Array(side * height * 3);
  const rgba = new Uint8Array(side * height * 4);
  const left = Math.floor(side * (0.2 + 0.4 * random.next()));
  const top = Math.floor(height * (0.2 + 0.4 * random.next()));
  const size =
    kind === 'scratch' ? { width: side / 3, height: side / 12 } : { width: side / 6, height: side / 6 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const inside =
        kind !== 'none' && x >= left && x < left + size.width && y >= top && y < top + size.height;
      const value =
        128 +
        12 * Math.sin(x / 5) +
        8 * (random.next() - 0.5) +
        (inside ? (kind === 'scratch' ? -80 : 90) : 0);
      rgb.fill(value, at * 3, at * 3 + 3);
      if (inside) rgba.set(kind === 'scratch' ? [0x23, 0xa4, 0x36, 255] : [0, 0, 255, 255], at * 4);
    }
  }
  const picture = sharp(rgb, { raw: { width: side, height, channels: 3 } });
  return {
    picture: await (grey ? picture.toColourspace('b-w') : picture).png().toBuffer(),
    mask: await sharp(rgba, { raw: { width: side, height, channels: 4 } })
      .png()
      .toBuffer(),
  };
}
