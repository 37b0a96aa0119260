import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient, type ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import type { ModelImporter } from '../hosting/engine.ts';
import { createSageMakerImporter } from '../hosting/sagemaker/importer.ts';
import { S3Objects } from './s3-objects.ts';

export const sageMakerImporter = (env: Environment<'importing'>): ModelImporter => createSageMakerImporter({
  sagemaker: new SageMakerClient(),
  stage: env.STAGE,
  instanceType: env.INSTANCE_TYPE as ProductionVariantInstanceType,
  tags: env.ENGINE_TAGS,
  allowed: { images: env.ALLOWED_IMAGES, modelDataBuckets: env.BUCKETS, modelPackages: env.ALLOWED_PACKAGES },
  ...(env.ALGORITHM_ARN !== undefined && { algorithmArn: env.ALGORITHM_ARN }),
  // The bucket of a caller may be in another region.
  objects: new S3Objects(new S3Client({ followRegionRedirects: true })),
  artifacts: { bucket: env.ARTIFACT_BUCKET, prefix: '' },
});
