import { serve } from '../http/api-gateway.ts';
import { readHandlers } from '../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../runtime/aws.ts';
import { measured } from '../runtime/measured.ts';

const context = base(readEnvironment('read'));

export const handler = measured(
  context.settings.stage,
  serve({ handlers: readHandlers, context }, context.log),
  writeLine,
);
