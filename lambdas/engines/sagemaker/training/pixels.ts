import type { ObjectStore } from '../../../domain/ports.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import { classFigures } from '../../../vision/evaluation/figures.ts';
import type { TrainingExample, TrainingRef, TrainingResults } from '../../trainer.ts';
import {
  compare,
  MaskUnreadable,
  mostClasses,
  readClasses,
  type ClassMap,
  type PixelCounts,
} from './masks.ts';
import { maskAt } from './workspace.ts';

/** What the model marked, compared with what the test pictures' masks show, so far. */
export interface Marked {
  /** Names of the kinds of anomaly; a class's number is its place, from 1 on. */
  readonly classes: readonly string[];
  readonly counts: PixelCounts;
  /** Of how many pictures with a mask both were known: without one of them nothing can be said. */
  readonly compared: number;
}

/** The kinds of anomaly of all masks, in the order in which they appear. */
export function noneMarked(examples: readonly TrainingExample[]): Marked {
  const classes = [
    ...new Set(examples.flatMap(({ mask }) => mask?.classes ?? []).map(({ name }) => name)),
  ].slice(0, mostClasses);
  return { classes, counts: classes.map(() => ({ hits: 0, strays: 0, misses: 0 })), compared: 0 };
}

/** What the model made of a test picture. */
interface Judgement {
  readonly example: TrainingExample;
  /** Its place among the examples. */
  readonly number: number;
  readonly verdict: Verdict;
}

const nothing = 'nothing';

/**
 * Adds a picture. One whose own mask, or the model's, cannot be read counts for the verdicts alone, as does
 * an anomaly without a mask: a model that was paid for is not thrown away for it.
 */
export async function mark(
  objects: Pick<ObjectStore, 'read'>,
  training: TrainingRef,
  { example, number, verdict }: Judgement,
  marked: Marked,
): Promise<Marked> {
  try {
    const truth = await shown(objects, training, example, number, marked.classes);
    const found = truth === undefined ? undefined : claimed(verdict, marked.classes);
    if (truth === undefined || found === undefined) return marked;
    compare(truth === nothing ? undefined : truth, found === nothing ? undefined : found, marked.counts);
    return truth === nothing ? marked : { ...marked, compared: marked.compared + 1 };
  } catch (error) {
    if (error instanceof MaskUnreadable) return marked;
    throw error;
  }
}

/** @returns undefined if it is not known what is to be seen */
async function shown(
  objects: Pick<ObjectStore, 'read'>,
  training: TrainingRef,
  { label, mask }: TrainingExample,
  number: number,
  classes: readonly string[],
): Promise<ClassMap | typeof nothing | undefined> {
  if (label === 'normal') return nothing;
  if (mask === undefined) return undefined;
  const bytes = await objects.read(maskAt(training, number));
  return bytes === undefined ? undefined : readClasses(bytes, numbered(mask.classes, classes));
}

/** @returns undefined if the answer does not say what it marked */
function claimed(
  { anomalies, mask }: Verdict,
  classes: readonly string[],
): ClassMap | typeof nothing | undefined {
  const marks = anomalies?.filter(({ name }) => name.toLowerCase() !== 'background');
  if (marks?.length === 0) return nothing;
  return mask === undefined || marks === undefined ? undefined : readClasses(mask, numbered(marks, classes));
}

/** A kind that no mask of the dataset shows is none: it gets the background's number. */
const numbered = (
  kinds: readonly { readonly name: string; readonly color: string }[],
  classes: readonly string[],
) => kinds.map(({ name, color }) => ({ color, number: classes.indexOf(name) + 1 }));

/** @returns undefined if there was nothing to compare */
export const figuresOf = ({ classes, counts, compared }: Marked): TrainingResults['classes'] =>
  compared === 0
    ? undefined
    : classes.map((name, index) => ({
        name,
        ...classFigures(counts[index] ?? { hits: 0, strays: 0, misses: 0 }),
      }));
