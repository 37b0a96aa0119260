import { EngineFailed } from '../../engine.ts';
import type { ObjectLocation } from '../../../domain/ports.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import { readAnswer, UnknownAnswer } from '../hosting/answers.ts';
import { evaluate } from '../../../vision/evaluation/figures.ts';
import {
  readExamples,
  type TrainingExample,
  type TrainingResults,
  type TrainingSpec,
} from '../../trainer.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { kindOf, readCopied, type Copied } from './pictures.ts';
import { figuresOf, mark, noneMarked, type Marked } from './pixels.ts';
import { answerAt, judgedAt, readJson, resultsAt, writeJson } from './workspace.ts';

/** How many answers are read at a time. With masks an answer may have several megabytes. */
const atOnce = { classification: 32, segmentation: 4 } as const;

type Examples = Readonly<Record<'train' | 'test', readonly TrainingExample[]>>;

/** What the model made of the first so many test pictures. */
interface Judged {
  readonly pictures: readonly Pick<Verdict, 'isAnomalous' | 'confidence'>[];
  /** For a segmentation. */
  readonly marked?: Marked;
}

/**
 * Reads what the transforms wrote, and writes what the training came to. Goes on where the call before this
 * one left off.
 * @param until epoch milliseconds
 * @throws EngineFailed if an answer is not there, or is none
 */
export async function judge(
  options: SageMakerTrainerOptions,
  spec: TrainingSpec,
  until: number,
): Promise<void> {
  const { objects, clock } = options;
  const [train, test] = [
    await readExamples(objects, spec.examples.train),
    await readExamples(objects, spec.examples.test),
  ];
  let judged = (await readJson<Judged>(objects, judgedAt(spec))) ?? {
    pictures: [],
    ...(spec.segmentation && { marked: noneMarked([...train, ...test]) }),
  };
  const copied = (await readCopied(options, spec)) ?? {};
  while (judged.pictures.length < test.length) {
    judged = await judgeMore(options, spec, { test, copied }, judged);
    if (judged.pictures.length < test.length && clock.now() > until)
      return writeJson(objects, judgedAt(spec), judged);
  }
  await conclude(options, spec, { train, test }, judged);
}

async function judgeMore(
  options: SageMakerTrainerOptions,
  spec: TrainingSpec,
  { test, copied }: { readonly test: Examples['test']; readonly copied: Pick<Copied, 'kinds'> },
  { pictures, marked }: Judged,
): Promise<Judged> {
  const first = pictures.length;
  const group = test.slice(first, first + (spec.segmentation ? atOnce.segmentation : atOnce.classification));
  const verdicts = await Promise.all(
    group.map((example, index) => {
      const number = first + index;
      return verdictOn(options, example.source, answerAt(spec, kindOf(copied, example, number), number));
    }),
  );
  let after = marked;
  // One after the other: a decoded mask has up to 64 MB.
  for (const [index, example] of group.entries()) {
    const verdict = verdicts[index];
    if (after !== undefined && verdict !== undefined)
      after = await mark(options.objects, spec, { example, number: first + index, verdict }, after);
  }
  const judged = verdicts.map(({ isAnomalous, confidence }) => ({ isAnomalous, confidence }));
  return { pictures: [...pictures, ...judged], ...(after !== undefined && { marked: after }) };
}

async function verdictOn(
  { objects }: SageMakerTrainerOptions,
  source: string,
  answer: ObjectLocation,
): Promise<Verdict> {
  const body = await objects.read(answer);
  if (body === undefined)
    throw new EngineFailed(`The model could not be evaluated: it gave no answer to ${source}. Train again.`);
  try {
    return readAnswer(body);
  } catch (error) {
    if (!(error instanceof UnknownAnswer)) throw error;
    throw new EngineFailed(
      `The model could not be evaluated: what it answered to ${source} is no verdict. ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * The confidence is that of the verdict: the score of an anomaly is what it leaves, where the verdict is
 * normal.
 */
async function conclude(
  { objects, clock }: SageMakerTrainerOptions,
  spec: TrainingSpec,
  { train, test }: Examples,
  { pictures, marked }: Judged,
): Promise<void> {
  const scores = pictures.map(({ isAnomalous, confidence }) => (isAnomalous ? confidence : 1 - confidence));
  const figures = evaluate(
    scores,
    test.map(({ label }) => label === 'anomaly'),
    pictures.map(({ isAnomalous }) => isAnomalous),
  );
  const classes = marked === undefined ? undefined : figuresOf(marked);
  const results: TrainingResults = {
    ...figures,
    evaluatedAt: clock.now(),
    images: { train: train.length, test: test.length },
    ...(classes !== undefined && { classes }),
    pictures: test.flatMap(({ source }, index) => {
      const verdict = pictures[index];
      return verdict === undefined ? [] : [{ source, ...verdict }];
    }),
  };
  await writeJson(objects, resultsAt(spec), results);
}
