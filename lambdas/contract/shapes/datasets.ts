import type { Shape } from '../shape.ts';
import { page, project, token } from './members.ts';

const type = {
  DatasetType: { shape: 'DatasetType', in: 'path', as: 'datasetType', required: true },
} as const;

export const datasetShapes = {
  CreateDatasetRequest: {
    type: 'structure',
    members: {
      ...project,
      ...token,
      DatasetType: { shape: 'DatasetType', required: true },
      DatasetSource: { shape: 'DatasetSource' },
    },
  },
  DescribeDatasetRequest: { type: 'structure', members: { ...project, ...type } },
  ListDatasetEntriesRequest: {
    type: 'structure',
    members: {
      ...project,
      ...type,
      ...page,
      Labeled: { shape: 'Boolean', in: 'query', as: 'labeled' },
      AnomalyClass: { shape: 'AnomalyClassFilter', in: 'query', as: 'anomalyClass' },
      BeforeCreationDate: { shape: 'Timestamp', in: 'query', as: 'createdBefore' },
      AfterCreationDate: { shape: 'Timestamp', in: 'query', as: 'createdAfter' },
      SourceRefContains: { shape: 'QueryString', in: 'query', as: 'sourceRefContains' },
    },
  },
  UpdateDatasetEntriesRequest: {
    type: 'structure',
    members: { ...project, ...type, ...token, Changes: { shape: 'DatasetChanges', required: true } },
  },
  DeleteDatasetRequest: { type: 'structure', members: { ...project, ...type, ...token } },

  CreateDatasetResponse: { type: 'structure', members: { DatasetMetadata: { shape: 'DatasetMetadata' } } },
  DescribeDatasetResponse: {
    type: 'structure',
    members: { DatasetDescription: { shape: 'DatasetDescription' } },
  },
  ListDatasetEntriesResponse: {
    type: 'structure',
    members: { DatasetEntries: { shape: 'DatasetEntryList' }, NextToken: { shape: 'PaginationToken' } },
  },
  UpdateDatasetEntriesResponse: { type: 'structure', members: { Status: { shape: 'DatasetStatus' } } },

  DatasetMetadata: {
    type: 'structure',
    members: {
      DatasetType: { shape: 'DatasetType' },
      CreationTimestamp: { shape: 'Timestamp' },
      Status: { shape: 'DatasetStatus' },
      StatusMessage: { shape: 'Text' },
    },
  },
  DatasetDescription: {
    type: 'structure',
    members: {
      ProjectName: { shape: 'ProjectName' },
      DatasetType: { shape: 'DatasetType' },
      CreationTimestamp: { shape: 'Timestamp' },
      LastUpdatedTimestamp: { shape: 'Timestamp' },
      Status: { shape: 'DatasetStatus' },
      StatusMessage: { shape: 'Text' },
      ImageStats: { shape: 'DatasetImageStats' },
    },
  },
  DatasetImageStats: {
    type: 'structure',
    members: {
      Total: { shape: 'Integer' },
      Labeled: { shape: 'Integer' },
      Normal: { shape: 'Integer' },
      Anomaly: { shape: 'Integer' },
    },
  },
  DatasetSource: {
    type: 'structure',
    members: { GroundTruthManifest: { shape: 'DatasetGroundTruthManifest' } },
  },
  DatasetGroundTruthManifest: { type: 'structure', members: { S3Object: { shape: 'InputS3Object' } } },
  InputS3Object: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName', required: true },
      Key: { shape: 'S3ObjectKey', required: true },
      VersionId: { shape: 'S3ObjectVersion' },
    },
  },
  DatasetMetadataList: { type: 'list', of: 'DatasetMetadata' },
  DatasetEntryList: { type: 'list', of: 'DatasetEntry' },
  DatasetStatus: {
    type: 'string',
    enum: [
      'CREATE_IN_PROGRESS',
      'CREATE_COMPLETE',
      'CREATE_FAILED',
      'UPDATE_IN_PROGRESS',
      'UPDATE_COMPLETE',
      'UPDATE_FAILED_ROLLBACK_IN_PROGRESS',
      'UPDATE_FAILED_ROLLBACK_COMPLETE',
      'DELETE_IN_PROGRESS',
      'DELETE_COMPLETE',
      'DELETE_FAILED',
    ],
  },
} as const satisfies Record<string, Shape>;
