import { SageMakerClient, type ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import type { ModelImporter } from '../engines/engine.ts';
import { createSageMakerImporter } from '../engines/sagemaker/hosting/importer.ts';
import { artifactsOf } from './artifacts.ts';
import { s3Objects } from './s3-objects.ts';

export const sageMakerImporter = (env: Environment<'importing'>): ModelImporter =>
  createSageMakerImporter({
    sagemaker: new SageMakerClient(),
    stage: env.STAGE,
    instanceType: env.INSTANCE_TYPE as ProductionVariantInstanceType,
    tags: env.ENGINE_TAGS,
    allowed: {
      images: env.ALLOWED_IMAGES,
      modelDataBuckets: env.BUCKETS,
      modelPackages: env.ALLOWED_PACKAGES,
    },
    ...(env.ALGORITHM_ARN !== undefined && { algorithmArn: env.ALGORITHM_ARN }),
    objects: s3Objects(),
    artifacts: artifactsOf(env),
  });
