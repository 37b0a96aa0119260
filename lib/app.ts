import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { StageConfig, StageName } from './config/stages.ts';
import { ControlPlaneStack } from './control-plane-stack.ts';

/**
 * Adds the stack of one stage to an app, checked against the AwsSolutions rules: a finding that nobody has
 * answered fails the synthesis.
 */
export function addStage(
  app: App,
  stage: StageName,
  config: StageConfig,
  bundles: string,
): ControlPlaneStack {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { account, region } = config;
  return new ControlPlaneStack(app, `Crowsnest-${stage}`, {
    stage,
    config,
    bundles,
    ...(account !== undefined && region !== undefined && { env: { account, region } }),
  });
}
