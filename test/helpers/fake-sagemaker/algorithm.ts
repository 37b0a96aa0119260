/**
 * As much of the Marketplace algorithm as decides whether it takes a training: what it says of a manifest, in
 * our words.
 */

export interface Channel {
  readonly ChannelName: string;
  readonly InputMode?: string;
  readonly RecordWrapperType?: string;
  readonly DataSource: {
    readonly S3DataSource: {
      readonly S3DataType: string;
      readonly S3Uri: string;
      readonly AttributeNames?: readonly string[];
    };
  };
}

interface Given {
  readonly HyperParameters: Readonly<Record<string, string>>;
  readonly InputDataConfig: readonly Channel[];
}

const orders = {
  classification: ['source-ref', 'anomaly-label-metadata', 'anomaly-label'],
  segmentation: [
    'source-ref',
    'anomaly-label-metadata',
    'anomaly-label',
    'anomaly-mask-ref-metadata',
    'anomaly-mask-ref',
  ],
} as const;

type Line = Readonly<Record<string, unknown>>;
type Files = ReadonlyMap<string, Uint8Array>;

/** @returns what is wrong, if anything */
export function refusal(files: Files, { HyperParameters, InputDataConfig }: Given): string | undefined {
  const { ModelType = '', TrainingInputDataAttributeNames, TestInputDataAttributeNames } = HyperParameters;
  const names = orders[ModelType as keyof typeof orders] as readonly string[] | undefined;
  if (names === undefined) return `unknown ModelType ${ModelType}`;
  const [channel, ...more] = InputDataConfig;
  if (channel?.ChannelName !== 'training' || more.length > 0) return 'there must be one channel, training';
  const { S3Uri, AttributeNames = [] } = channel.DataSource.S3DataSource;
  const listed = names.join(',');
  if (
    AttributeNames.join(',') !== listed ||
    TrainingInputDataAttributeNames !== listed ||
    TestInputDataAttributeNames !== listed
  )
    return `attribute names must be ${listed}`;
  const manifest = files.get(S3Uri.replace('s3://', ''));
  if (manifest === undefined) return `no manifest at ${S3Uri}`;
  const lines = Buffer.from(manifest)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  if (lines.length === 0) return 'the manifest is empty';
  for (const [index, line] of lines.entries()) {
    const wrong = wrongIn(line, names, files);
    if (wrong !== undefined) return `line ${index + 1}: ${wrong}`;
  }
  return undefined;
}

function wrongIn(line: Line, names: readonly string[], files: Files): string | undefined {
  for (const name of names) {
    if (line[name] === undefined) return `attribute ${name} is missing`;
    const ref = line[name];
    if (!name.endsWith('-ref')) continue;
    if (typeof ref !== 'string' || !ref.startsWith('s3://')) return `${name} is not an absolute URI`;
    if (!files.has(ref.replace('s3://', ''))) return `no object at ${ref}`;
  }
  const { 'class-name': className, 'job-name': job } = line['anomaly-label-metadata'] as Line;
  if (className !== 'normal' && className !== 'anomaly') return 'class-name must be normal or anomaly';
  if (line['anomaly-label'] !== (className === 'anomaly' ? 1 : 0))
    return 'the label does not say what its class-name says';
  if (job !== 'anomaly-label') return 'job-name must be that of the attribute';
  return names.includes('anomaly-mask-ref') ? wrongInMask(line, className === 'anomaly', files) : undefined;
}

function wrongInMask(line: Line, isAnomaly: boolean, files: Files): string | undefined {
  const map = Object.entries(
    (line['anomaly-mask-ref-metadata'] as Line)['internal-color-map'] as Readonly<Record<string, Line>>,
  );
  const [first, ...classes] = map;
  if (first?.[0] !== '0' || first[1]['class-name'] !== 'BACKGROUND' || first[1]['hex-color'] !== '#ffffff')
    return 'the map must begin with the white BACKGROUND';
  if (isAnomaly !== classes.length > 0)
    return isAnomaly ? 'the mask of an anomaly has no class' : 'the mask of a normal image must be blank';
  const mask = files.get(String(line['anomaly-mask-ref']).replace('s3://', ''));
  return mask !== undefined && Buffer.from(mask).subarray(1, 4).toString() === 'PNG'
    ? undefined
    : 'the mask is no PNG';
}
