/** A line of a manifest, parsed; the repairs of findings turn it into another. */
export type Line = Readonly<Record<string, unknown>>;

export type DatasetType = 'train' | 'test';
export const datasetTypes: readonly DatasetType[] = ['train', 'test'];

/** Something that is wrong, or will be when a model is trained. */
export interface Finding {
  readonly dataset: DatasetType;
  /** In the manifest, from 1; absent if it is about all of it. */
  readonly line?: number;
  /** An error keeps the export from being taken in as it is. */
  readonly severity: 'error' | 'warning';
  readonly problem: string;
  /** What to do about it, by hand. */
  readonly remedy: string;
  /** What `--fix` does: another line, or undefined for none. Absent: only a person can put it right. */
  readonly repair?: (line: Line) => Line | undefined;
}

export const drop = (): undefined => undefined;

/** In the form of a compiler, so that editors jump to the line. */
export const told = ({ dataset, line, severity, problem, remedy, repair }: Finding): string =>
  `datasets/${dataset}.manifest${line === undefined ? '' : `:${line}`}: ${severity}: ${problem} ` +
  `${remedy}${repair === undefined ? '' : ' [--fix]'}`;
