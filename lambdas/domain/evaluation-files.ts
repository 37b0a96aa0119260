import { modelArn, type Home } from './arns.ts';
import type { ModelKey } from './model.ts';
import { f1Interval, type Reliability } from './reliability.ts';

// The two files that a training leaves in the caller's bucket, in the original's formats: scripts read them.

export interface EvaluationFigures {
  readonly f1Score: number;
  readonly precision: number;
  readonly recall: number;
  readonly rocAuc: number;
  readonly averagePrecision: number;
  /** Epoch milliseconds. */
  readonly evaluatedAt: number;
  /** For a segmentation model: by patches or pixels, for each class of anomaly. */
  readonly classes?: readonly {
    readonly name: string;
    readonly f1Score: number;
    readonly precision: number;
    readonly recall: number;
    readonly iou: number;
  }[];
  readonly images: { readonly train: number; readonly test: number };
}

export interface JudgedPicture {
  /** The line of the dataset. */
  readonly line: Readonly<Record<string, unknown>>;
  readonly isAnomalous: boolean;
  readonly confidence: number;
}

/** Prefix and name are joined as they are, without a slash, as the original did. */
export const evaluationKeys = (
  prefix: string,
  { project, version }: ModelKey,
): { readonly manifest: string; readonly result: string } => ({
  manifest: `${prefix}EvaluationManifest-${project}-${version}.json`,
  result: `${prefix}EvaluationResult-${project}-${version}.json`,
});

const dateOf = (time: number): string => new Date(time).toISOString().replace('Z', '');

/** `Reliability` is ours: the original had no such member, and readers of its format pass over it. */
export function evaluationResult(
  home: Home,
  model: ModelKey,
  figures: EvaluationFigures,
  { counts, crossValidation, notes = [] }: Reliability,
): string {
  const interval = f1Interval(counts);
  return JSON.stringify({
    Version: 1,
    EvaluationDetails: {
      ModelArn: modelArn(home, model),
      EvaluationEndTimestamp: dateOf(figures.evaluatedAt),
      NumberOfTrainingImages: figures.images.train,
      NumberOfTestingImages: figures.images.test,
    },
    AggregatedEvaluationResults: {
      Metrics: {
        ROCAUC: figures.rocAuc,
        AveragePrecision: figures.averagePrecision,
        Precision: figures.precision,
        Recall: figures.recall,
        F1Score: figures.f1Score,
        // Left out for a classification model: readers make a one-row table of the scalars.
        ...(figures.classes !== undefined && {
          PixelAnomalyClassMetrics: figures.classes.map(({ name, precision, recall, f1Score, iou }) => ({
            Precision: precision,
            Recall: recall,
            F1Score: f1Score,
            AIOU: iou,
            ClassName: name,
          })),
        }),
      },
    },
    Reliability: {
      NumberOfNormalTestingImages: counts.normals,
      NumberOfAnomalousTestingImages: counts.anomalies,
      ...(interval !== undefined && {
        F1ScoreInterval: { Level: 0.95, Low: interval[0], High: interval[1] },
      }),
      ...(crossValidation !== undefined && {
        CrossValidation: {
          NumberOfImages: crossValidation.images,
          ROCAUC: crossValidation.rocAuc,
          Precision: crossValidation.precision,
          Recall: crossValidation.recall,
          F1Score: crossValidation.f1Score,
        },
      }),
      Notes: notes,
    },
  });
}

/** JSON Lines: what the dataset says of each test picture, and what the model found. */
export function evaluationManifest(
  home: Home,
  model: ModelKey,
  evaluatedAt: number,
  pictures: readonly JudgedPicture[],
): string {
  const date = dateOf(evaluatedAt);
  return pictures
    .map(
      ({ line, isAnomalous, confidence }) =>
        `${JSON.stringify({
          ...line,
          'source-ref-metadata': { 'creation-date': date },
          'anomaly-label-detected': isAnomalous ? 1 : 0,
          'anomaly-label-detected-metadata': {
            'class-name': isAnomalous ? 'anomaly' : 'normal',
            confidence,
            type: 'groundtruth/image-classification',
            'human-annotated': 'no',
            'creation-date': date,
            'job-name': 'training-job/anomaly-detection',
            'model-arn': modelArn(home, model),
            'project-name': model.project,
            'model-version': model.version,
          },
        })}\n`,
    )
    .join('');
}
