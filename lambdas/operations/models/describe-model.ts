import { isHosting } from '../../domain/lifecycle.ts';
import type { Operation } from '../context.ts';
import { metadata, requireModel } from './models.ts';

/**
 * A strong read: clients poll right behind the call that changed the status, and a stale answer fails them.
 */
export const DescribeModel: Operation<'DescribeModel'> = async (input, ctx) => {
  const model = await requireModel(ctx, { project: input.ProjectName, version: input.ModelVersion });
  const { evaluation, evaluationFiles: files, units, kmsKeyId } = model;
  const output = model.output ?? model.artifact;
  return {
    ModelDescription: {
      ...metadata(ctx.settings, model),
      // Published clients read these of any trained model without asking whether they are there.
      ...(evaluation !== undefined && { EvaluationEndTimestamp: evaluation.evaluatedAt }),
      ...(files !== undefined && {
        EvaluationManifest: { Bucket: files.bucket, Key: files.manifest },
        EvaluationResult: { Bucket: files.bucket, Key: files.result },
      }),
      ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
      ...(output !== undefined && {
        OutputConfig: { S3Location: { Bucket: output.bucket, Prefix: output.prefix } },
      }),
      ...(isHosting(model.status) &&
        units !== undefined && {
          MinInferenceUnits: units.min,
          ...(units.max !== undefined && { MaxInferenceUnits: units.max }),
        }),
    },
  };
};
