import type { Shape } from '../shape.ts';
import { page, project, token } from './members.ts';

export const packagingShapes = {
  StartModelPackagingJobRequest: {
    type: 'structure',
    members: {
      ...project,
      ...token,
      ModelVersion: { shape: 'ModelVersion', required: true },
      JobName: { shape: 'ModelPackagingJobName' },
      Configuration: { shape: 'ModelPackagingConfiguration', required: true },
      Description: { shape: 'ModelPackagingJobDescription' },
    },
  },
  DescribeModelPackagingJobRequest: {
    type: 'structure',
    members: {
      ...project,
      JobName: { shape: 'ModelPackagingJobName', in: 'path', as: 'jobName', required: true },
    },
  },
  ListModelPackagingJobsRequest: { type: 'structure', members: { ...project, ...page } },

  StartModelPackagingJobResponse: {
    type: 'structure',
    members: { JobName: { shape: 'ModelPackagingJobName' } },
  },
  DescribeModelPackagingJobResponse: {
    type: 'structure',
    members: { ModelPackagingDescription: { shape: 'ModelPackagingDescription' } },
  },
  ListModelPackagingJobsResponse: {
    type: 'structure',
    members: {
      ModelPackagingJobs: { shape: 'ModelPackagingJobsList' },
      NextToken: { shape: 'PaginationToken' },
    },
  },

  ModelPackagingConfiguration: {
    type: 'structure',
    members: { Greengrass: { shape: 'GreengrassConfiguration', required: true } },
  },
  GreengrassConfiguration: {
    type: 'structure',
    members: {
      CompilerOptions: { shape: 'CompilerOptions' },
      TargetDevice: { shape: 'TargetDevice' },
      TargetPlatform: { shape: 'TargetPlatform' },
      S3OutputLocation: { shape: 'S3Location', required: true },
      ComponentName: { shape: 'ComponentName', required: true },
      ComponentVersion: { shape: 'ComponentVersion' },
      ComponentDescription: { shape: 'ComponentDescription' },
      Tags: { shape: 'TagList' },
    },
  },
  TargetPlatform: {
    type: 'structure',
    members: {
      Os: { shape: 'TargetPlatformOs', required: true },
      Arch: { shape: 'TargetPlatformArch', required: true },
      Accelerator: { shape: 'TargetPlatformAccelerator' },
    },
  },
  ModelPackagingDescription: {
    type: 'structure',
    members: {
      JobName: { shape: 'ModelPackagingJobName' },
      ProjectName: { shape: 'ProjectName' },
      ModelVersion: { shape: 'ModelVersion' },
      ModelPackagingConfiguration: { shape: 'ModelPackagingConfiguration' },
      ModelPackagingJobDescription: { shape: 'ModelPackagingJobDescription' },
      ModelPackagingMethod: { shape: 'ModelPackagingMethod' },
      ModelPackagingOutputDetails: { shape: 'ModelPackagingOutputDetails' },
      Status: { shape: 'ModelPackagingJobStatus' },
      StatusMessage: { shape: 'Text' },
      CreationTimestamp: { shape: 'Timestamp' },
      LastUpdatedTimestamp: { shape: 'Timestamp' },
    },
  },
  ModelPackagingJobMetadata: {
    type: 'structure',
    members: {
      JobName: { shape: 'ModelPackagingJobName' },
      ProjectName: { shape: 'ProjectName' },
      ModelVersion: { shape: 'ModelVersion' },
      ModelPackagingJobDescription: { shape: 'ModelPackagingJobDescription' },
      ModelPackagingMethod: { shape: 'ModelPackagingMethod' },
      Status: { shape: 'ModelPackagingJobStatus' },
      StatusMessage: { shape: 'Text' },
      CreationTimestamp: { shape: 'Timestamp' },
      LastUpdatedTimestamp: { shape: 'Timestamp' },
    },
  },
  ModelPackagingOutputDetails: {
    type: 'structure',
    members: { Greengrass: { shape: 'GreengrassOutputDetails' } },
  },
  GreengrassOutputDetails: {
    type: 'structure',
    members: {
      ComponentVersionArn: { shape: 'ComponentVersionArn' },
      ComponentName: { shape: 'ComponentName' },
      ComponentVersion: { shape: 'ComponentVersion' },
    },
  },
  ModelPackagingJobsList: { type: 'list', of: 'ModelPackagingJobMetadata' },
  ModelPackagingJobStatus: { type: 'string', enum: ['CREATED', 'RUNNING', 'SUCCEEDED', 'FAILED'] },
  TargetDevice: { type: 'string', enum: ['jetson_xavier'] },
  TargetPlatformOs: { type: 'string', enum: ['LINUX'] },
  TargetPlatformArch: { type: 'string', enum: ['ARM64', 'X86_64'] },
  TargetPlatformAccelerator: { type: 'string', enum: ['NVIDIA'] },
} as const satisfies Record<string, Shape>;
