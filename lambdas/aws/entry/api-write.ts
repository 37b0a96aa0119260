import { serve } from '../../http/api-gateway.ts';
import { writeHandlers } from '../../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../base.ts';
import { measured } from '../measured.ts';
import { stepFunctions } from '../step-functions.ts';

const env = readEnvironment('write');
const context = { ...base(env), runner: stepFunctions(env) };

export const handler = serve(
  { handlers: writeHandlers, context },
  context.log,
  measured(context.settings.stage, writeLine),
);
