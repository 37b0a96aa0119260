/** Members that many requests share, each where it travels. */

export const project = {
  ProjectName: { shape: 'ProjectName', in: 'path', as: 'projectName', required: true },
} as const;
export const version = {
  ModelVersion: { shape: 'ModelVersion', in: 'path', as: 'modelVersion', required: true },
} as const;
/** A version by its number: what `latest` means changes. */
export const numbered = {
  ModelVersion: { shape: 'ModelVersionNoLatest', in: 'path', as: 'modelVersion', required: true },
} as const;
export const token = {
  ClientToken: { shape: 'ClientToken', in: 'header', as: 'X-Amzn-Client-Token' },
} as const;
export const page = {
  NextToken: { shape: 'PaginationToken', in: 'query', as: 'nextToken' },
  MaxResults: { shape: 'PageSize', in: 'query', as: 'maxResults' },
} as const;
