/** Lines of manifests, in the service's own form. */
export const line = (
  file: string,
  label: 'normal' | 'anomaly',
  creationDate?: string,
): Record<string, unknown> => ({
  'source-ref': `s3://photos/${file}`,
  'anomaly-label': label === 'anomaly' ? 1 : 0,
  'anomaly-label-metadata': {
    confidence: 1,
    'job-name': 'labeling-job/x',
    'class-name': label,
    'human-annotated': 'yes',
    type: 'groundtruth/image-classification',
    ...(creationDate !== undefined && { 'creation-date': creationDate }),
  },
});

export const manifestOf = (lines: readonly object[]): string =>
  lines.map((each) => `${JSON.stringify(each)}\n`).join('');
