import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Verdict } from '../../domain/verdict.ts';
import {
  ArtifactUnfit,
  artifactFiles,
  describeProblem,
  parseManifest,
  type ArtifactManifest,
  type InputSpec,
} from './artifact.ts';
import { resizeTo, type Picture } from '../pictures/decode.ts';
import { runtimeReason } from './runtime-reason.ts';
import { classify, segment, type AnomalyMap } from './verdict.ts';

/** A loaded model. It judges one picture at a time: the buffer of its input is used again. */
export interface LoadedModel {
  readonly manifest: ArtifactManifest;
  /**
   * @throws if the picture has other dimensions than the model's, or the graph fails or answers what it must
   * not
   */
  judge(picture: Picture): Promise<Verdict>;
}

const rounding = 1e-3;

interface Answer {
  readonly score: number;
  readonly map?: AnomalyMap;
}

/**
 * Loads the artifact in `folder` and tries it on a blank picture, which also warms it up.
 * @throws ArtifactUnfit if the graph does not load, or its inputs and outputs are not as declared
 */
export async function loadModel(folder: string, threads: number): Promise<LoadedModel> {
  const parsed = parseManifest(await readFile(join(folder, artifactFiles.manifest)));
  if (!parsed.ok) throw new ArtifactUnfit(parsed.problems.map(describeProblem));
  const { manifest } = parsed;
  const session = await ort.InferenceSession.create(join(folder, artifactFiles.graph), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  }).catch((error: unknown) => {
    throw new ArtifactUnfit([`${artifactFiles.graph} does not load: ${runtimeReason(error)}`]);
  });
  const declared = declarationProblems(session, manifest);
  if (declared.length > 0) throw new ArtifactUnfit(declared);

  const feed = createFeed(manifest.input);
  const infer = async (picture: Picture): Promise<Answer> => {
    const { width, height } = manifest.input;
    feed.fill((await resizeTo(picture, width, height)).rgb);
    const { outputs } = manifest;
    const result = await session.run({ [manifest.input.name]: feed.tensor }, Object.values(outputs));
    return readAnswer(result, manifest);
  };
  const { width, height } = manifest.picture;
  await infer({ width, height, rgb: new Uint8Array(width * height * 3).fill(128) }).catch(
    (error: unknown) => {
      throw error instanceof ArtifactUnfit
        ? error
        : new ArtifactUnfit([
            `${artifactFiles.graph} does not run on a blank picture: ${runtimeReason(error)}`,
          ]);
    },
  );
  return {
    manifest,
    async judge(picture) {
      const { score, map } = await infer(picture);
      const classification = classify(score, manifest.threshold);
      return map === undefined
        ? classification
        : { ...classification, ...(await segment(map, manifest.classes, manifest.mapThreshold, picture)) };
    },
  };
}

function declarationProblems(session: ort.InferenceSession, { input, outputs }: ArtifactManifest): string[] {
  const problems: string[] = [];
  const list = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');
  const declared = session.inputMetadata.find(({ name }) => name === input.name);
  if (declared === undefined) {
    problems.push(`input.name is "${input.name}", but the graph's inputs are ${list(session.inputNames)}`);
  } else if (!declared.isTensor || declared.type !== input.type) {
    problems.push(
      `input.type is "${input.type}", but the graph takes ${declared.isTensor ? declared.type : 'no tensor'}`,
    );
  } else {
    const expected = shapeOf(input);
    const shape = declared.shape;
    if (
      shape.length !== 4 ||
      shape.some((axis, index) => typeof axis === 'number' && axis >= 0 && axis !== expected[index])
    ) {
      problems.push(
        `input.layout, width and height give [${expected.join(', ')}], but the graph takes ` +
          `[${shape.join(', ')}]`,
      );
    }
  }
  const others = session.inputNames.filter((name) => name !== input.name);
  if (declared !== undefined && others.length > 0)
    problems.push(`the graph needs further inputs, which nothing feeds: ${list(others)}`);
  for (const [member, name] of Object.entries(outputs)) {
    if (!session.outputNames.includes(name)) {
      problems.push(
        `outputs.${member} is "${name}", but the graph's outputs are ${list(session.outputNames)}`,
      );
    }
  }
  return problems;
}

function readAnswer(
  result: ort.InferenceSession.OnnxValueMapType,
  { outputs, classes }: ArtifactManifest,
): Answer {
  const problems: string[] = [];
  const values = (
    member: string,
    name: string,
  ): { readonly data: Float32Array; readonly dims: readonly number[] } => {
    const tensor = result[name];
    if (tensor?.type !== 'float32')
      problems.push(`outputs.${member} must be float32, and it is ${tensor?.type ?? 'absent'}`);
    const data = tensor?.type === 'float32' ? (tensor.data as Float32Array) : new Float32Array();
    // What rounding adds to a 1 is no fault; NaN fails both comparisons.
    if (!data.every((value) => value >= -rounding && value <= 1 + rounding))
      problems.push(`outputs.${member} must lie between 0 and 1, and it does not`);
    return { data, dims: tensor?.dims ?? [] };
  };
  const score = values('score', outputs.score);
  if (score.data.length !== 1)
    problems.push(`outputs.score must be one value, and its shape is [${score.dims.join(', ')}]`);
  let map: AnomalyMap | undefined;
  if (outputs.map !== undefined) {
    const { data, dims } = values('map', outputs.map);
    const [one, channels, height = 0, width = 0] = dims;
    if (dims.length !== 4 || one !== 1 || channels !== classes.length || data.length === 0) {
      problems.push(
        `outputs.map must have the shape [1, ${classes.length}, height, width], one channel per class, ` +
          `and it has [${dims.join(', ')}]`,
      );
    }
    map = { width, height, values: data };
  }
  if (problems.length > 0) throw new ArtifactUnfit(problems);
  return { score: Math.min(Math.max(score.data[0] ?? 0, 0), 1), ...(map !== undefined && { map }) };
}

const shapeOf = ({ layout, width, height }: InputSpec): number[] =>
  layout === 'NHWC' ? [1, height, width, 3] : [1, 3, height, width];

/** The input tensor, and how the bytes of a picture get into it. */
function createFeed(input: InputSpec): { readonly tensor: ort.Tensor; fill(rgb: Uint8Array): void } {
  const pixels = input.width * input.height;
  // Where the value of a pixel's channel lies: at pixel * step + channel * stride.
  const [step, stride] = input.layout === 'NHWC' ? [3, 1] : [1, pixels];
  const data = input.type === 'uint8' ? new Uint8Array(pixels * 3) : new Float32Array(pixels * 3);
  const tables = [0, 1, 2].map((channel) =>
    Float64Array.from({ length: 256 }, (_, byte) =>
      input.type === 'uint8'
        ? byte
        : (byte * input.scale - (input.mean[channel] ?? 0)) / (input.std[channel] ?? 1),
    ),
  );
  return {
    tensor:
      data instanceof Uint8Array
        ? new ort.Tensor('uint8', data, shapeOf(input))
        : new ort.Tensor('float32', data, shapeOf(input)),
    fill(rgb) {
      if (input.type === 'uint8' && input.layout === 'NHWC') {
        data.set(rgb);
        return;
      }
      tables.forEach((table, channel) => {
        for (let pixel = 0; pixel < pixels; pixel++)
          data[pixel * step + channel * stride] = table[rgb[pixel * 3 + channel] ?? 0] ?? 0;
      });
    },
  };
}
