import type { Evaluation } from '../../domain/model.ts';
import { pictureLimits } from '../pictures/limits.ts';
import { isObject } from '../../contract/json.ts';

/** The files of an artifact; docs/artifact-format.md tells how to make them. */
export const artifactFiles = { graph: 'model.onnx', manifest: 'model.json' } as const;

export interface AnomalyClass {
  readonly name: string;
  /** `#` and six hexadecimal digits, repeated to clients letter by letter. */
  readonly color: string;
}

export interface InputSpec {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly layout: 'NHWC' | 'NCHW';
  readonly type: 'uint8' | 'float32';
  /** For float32: value = (byte * scale - mean) / std, per channel in the order R, G, B. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The content of model.json, checked. */
export interface ArtifactManifest {
  /** The dimensions that every picture must have. */
  readonly picture: { readonly width: number; readonly height: number };
  readonly input: InputSpec;
  readonly outputs: { readonly score: string; readonly map?: string };
  readonly threshold: number;
  readonly mapThreshold: number;
  readonly classes: readonly AnomalyClass[];
  readonly evaluation: Evaluation;
}

/** The artifact is not as it declares itself; `problems` lists all that was found. */
export class ArtifactUnfit extends Error {
  override readonly name = 'ArtifactUnfit';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

export interface Problem {
  readonly member: string;
  readonly rule: string;
}

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: ArtifactManifest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const describeProblem = ({ member, rule }: Problem): string => `${member} ${rule}`;

/**
 * Reads model.json and reports everything that is wrong with it at once. Members that the format does not
 * know are ignored.
 */
export function parseManifest(bytes: Uint8Array): ParsedManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, problems: [{ member: artifactFiles.manifest, rule: 'must be JSON in UTF-8' }] };
  }
  const reader = new Reader(json);
  const manifest = readManifest(reader);
  return reader.problems.length === 0 ? { ok: true, manifest } : { ok: false, problems: reader.problems };
}

function readManifest(root: Reader): ArtifactManifest {
  root.oneOf('format', ['crowsnest-model/1']);
  const { minSide, maxSide } = pictureLimits;
  const picture = root.in('picture');
  const input = root.in('input');
  const outputs = root.in('outputs');
  const evaluation = root.in('evaluation');
  const map = outputs.has('map') ? outputs.text('map') : undefined;
  const type = input.oneOf('type', ['uint8', 'float32']);
  const normalised = type === 'float32';
  return {
    picture: {
      width: picture.whole('width', minSide, maxSide),
      height: picture.whole('height', minSide, maxSide),
    },
    input: {
      name: input.text('name'),
      width: input.whole('width', 1, maxSide),
      height: input.whole('height', 1, maxSide),
      layout: input.oneOf('layout', ['NHWC', 'NCHW']),
      type,
      scale: normalised && input.has('scale') ? input.number('scale', Number.MIN_VALUE) : 1,
      mean: normalised && input.has('mean') ? input.channels('mean', -Number.MAX_VALUE) : [0, 0, 0],
      std: normalised && input.has('std') ? input.channels('std', Number.MIN_VALUE) : [1, 1, 1],
    },
    outputs: { score: outputs.text('score'), ...(map !== undefined && { map }) },
    threshold: root.inside('threshold'),
    mapThreshold: map !== undefined ? root.inside('mapThreshold') : 0.5,
    classes: map !== undefined ? root.classes('classes') : [],
    evaluation: {
      f1Score: evaluation.number('f1Score', 0, 1),
      precision: evaluation.number('precision', 0, 1),
      recall: evaluation.number('recall', 0, 1),
      evaluatedAt: evaluation.date('evaluatedAt'),
    },
  };
}

/**
 * Reads members of an object by rule. A member that breaks its rule is noted, and reading goes on with a
 * harmless value.
 */
class Reader {
  readonly problems: Problem[];
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  /** What is missing as a whole is one problem, not one per member. */
  readonly #quiet: boolean;

  constructor(value: unknown, path = '', problems: Problem[] = []) {
    this.#path = path;
    this.problems = problems;
    this.#quiet = false;
    if (!isObject(value)) this.#note(path === '' ? artifactFiles.manifest : path, 'must be an object');
    this.#quiet = !isObject(value);
    this.#object = isObject(value) ? value : {};
  }

  in(name: string): Reader {
    return new Reader(this.#object[name], `${this.#path}${name}.`, this.problems);
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined;
  }

  text(name: string): string {
    return this.#read(
      name,
      'must be a text of 1 to 255 characters',
      (value) => typeof value === 'string' && value.length >= 1 && value.length <= 255,
      '',
    );
  }

  oneOf<const Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    return this.#read(
      name,
      `must be ${choices.map((choice) => `"${choice}"`).join(' or ')}`,
      (value) => choices.some((choice) => choice === value),
      choices[0],
    );
  }

  whole(name: string, least: number, most: number): number {
    return this.#read(
      name,
      `must be a whole number from ${least} to ${most}`,
      (value) => Number.isInteger(value) && isBetween(value, least, most),
      least,
    );
  }

  number(name: string, least: number, most = Number.MAX_VALUE): number {
    const rule =
      least === Number.MIN_VALUE ? 'must be a number above 0' : `must be a number from ${least} to ${most}`;
    return this.#read(name, rule, (value) => isBetween(value, least, most), 1);
  }

  inside(name: string): number {
    return this.#read(
      name,
      'must be a number above 0 and below 1',
      (value) => isBetween(value, 0, 1) && value !== 0 && value !== 1,
      0.5,
    );
  }

  channels(name: string, least: number): readonly number[] {
    return this.#read(
      name,
      `must be three numbers${least > 0 ? ' above 0' : ''}, for R, G and B`,
      (value) =>
        Array.isArray(value) &&
        value.length === 3 &&
        value.every((item) => isBetween(item, least, Number.MAX_VALUE)),
      [0, 0, 0],
    );
  }

  date(name: string): number {
    const rule = 'must be a date and time as in 2026-01-31T12:00:00Z';
    const isDate = (value: unknown): boolean =>
      typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
    return Date.parse(this.#read(name, rule, isDate, '1970-01-01T00:00:00Z'));
  }

  classes(name: string): readonly AnomalyClass[] {
    const list = this.#read<readonly unknown[]>(
      name,
      'must list 1 to 100 classes, one per channel of the map',
      (value) => Array.isArray(value) && value.length >= 1 && value.length <= 100,
      [],
    );
    const read = list.map((item, index) => {
      const reader = new Reader(item, `${this.#path}${name}[${index}].`, this.problems);
      return { name: reader.text('name'), color: reader.#colour('color') };
    });
    for (const [member, rule] of [
      ['name', 'has no name of its own'],
      ['color', 'has no colour of its own'],
    ] as const) {
      const seen = new Set(['background', '#FFFFFF']);
      read.forEach((item, index) => {
        if (item[member] === '') return;
        const key = member === 'color' ? item.color.toUpperCase() : item.name;
        if (seen.has(key))
          this.#note(`${this.#path}${name}[${index}]`, `${rule} (background, #FFFFFF is taken as well)`);
        seen.add(key);
      });
    }
    return read;
  }

  #colour(name: string): string {
    return this.#read(
      name,
      'must be a colour as in #23A436',
      (value) => typeof value === 'string' && /^#[0-9A-Fa-f]{6}$/.test(value),
      '',
    );
  }

  #read<T>(name: string, rule: string, keeps: (value: unknown) => boolean, otherwise: T): T {
    const value = this.#object[name];
    if (keeps(value)) return value as T;
    this.#note(`${this.#path}${name}`, value === undefined ? `is missing; it ${rule}` : rule);
    return otherwise;
  }

  #note(member: string, rule: string): void {
    if (!this.#quiet) this.problems.push({ member: member.replace(/\.$/, ''), rule });
  }
}

const isBetween = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most;
