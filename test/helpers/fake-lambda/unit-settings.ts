import type { UnitSettings } from '../../../lambdas/engines/lambda/options.ts';

/** What units are made like in tests. */
export const unitSettings: UnitSettings = {
  mode: 'provisioned',
  roleArn: 'arn:aws:iam::123456789012:role/units',
  layerArn: 'arn:aws:lambda:eu-west-1:123456789012:layer:libraries:1',
  logGroup: 'units',
  memory: 1769,
  timeout: 10,
  architecture: 'x86_64',
  utilization: 70,
};
