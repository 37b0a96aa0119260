import { LambdaClient } from '@aws-sdk/client-lambda';
import { SageMakerClient, type ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import type { Environment } from '../contract/environments.ts';
import type { ModelImporter } from '../engines/engine.ts';
import { createLambdaImporter } from '../engines/lambda/importer.ts';
import { routeImporter } from '../engines/route.ts';
import { createSageMakerImporter } from '../engines/sagemaker/hosting/importer.ts';
import { artifactsOf } from './artifacts.ts';
import type { Base } from './base.ts';
import { s3Objects } from './s3-objects.ts';

/** Takes in models for every engine of the stage. */
export function awsImporter(env: Environment<'importing'>, { clock }: Pick<Base, 'clock'>): ModelImporter {
  const objects = s3Objects();
  const artifacts = artifactsOf(env);
  const onnx = createLambdaImporter({
    lambda: new LambdaClient(),
    stage: env.STAGE,
    objects,
    artifacts,
    clock,
    functionName: env.ADMISSION_FUNCTION,
  });
  if (!env.ENGINES.includes('sagemaker') || env.INSTANCE_TYPE === undefined)
    return routeImporter({ onnx }, objects);
  const sagemaker = createSageMakerImporter({
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
    objects,
    artifacts,
  });
  return routeImporter({ onnx, sagemaker }, objects);
}
