import { App } from 'aws-cdk-lib';
import { addStage, checkRules } from '../lib/app.ts';
import { buildBundles, bundleFolder } from '../lib/bundles.ts';
import { BadConfig, readStages } from '../lib/config/read-config.ts';
import { LayerIncomplete, layNativeLayer } from '../lib/native-layer.ts';

// cdk synth [-c stage=dev|staging|prod, or several with commas] [-c config=<file>]
const app = new App({ autoSynth: false });
try {
  const stages = readStages(
    app.node.tryGetContext('stage'),
    app.node.tryGetContext('config') as string | undefined,
  );
  buildBundles();
  checkRules(app);
  for (const architecture of new Set(stages.map(({ config }) => config.lambda.architecture)))
    layNativeLayer(architecture); // one, as readStages sees to
  for (const { stage, config } of stages) addStage(app, stage, config, bundleFolder);
  app.synth();
} catch (error) {
  if (!(error instanceof BadConfig || error instanceof LayerIncomplete)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
