import type { TrainingExample } from '../../trainer.ts';

/**
 * The attributes in the only order that the algorithm takes: its channel, its settings and its manifest must
 * agree on it.
 */
const classified = ['source-ref', 'anomaly-label-metadata', 'anomaly-label'] as const;
const segmented = [...classified, 'anomaly-mask-ref-metadata', 'anomaly-mask-ref'] as const;

export const attributesOf = (segmentation: boolean): readonly string[] =>
  segmentation ? segmented : classified;

export interface ManifestOptions {
  readonly segmentation: boolean;
  /** URL of a mask that shows nothing. */
  readonly blankMask: string;
  /** When the pictures were labelled, as far as the algorithm is concerned, in epoch milliseconds. */
  readonly labelledAt: number;
}

/**
 * Writes the lines for the algorithm, whatever the dataset's own were like: its names, its label values (1 is
 * an anomaly), and, when it is to mark anomalies, a mask on each, which is blank for a normal picture. An
 * anomaly without a mask is left out then: a blank one would teach that there is nothing to be seen on it.
 * (it is in the test set all the same, if it was held out)
 * @returns JSON Lines, in the order of the examples
 */
export function trainingManifest(examples: readonly TrainingExample[], options: ManifestOptions): string {
  return usable(examples, options)
    .map((example) => `${JSON.stringify(lineOf(example, options))}\n`)
    .join('');
}

/** What is learnt from. */
export const usable = (
  examples: readonly TrainingExample[],
  { segmentation }: Pick<ManifestOptions, 'segmentation'>,
): readonly TrainingExample[] =>
  segmentation ? examples.filter(({ label, mask }) => label === 'normal' || mask !== undefined) : examples;

function lineOf(
  example: TrainingExample,
  { segmentation, blankMask, labelledAt }: ManifestOptions,
): Readonly<Record<string, unknown>> {
  const { source, label, mask } = example;
  const about = (attribute: string, type: string) => ({
    'job-name': attribute,
    type: `groundtruth/${type}`,
    'human-annotated': 'yes',
    'creation-date': new Date(labelledAt).toISOString().replace('Z', ''),
  });
  return {
    'source-ref': source,
    'anomaly-label-metadata': {
      'class-name': label,
      confidence: 1,
      ...about('anomaly-label', 'image-classification'),
    },
    'anomaly-label': label === 'anomaly' ? 1 : 0,
    ...(segmentation && {
      'anomaly-mask-ref-metadata': {
        'internal-color-map': colours(label === 'anomaly' ? mask : undefined),
        ...about('anomaly-mask-ref', 'semantic-segmentation'),
      },
      'anomaly-mask-ref': label === 'anomaly' ? mask?.ref : blankMask,
    }),
  };
}

/** The background first, which real maps leave out. */
const colours = (mask: TrainingExample['mask']): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [{ name: 'BACKGROUND', color: '#ffffff' }, ...(mask?.classes ?? [])].map(({ name, color }, index) => [
      String(index),
      { 'class-name': name, 'hex-color': color, confidence: 0 },
    ]),
  );

/**
 * A white PNG of 16 by 16 pixels, 8-bit RGB: a mask that shows nothing. The algorithm does not ask it to be
 * of the picture's size.
 */
export const blankMask: Uint8Array = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFElEQVR42mP4TyJgGNUwqmH4agAAr639H23ooMoAAAAASUVORK5CYII=',
  'base64',
);
