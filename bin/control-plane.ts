import { App } from 'aws-cdk-lib';
import { addStage } from '../lib/app.ts';
import { buildBundles, bundleFolder } from '../lib/bundles.ts';
import { BadConfig, readConfig } from '../lib/config/read-config.ts';
import { LayerIncomplete, layNativeLayer } from '../lib/native-layer.ts';

// cdk synth -c stage=dev|staging|prod [-c config=<file>]
const app = new App({ autoSynth: false });
try {
  const { stage, config } = readConfig(
    app.node.tryGetContext('stage'),
    app.node.tryGetContext('config') as string | undefined,
  );
  buildBundles();
  layNativeLayer(config.lambda.architecture);
  addStage(app, stage, config, bundleFolder);
  app.synth();
} catch (error) {
  if (!(error instanceof BadConfig || error instanceof LayerIncomplete)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
