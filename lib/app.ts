import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { StageConfig, StageName } from './config/stages.ts';
import { ControlPlaneStack } from './control-plane-stack.ts';

/** Holds an app against the AwsSolutions rules: a finding that nobody has answered fails the synthesis. */
export function checkRules(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

/** Adds the stack of one stage to an app. */
export function addStage(
  app: App,
  stage: StageName,
  config: StageConfig,
  bundles: string,
): ControlPlaneStack {
  const { account, region } = config;
  return new ControlPlaneStack(app, `Crowsnest-${stage}`, {
    stage,
    config,
    bundles,
    ...(account !== undefined && region !== undefined && { env: { account, region } }),
  });
}
