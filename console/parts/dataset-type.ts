export type DatasetType = 'train' | 'test';

export const datasetName = (type: DatasetType): string =>
  type === 'train' ? 'Training dataset' : 'Test dataset';
