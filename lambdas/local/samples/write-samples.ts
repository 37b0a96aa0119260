import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, ObjectStore } from '../../domain/ports.ts';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import { pictureLimits } from '../../vision/pictures/limits.ts';
import { startUnit } from '../../engines/process/unit-process.ts';
import { samplesBucket as bucket } from './bucket.ts';
import { defects, drawPart, partSize, seeded, type Defect } from './part.ts';
import { makeSampleModel, sampleManifest } from './sample-model.ts';

/** Keys of pictures, all JPEG. The words `normal` and `anomaly` in them are the labels. */
interface LabelledKeys {
  readonly normal: readonly string[];
  readonly anomaly: readonly string[];
}

export interface SampleSet {
  readonly bucket: string;
  /** `Source.S3` of an ImportModel request. */
  readonly model: { readonly bucket: string; readonly prefix: string };
  readonly picture: { readonly width: number; readonly height: number };
  /** What the model was made from. */
  readonly train: LabelledKeys;
  /** What the model's evaluation figures were measured on. */
  readonly evaluation: LabelledKeys;
  /** What neither the model nor its figures have seen. */
  readonly test: LabelledKeys;
  readonly figures: { readonly f1Score: number; readonly precision: number; readonly recall: number };
}

/**
 * Draws the sample pictures, makes the sample model from the good ones in `train`, measures it on
 * `evaluation`, and writes all of it. The pictures, and so the model, are the same every time; only the date
 * of the evaluation differs.
 */
export async function writeSamples(
  objects: ObjectStore,
  clock: Pick<Clock, 'now'> = { now: Date.now },
): Promise<SampleSet> {
  const random = seeded(20201120);
  const draw = async (
    set: string,
    label: 'normal' | 'anomaly',
    kinds: readonly (Defect | undefined)[],
  ): Promise<Map<string, Uint8Array>> => {
    const drawn = new Map<string, Uint8Array>();
    for (const [index, defect] of kinds.entries()) {
      const name = [String(index + 1).padStart(2, '0'), ...(defect === undefined ? [] : [defect])].join('-');
      const key = `parts/${set}/${label}/${name}.jpg`;
      drawn.set(key, (await drawPart(random, defect)).picture);
    }
    for (const [key, jpeg] of drawn) await objects.write({ bucket, key }, jpeg);
    return drawn;
  };
  const good = (count: number): undefined[] => new Array<undefined>(count).fill(undefined);
  const train = await draw('train', 'normal', good(16));
  const evaluation = {
    normal: await draw('evaluation', 'normal', good(10)),
    anomaly: await draw('evaluation', 'anomaly', [...defects, ...defects]),
  };
  const test = {
    normal: await draw('test', 'normal', good(6)),
    anomaly: await draw('test', 'anomaly', [...defects, ...defects]),
  };

  const model = await makeSampleModel([...train.values()]);
  const manifest = (figures: Figures): Uint8Array =>
    Buffer.from(
      JSON.stringify(
        {
          ...sampleManifest,
          threshold: model.threshold,
          mapThreshold: model.mapThreshold,
          evaluation: { ...figures, evaluatedAt: new Date(clock.now()).toISOString() },
        },
        undefined,
        2,
      ),
    );
  const figures = await measure(
    { graph: model.graph, manifest: manifest({ f1Score: 0, precision: 0, recall: 0 }) },
    evaluation,
  );
  await objects.write({ bucket, key: `model/${artifactFiles.graph}` }, model.graph);
  await objects.write({ bucket, key: `model/${artifactFiles.manifest}` }, manifest(figures));
  return {
    bucket,
    model: { bucket, prefix: 'model/' },
    picture: partSize,
    train: { normal: [...train.keys()], anomaly: [] },
    evaluation: { normal: [...evaluation.normal.keys()], anomaly: [...evaluation.anomaly.keys()] },
    test: { normal: [...test.normal.keys()], anomaly: [...test.anomaly.keys()] },
    figures,
  };
}

type Figures = SampleSet['figures'];
interface Labelled {
  readonly normal: ReadonlyMap<string, Uint8Array>;
  readonly anomaly: ReadonlyMap<string, Uint8Array>;
}

/**
 * Measures the artifact as it will be used: in an inference unit, from the encoded picture to the verdict.
 */
async function measure(
  artifact: { readonly graph: Uint8Array; readonly manifest: Uint8Array },
  labelled: Labelled,
): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-samples-'));
  await writeFile(join(folder, artifactFiles.graph), artifact.graph);
  await writeFile(join(folder, artifactFiles.manifest), artifact.manifest);
  const nobody = { register: () => undefined, unregister: () => undefined };
  const unit = startUnit({ folder, limits: pictureLimits, threads: 1 }, 'samples', nobody);
  try {
    await unit.loaded;
    const found = { normal: 0, anomaly: 0 };
    for (const label of ['normal', 'anomaly'] as const) {
      for (const jpeg of labelled[label].values())
        found[label] += (await unit.judge(jpeg, 'image/jpeg')).isAnomalous ? 1 : 0;
    }
    const precision = found.anomaly / Math.max(found.anomaly + found.normal, 1);
    const recall = found.anomaly / labelled.anomaly.size;
    return {
      precision,
      recall,
      f1Score: found.anomaly === 0 ? 0 : (2 * precision * recall) / (precision + recall),
    };
  } finally {
    unit.kill('the samples are measured');
    await unit.ended;
    await rm(folder, { recursive: true, force: true });
  }
}
