import type { Shape } from '../shape.ts';
import { page, project, token } from './members.ts';

const resource = { ResourceArn: { shape: 'TagArn', in: 'path', as: 'resourceArn', required: true } } as const;

/** Projects, and what belongs to no one resource: tags, places in S3. */
export const projectShapes = {
  CreateProjectRequest: {
    type: 'structure',
    members: { ProjectName: { shape: 'ProjectName', required: true }, ...token },
  },
  DescribeProjectRequest: { type: 'structure', members: project },
  DeleteProjectRequest: { type: 'structure', members: { ...project, ...token } },
  ListProjectsRequest: { type: 'structure', members: page },
  TagResourceRequest: {
    type: 'structure',
    members: { ...resource, Tags: { shape: 'TagList', required: true } },
  },
  UntagResourceRequest: {
    type: 'structure',
    members: { ...resource, TagKeys: { shape: 'TagKeyList', in: 'query', as: 'tagKeys', required: true } },
  },
  ListTagsForResourceRequest: { type: 'structure', members: resource },
  CreateProjectResponse: { type: 'structure', members: { ProjectMetadata: { shape: 'ProjectMetadata' } } },
  DescribeProjectResponse: {
    type: 'structure',
    members: { ProjectDescription: { shape: 'ProjectDescription' } },
  },
  DeleteProjectResponse: { type: 'structure', members: { ProjectArn: { shape: 'Arn' } } },
  ListProjectsResponse: {
    type: 'structure',
    members: { Projects: { shape: 'ProjectMetadataList' }, NextToken: { shape: 'PaginationToken' } },
  },
  ListTagsForResourceResponse: { type: 'structure', members: { Tags: { shape: 'TagList' } } },
  EmptyResponse: { type: 'structure', members: {} },
  ProjectMetadata: {
    type: 'structure',
    members: {
      ProjectArn: { shape: 'Arn' },
      ProjectName: { shape: 'ProjectName' },
      CreationTimestamp: { shape: 'Timestamp' },
    },
  },
  ProjectDescription: {
    type: 'structure',
    members: {
      ProjectArn: { shape: 'Arn' },
      ProjectName: { shape: 'ProjectName' },
      CreationTimestamp: { shape: 'Timestamp' },
      Datasets: { shape: 'DatasetMetadataList' },
    },
  },
  S3Location: {
    type: 'structure',
    members: { Bucket: { shape: 'S3BucketName', required: true }, Prefix: { shape: 'S3KeyPrefix' } },
  },
  OutputS3Object: {
    type: 'structure',
    members: {
      Bucket: { shape: 'S3BucketName', required: true },
      Key: { shape: 'S3ObjectKey', required: true },
    },
  },
  Tag: {
    type: 'structure',
    members: { Key: { shape: 'TagKey', required: true }, Value: { shape: 'TagValue', required: true } },
  },
  ProjectMetadataList: { type: 'list', of: 'ProjectMetadata' },
  TagList: { type: 'list', of: 'Tag', min: 0, max: 200 },
  TagKeyList: { type: 'list', of: 'TagKey', min: 0, max: 200 },
} as const satisfies Record<string, Shape>;
