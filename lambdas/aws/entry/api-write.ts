import { serve } from '../../http/api-gateway.ts';
import { writeHandlers } from '../../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../base.ts';
import { measured } from '../measured.ts';
import { s3Urls } from '../s3-urls.ts';
import { stepFunctions } from '../step-functions.ts';

const env = readEnvironment('write');
const common = base(env);
const context = { ...common, runner: stepFunctions(env), urls: s3Urls(common.clock) };

export const handler = serve(
  { handlers: writeHandlers, context },
  context.log,
  measured(context.settings.stage, writeLine),
);
