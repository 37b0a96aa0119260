// What cdk.json starts: on any platform, with any Node that the CDK's command line itself runs on.
import { fileURLToPath } from 'node:url';
import { launch } from './launch.js';

await launch(fileURLToPath(new URL('control-plane.ts', import.meta.url)), process.argv.slice(2));
