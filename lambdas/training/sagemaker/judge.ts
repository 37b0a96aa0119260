import { EngineFailed, type Verdict } from '../../hosting/engine.ts';
import { readAnswer, UnknownAnswer } from '../../hosting/sagemaker/answers.ts';
import { evaluate } from '../figures.ts';
import { readExamples, type TrainingExample, type TrainingRef, type TrainingResults, type TrainingSpec } from '../trainer.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { answerAt, judgedAt, readJson, resultsAt, writeJson } from './workspace.ts';

/** How many answers are read at a time. With masks an answer may have several megabytes. */
const atOnce = { classification: 32, segmentation: 4 } as const;

/** What the model made of the first so many test pictures. */
interface Judged {
  readonly pictures: readonly Pick<Verdict, 'isAnomalous' | 'confidence'>[];
}

/**
 * Reads what the transforms wrote, and writes what the training came to. Goes on where the call before this one left off.
 * @param until epoch milliseconds
 * @throws EngineFailed if an answer is not there, or is none
 */
export async function judge(options: SageMakerTrainerOptions, spec: TrainingSpec, until: number): Promise<void> {
  const { objects, clock } = options;
  const examples = await readExamples(objects, spec.examples.test);
  const pictures = [...(await readJson<Judged>(objects, judgedAt(spec)))?.pictures ?? []];
  const step = spec.segmentation ? atOnce.segmentation : atOnce.classification;
  while (pictures.length < examples.length) {
    const first = pictures.length;
    const verdicts = await Promise.all(examples.slice(first, first + step).map((example, index) => verdictOn(options, spec, example, first + index)));
    pictures.push(...verdicts.map(({ isAnomalous, confidence }) => ({ isAnomalous, confidence })));
    if (pictures.length < examples.length && clock.now() > until) return writeJson(objects, judgedAt(spec), { pictures } satisfies Judged);
  }
  await conclude(options, spec, examples, { pictures });
}

async function verdictOn({ objects }: SageMakerTrainerOptions, training: TrainingRef, { source }: TrainingExample, number: number): Promise<Verdict> {
  const body = await objects.read(answerAt(training, source, number));
  if (body === undefined) throw new EngineFailed(`The model could not be evaluated: it gave no answer to ${source}. Train again.`);
  try {
    return readAnswer(body);
  } catch (error) {
    if (!(error instanceof UnknownAnswer)) throw error;
    throw new EngineFailed(`The model could not be evaluated: what it answered to ${source} is no verdict. ${error.message}`, { cause: error });
  }
}

/** The confidence is that of the verdict: the score of an anomaly is what it leaves, where the verdict is normal. */
async function conclude({ objects, clock }: SageMakerTrainerOptions, spec: TrainingSpec, examples: readonly TrainingExample[], { pictures }: Judged): Promise<void> {
  const scores = pictures.map(({ isAnomalous, confidence }) => (isAnomalous ? confidence : 1 - confidence));
  const figures = evaluate(scores, examples.map(({ label }) => label === 'anomaly'), pictures.map(({ isAnomalous }) => isAnomalous));
  const learntFrom = await readExamples(objects, spec.examples.train);
  const results: TrainingResults = {
    ...figures, evaluatedAt: clock.now(), images: { train: learntFrom.length, test: examples.length },
    pictures: examples.flatMap(({ source }, index) => {
      const verdict = pictures[index];
      return verdict === undefined ? [] : [{ source, ...verdict }];
    }),
  };
  await writeJson(objects, resultsAt(spec), results);
}
