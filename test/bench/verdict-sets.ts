/** The sets of the benchmark of verdicts: each stands for a weakness that factories know. */
import { createRandom, type Random } from '../../lambdas/vision/fitting/random.ts';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';
import {
  between,
  board,
  defectTypes,
  drawPicture,
  plate,
  surface,
  unevenly,
  type DefectType,
  type Drawn,
  type Scene,
} from './verdict-drawing.ts';

export interface Sets {
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
}

interface Plan {
  readonly about: string;
  readonly scene: (layout: Random) => Scene;
  /** Normals and anomalies. */
  readonly train: readonly [number, number];
  readonly test: readonly [number, number];
  /** Types to learn from, and those of the test pictures where they are others. */
  readonly types: readonly DefectType[];
  readonly testTypes?: readonly DefectType[];
  /** The extent of a defect, in pixels. */
  readonly scale: readonly [number, number];
  /** How far from the middle defects are, as a share of the height. */
  readonly within: number;
  readonly masks: boolean;
}

const { scratch, spot, crack, stain, patch } = defectTypes;
const usual = { train: [24, 20], test: [30, 30], scale: [22, 34], within: 0.3, masks: true } as const;

const plans = {
  tiny: {
    ...usual,
    about: 'defects of 10 to 16 pixels on boards of 1,280 x 960',
    scene: (layout) => board(1280, 960, layout),
    types: [spot, patch],
    scale: [10, 16],
    within: 0.5,
    masks: false,
    train: [24, 24],
  },
  'tiny-large': {
    ...usual,
    about: 'defects of 14 to 22 pixels on boards of 1,920 x 1,280',
    scene: (layout) => board(1920, 1280, layout),
    types: [spot, patch],
    scale: [14, 22],
    within: 0.5,
    train: [16, 16],
    test: [24, 24],
  },
  unseen: {
    ...usual,
    about: 'scratches and spots are learnt, cracks, stains and patches come',
    scene: () => plate(false),
    types: [scratch, spot],
    testTypes: [crack, stain, patch],
    scale: [16, 26],
  },
  'unseen-surface': {
    ...usual,
    about: 'the same on surfaces where nothing has a place',
    scene: () => surface(),
    types: [scratch, spot],
    testTypes: [crack, stain, patch],
  },
  normals: {
    ...usual,
    about: 'normals alone, one pose',
    scene: () => plate(false),
    train: [30, 0],
    types: [scratch, spot, crack, stain, patch],
    scale: [14, 24],
  },
  'normals-surface': {
    ...usual,
    about: 'normals alone, surfaces',
    scene: () => surface(),
    train: [30, 0],
    types: [scratch, spot, crack, stain, patch],
  },
  'normals-angles': {
    ...usual,
    about: 'normals alone, any angle',
    scene: () => plate(true),
    train: [30, 0],
    types: [scratch, spot, crack, stain, patch],
  },
  light: {
    ...usual,
    about: 'uneven light that is never the same; half of the types are not learnt',
    scene: () => unevenly(plate(false)),
    types: [scratch, spot],
    testTypes: [scratch, spot, crack, patch],
    scale: [16, 26],
  },
  angles: {
    ...usual,
    about: 'parts at any angle',
    scene: () => plate(true),
    types: [scratch, spot, crack],
    scale: [12, 20],
  },
  few: {
    ...usual,
    about: '10 normals and 5 anomalies to learn from',
    scene: () => plate(false),
    train: [10, 5],
    types: [scratch, spot],
    scale: [14, 22],
  },
  five: {
    ...usual,
    about: 'five types with masks',
    scene: () => surface(),
    train: [30, 50],
    test: [20, 50],
    types: [scratch, spot, crack, stain, patch],
  },
} as const satisfies Readonly<Record<string, Plan>>;

export type SetName = keyof typeof plans;
export const setNames = Object.keys(plans) as SetName[];
export const aboutSet = (name: SetName): string => plans[name].about;

/** @returns the pictures of one set; another seed gives other pictures */
export function drawSet(name: SetName, seed: number): Sets {
  const plan: Plan = plans[name];
  const random = createRandom(seed * 7919 + setNames.indexOf(name) * 104_729);
  const scene = plan.scene(random);
  const draw = (
    part: string,
    [normals, anomalies]: readonly [number, number],
    types: readonly DefectType[],
  ) =>
    Array.from({ length: normals + anomalies }, (_, at) => {
      const type = at < normals ? undefined : types[at % types.length];
      const own = createRandom(random.below(2 ** 32));
      return labelled(`${part}/${type?.name ?? 'normal'}-${at}.jpg`, plan, type, () =>
        drawPicture(scene, own, type && { type, scale: between(own, ...plan.scale), within: plan.within }),
      );
    });
  return {
    train: draw('train', plan.train, plan.types),
    test: draw('test', plan.test, plan.testTypes ?? plan.types),
  };
}

function labelled(
  id: string,
  { masks, types }: Plan,
  type: DefectType | undefined,
  draw: () => Promise<Drawn>,
): LabelledPicture {
  // Drawn when it is first asked for: a set of large pictures would fill the memory.
  let drawn: Promise<Drawn> | undefined;
  const once = (): Promise<Drawn> => (drawn ??= draw());
  const known = type !== undefined && types.includes(type);
  return {
    id,
    label: type === undefined ? 'normal' : 'anomaly',
    load: async () => (await once()).picture,
    ...(masks &&
      known && {
        mask: {
          colours: types.map(({ name, colour }) => ({ className: name, hexColor: colour })),
          load: async () => (await once()).mask,
        },
      }),
  };
}
